"""Votes: one of each person for a request, over the API and from the public pages."""
