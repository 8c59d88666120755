"""Deliveries: the log of every request that a platform made to us."""
