"""Append events to the outbox of the open transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.contracts import PendingEnvelope, Topic
from plaudit.common.contracts.topics import MAX_EVENT_BYTES
from plaudit.common.db import Tx
from plaudit.common.ids import IdSource
from plaudit.common.kafka.partition import partition_of

_APPEND = """
INSERT INTO outbox (topic, partition, key, envelope)
SELECT * FROM unnest($1::text[], $2::int[], $3::bytea[], $4::bytea[])
"""


class EventTooLargeError(ValueError):
    """The event is larger than the broker would take."""


class Outgoing(msgspec.Struct, frozen=True):
    """One event to publish: what happened, and under which key it keeps its order."""

    topic: Topic
    key: str
    type: str
    subject: str
    tenant: str
    time: datetime
    data: Any
    traceparent: str | None = None
    id: UUID | None = None
    """Given where the id must be known beforehand; else a new one."""


class Outbox:
    """Writes events of one service. The relay reads them back by (xid, id)."""

    def __init__(self, service: str, partitions: int, ids: IdSource) -> None:
        self._source = f"/plaudit/{service}"
        self._partitions = partitions
        self._ids = ids
        self._encoder = msgspec.json.Encoder()

    def encode(self, event: Outgoing) -> bytes:
        """Return the event's envelope as compact JSON that ends in `}`.

        Raises:
            EventTooLargeError: over `MAX_EVENT_BYTES`.
            KeyError: a type that the topic's registry does not name.
        """
        event.topic.types[event.type]
        envelope = self._encoder.encode(
            PendingEnvelope(
                specversion="1.0",
                id=str(event.id or self._ids()),
                source=self._source,
                type=event.type,
                time=event.time,
                subject=event.subject,
                tenant=event.tenant,
                datacontenttype="application/json",
                traceparent=event.traceparent,
                data=event.data,
            )
        )
        if len(envelope) > MAX_EVENT_BYTES:
            raise EventTooLargeError(f"{event.type} of {len(envelope)} bytes; at most {MAX_EVENT_BYTES}")
        return envelope

    async def append(self, tx: Tx, events: Sequence[Outgoing]) -> None:
        """Write the events in their order. All order keys must have been locked before."""
        if not events:
            return
        keys = [event.key.encode() for event in events]
        await tx.raw.execute(
            _APPEND,
            [event.topic.name for event in events],
            [partition_of(key, self._partitions) for key in keys],
            keys,
            [self.encode(event) for event in events],
        )
