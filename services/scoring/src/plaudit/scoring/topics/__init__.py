"""Topics: what reviews mention, in one number."""
