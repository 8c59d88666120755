"""Clocks: one for each review that has to be answered, from its start to its end."""
