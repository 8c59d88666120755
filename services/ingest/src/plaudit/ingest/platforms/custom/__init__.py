"""Custom sources: their mapping is data."""
