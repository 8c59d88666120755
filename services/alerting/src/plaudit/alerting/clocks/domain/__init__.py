"""What a clock is, what happens to it, and the decisions about it."""
