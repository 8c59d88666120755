"""Tenants: the organisations of an installation, and the key that their people are hashed with."""
