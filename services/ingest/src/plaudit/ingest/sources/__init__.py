"""Sources: the configured accounts on platforms that deliveries come from."""
