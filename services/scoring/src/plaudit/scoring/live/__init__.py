"""Live: the consumer group that keeps the sums current."""
