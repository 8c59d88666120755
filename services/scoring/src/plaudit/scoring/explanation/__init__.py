"""Explanation: why a score is what it is."""
