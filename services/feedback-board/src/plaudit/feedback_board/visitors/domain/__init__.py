"""The rules about visitors."""
