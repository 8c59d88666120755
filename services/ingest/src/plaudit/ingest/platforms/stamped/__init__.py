"""Stamped."""
