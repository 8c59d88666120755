"""An event to publish, before it is encoded."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.contracts import Topic


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """An event to publish: what happened, and the key that keeps its order."""

    topic: Topic
    key: str
    type: str
    subject: str
    tenant_id: str
    time: datetime
    data: Any
    traceparent: str | None = None
    tracestate: str | None = None
    id: UUID | None = None
    """Set when the id must be known beforehand; otherwise the event gets a new one."""
