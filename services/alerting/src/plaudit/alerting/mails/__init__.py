"""Mails to the owner: a notice for each run of a clock, and one for its breach."""
