"""Mappings before they are a source's: guessed from a payload, and previewed on it. Nothing is stored."""
