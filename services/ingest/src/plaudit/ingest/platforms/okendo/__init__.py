"""Okendo."""
