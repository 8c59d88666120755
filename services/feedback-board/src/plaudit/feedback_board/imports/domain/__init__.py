"""What a file says, row by row, and what of it is new."""
