"""Imports over HTTP: how a file is to be read, what it is, and how it is received."""
