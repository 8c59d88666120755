"""Our own format."""
