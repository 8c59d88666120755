"""Policies: which reviews have to be answered, and within what time."""
