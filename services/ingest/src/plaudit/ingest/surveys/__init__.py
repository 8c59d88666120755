"""Surveys: customers are asked by a link of their own, and their response becomes a review."""
