"""The rules of answers: what is kept of a review, how it stood when, and what is told of many."""
