"""Profiles of a tenant's own: set, previewed and deleted, over HTTP and in the console."""
