"""Settling: what the company found and did about a review, and whether its platform was asked to take it down."""
