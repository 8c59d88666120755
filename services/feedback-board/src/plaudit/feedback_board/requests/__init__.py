"""Requests: what people ask for, its status, its size, and the figures that its place on the board follows from."""
