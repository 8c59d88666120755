"""Every SQL statement about requests, as functions over a transaction."""
