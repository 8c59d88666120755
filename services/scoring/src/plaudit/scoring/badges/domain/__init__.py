"""The rules of badges: values in, decisions out."""
