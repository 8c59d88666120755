"""ProvenExpert."""
