"""Every SQL statement of alerting, as functions over a transaction."""
