"""Kiyoh."""
