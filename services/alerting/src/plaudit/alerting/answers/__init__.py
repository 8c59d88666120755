"""Answers: what is found in a draft before it is published, and how individual the published ones are."""
