"""Ingest: deliveries in, reviews out; the record of reviews."""
