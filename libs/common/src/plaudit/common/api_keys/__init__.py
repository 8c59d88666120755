"""API keys: `plaudit_<public id>_<secret>`, scoped, expiring. The secret is shown once and stored as a hash."""
