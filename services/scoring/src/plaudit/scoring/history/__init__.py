"""History: the ledger of every change that could move a figure, kept by a group of its own."""
