"""Holds: which posts wait for a look of staff before they are public, and who is trusted or blocked."""
