"""Incidents: what went wrong, who is told of it and when, and what a data breach obliges to."""
