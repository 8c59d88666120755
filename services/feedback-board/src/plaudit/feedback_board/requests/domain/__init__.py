"""The rules of the board: values in, decisions out."""
