"""Erasure: nothing of an erased review or person stays in any store of the board, and nothing comes back."""
