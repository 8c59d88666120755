"""One event to publish, before it is encoded."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.contracts import Topic


class Outgoing(msgspec.Struct, frozen=True):
    """One event to publish: what happened, and under which key it keeps its order."""

    topic: Topic
    key: str
    type: str
    subject: str
    tenant_id: str
    time: datetime
    data: Any
    traceparent: str | None = None
    id: UUID | None = None
    """Given where the id must be known beforehand; else a new one."""
