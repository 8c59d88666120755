"""Trustpilot."""
