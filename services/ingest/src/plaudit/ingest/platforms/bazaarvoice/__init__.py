"""Bazaarvoice."""
