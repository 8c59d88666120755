"""The bodies of the API of figures."""
