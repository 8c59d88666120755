"""Public requests, votes, priorities and what became of them."""
