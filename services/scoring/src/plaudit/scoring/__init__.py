"""Decayed trust scores and their history."""
