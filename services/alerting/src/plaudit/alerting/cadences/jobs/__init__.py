"""What time starts: contacts and digests that are due, and plans by new rules."""
