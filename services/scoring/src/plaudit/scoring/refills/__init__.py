"""Refills: the ledger made anew from ingest's feed of revisions, beside both groups, with all that is made of it."""
