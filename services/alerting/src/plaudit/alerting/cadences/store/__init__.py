"""Every SQL statement about cadences."""
