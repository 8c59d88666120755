"""The rules of promises: values in, decisions out."""
