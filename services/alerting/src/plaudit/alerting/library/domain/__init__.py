"""Guidelines: what they are, which is the best match, which are shipped."""
