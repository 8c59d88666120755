"""Trustoo."""
