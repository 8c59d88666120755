"""The staff page: what is late, what is due next, and the newest alerts."""
