"""Scores: figures read from the sums at any instant."""
