"""The rules of requests: values in, decisions out."""
