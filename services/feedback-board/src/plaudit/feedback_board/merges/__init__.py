"""Merges: a request that says the same as another one is merged into it, and can be taken out again."""
