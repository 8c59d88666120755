"""Cadences in the API, and the document of their rules, which a form of the console takes as well."""
