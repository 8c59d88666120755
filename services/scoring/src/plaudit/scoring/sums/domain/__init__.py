"""The rules of sums: values in, decisions out."""
