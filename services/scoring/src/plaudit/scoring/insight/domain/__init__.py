"""The rules of insight: what is kept of a review, and what follows from many."""
