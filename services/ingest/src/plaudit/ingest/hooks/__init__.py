"""Hooks: where platforms post. Deliveries come in here, are proven, and are written in groups."""
