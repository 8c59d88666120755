"""That something of a tenant changed which pages show: what they follow live."""
