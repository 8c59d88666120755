"""Customers: what happened with them, told by other systems, for cadences and alerts."""
