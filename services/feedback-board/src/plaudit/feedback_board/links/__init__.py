"""Links: which reviews are about which request, and what the board knows of reviews."""
