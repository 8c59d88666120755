"""Every SQL statement about proposals."""
