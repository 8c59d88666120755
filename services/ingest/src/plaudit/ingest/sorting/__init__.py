"""Sorting: what a review's text says, by rules: severity, topics, personas and language."""
