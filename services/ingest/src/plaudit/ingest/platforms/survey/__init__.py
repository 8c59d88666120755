"""Our own surveys."""
