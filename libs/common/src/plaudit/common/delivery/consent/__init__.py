"""Who may be written to about what: the log of what people chose, and the page where they choose."""
