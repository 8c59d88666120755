"""What a transfer keeps in files: the table that it reads, its rows in order, rejects and the names of subjects."""
