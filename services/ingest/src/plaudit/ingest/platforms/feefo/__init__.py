"""Feefo."""
