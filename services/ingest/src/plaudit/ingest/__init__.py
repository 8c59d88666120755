"""The front door: deliveries in, reviews out; the record of reviews."""
