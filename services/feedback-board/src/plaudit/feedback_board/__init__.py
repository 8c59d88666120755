"""The public board: requests, the votes for them, the reviews linked to them, and what became of them."""
