"""Rolling decayed scores, their history and their explanation."""
