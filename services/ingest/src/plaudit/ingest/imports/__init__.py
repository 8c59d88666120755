"""Imports: a file of reviews is uploaded, and a job writes its rows as deliveries of a source."""
