"""A tenant's own endpoints: made, changed, tested, disabled, and their secrets replaced."""
