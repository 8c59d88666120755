"""Trusted Shops."""
