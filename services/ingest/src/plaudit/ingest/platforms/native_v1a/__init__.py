"""The native format, signed with Ed25519."""
