"""The rules of projection: values in, decisions out."""
