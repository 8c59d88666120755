"""Yext."""
