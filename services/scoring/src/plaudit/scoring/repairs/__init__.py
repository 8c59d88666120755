"""Repairs: what insight and answers keep of reviews is made whole from ingest's feed, beside both groups."""
