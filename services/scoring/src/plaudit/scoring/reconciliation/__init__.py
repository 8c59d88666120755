"""Reconciliation: sums are compared with the ledger at equal sequences, and rows that differ are summed anew."""
