"""Delighted."""
