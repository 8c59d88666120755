"""The order key of a review: what is locked before anything is decided about it."""


def order_key(tenant_id: str, source_id: str, external_id: str) -> str:
    """Return the order key of a review."""
    return f"review:{tenant_id}:{source_id}:{external_id}"
