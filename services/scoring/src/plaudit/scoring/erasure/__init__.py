"""Erasure: scoring's own tables hold figures alone; what it sets aside is scrubbed."""
