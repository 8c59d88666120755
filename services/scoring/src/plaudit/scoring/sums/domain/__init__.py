"""The rules of sums: values in, decisions out. Nothing here does I/O or reads a clock."""
