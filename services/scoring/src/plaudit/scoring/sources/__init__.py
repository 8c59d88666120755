"""Sources: what a tenant calls its accounts on platforms."""
