"""The rules of scoring: values in, decisions out. Nothing here does I/O or reads a clock."""
