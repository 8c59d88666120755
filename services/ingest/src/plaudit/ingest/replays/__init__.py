"""Replays: stored deliveries are read again, and what was not taken of them is."""
