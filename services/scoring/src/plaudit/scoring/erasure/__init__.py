"""Erasure: what holds words of reviews, and what is set aside, is scrubbed; the rest are figures."""
