"""What the driver says about a statement that returns no rows."""


def rows_changed(tag: str) -> int:
    """Return how many rows a statement inserted, updated or deleted, from its command tag: `DELETE 3`."""
    return int(tag.rpartition(" ")[2])
