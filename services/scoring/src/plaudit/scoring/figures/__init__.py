"""Figures: what else is worth knowing beside a score."""
