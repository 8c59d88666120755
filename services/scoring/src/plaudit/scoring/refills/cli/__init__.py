"""The command that makes the ledger anew, and the frame that it shares with others that read ingest's feed."""
