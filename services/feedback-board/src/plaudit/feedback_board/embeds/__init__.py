"""Which sites may show parts of a board in a frame."""
