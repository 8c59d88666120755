"""Filling: the sums of a new half-life are made from the ledger beside live traffic, and handed over to live."""
