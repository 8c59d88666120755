"""Pages of similar requests: what a script shows while somebody types, votes in place of a request, and the console."""
