"""The rules of markers: values in, decisions out."""
