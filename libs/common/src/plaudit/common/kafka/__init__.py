"""Apache Kafka: consuming with exactly-once effect, topics, and the clients' explicit options."""
