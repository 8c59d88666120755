"""API keys: `plaudit_<public id>_<secret>`, with scopes and expiry. A secret is shown once and stored as a hash."""
