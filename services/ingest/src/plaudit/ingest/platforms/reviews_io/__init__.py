"""REVIEWS.io."""
