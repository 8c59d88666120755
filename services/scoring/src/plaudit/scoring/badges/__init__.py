"""Badges: scores as everybody may see them, of the subjects that a tenant allows."""
