"""How alike two titles are."""
