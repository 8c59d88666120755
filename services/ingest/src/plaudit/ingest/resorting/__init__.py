"""Sorting stored reviews by other rules: what a change of the rules would change."""
