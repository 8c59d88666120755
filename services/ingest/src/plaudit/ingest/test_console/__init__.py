"""The test console: what would become of a delivery, step by step, and nothing of it is stored."""
