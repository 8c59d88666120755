"""Similar requests: found while somebody types, before the same is asked twice, and proposed to staff as duplicates."""
