"""Requests from files of other boards: read, made or changed once, and told to nobody."""
