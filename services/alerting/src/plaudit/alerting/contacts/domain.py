"""A personal contact with a customer."""

from datetime import datetime

import msgspec


class KnownContact(msgspec.Struct, frozen=True, gc=False):
    """A contact that an event told of."""

    tenant_id: str
    person: str
    """The key of the person."""
    event_id: str
    """As the sender named it; it comes once."""
    happened_at: datetime
    channel: str | None
    """By which way, if it was said."""
