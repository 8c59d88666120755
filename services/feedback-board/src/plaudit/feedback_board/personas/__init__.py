"""Personas: what kinds of people ask, who is of which kind, and how much a kind counts for reach."""
