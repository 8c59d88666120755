"""Erasure: nothing of an erased review stays in any store of alerting, and nothing comes back."""
