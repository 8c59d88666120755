"""Every SQL statement of the board, as functions over a transaction."""
