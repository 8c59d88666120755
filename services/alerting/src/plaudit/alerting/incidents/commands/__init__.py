"""Every way to change incidents."""
