"""Rebuilds: all sums made anew from the ledger beside live, which then goes on with them."""
