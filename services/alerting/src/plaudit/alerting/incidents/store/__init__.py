"""Every SQL statement about incidents."""
