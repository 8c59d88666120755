"""Profiles: how reviews become one figure."""
