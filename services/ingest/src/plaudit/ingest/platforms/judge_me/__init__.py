"""Judge.me."""
