"""Sums: the decayed sums of every subject and prefix, from which scores are read."""
