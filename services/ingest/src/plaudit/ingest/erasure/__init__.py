"""Erasure: everything about a review or a person goes from every store of the service, and does not come back."""
