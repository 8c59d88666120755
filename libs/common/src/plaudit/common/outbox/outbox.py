"""Append events to the outbox of the open transaction: by a statement of its own, or as a part of another one."""

import asyncio
from collections.abc import Sequence

import msgspec

from plaudit.common.contracts import PendingEnvelope
from plaudit.common.contracts.topics import MAX_EVENT_BYTES
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing, partition_of
from plaudit.common.ids import IdSource
from plaudit.common.outbox.table import APPENDED, append_statement

_APPEND = append_statement()


class EventTooLargeError(ValueError):
    """The event is larger than the broker takes."""


class Outbox:
    """Writes the events of one service; the relay reads them by (xid, id)."""

    def __init__(self, service: str, partitions: int, ids: IdSource) -> None:
        self._source = f"/plaudit/{service}"
        self.partitions = partitions
        self._ids = ids
        self._encoder = msgspec.json.Encoder()
        self.written = asyncio.Event()
        """Set when rows were made, which are committed in a moment; the relay of the same process need not poll."""

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
                tenant=event.tenant_id,
                datacontenttype="application/json",
                traceparent=event.traceparent,
                tracestate=event.tracestate,
                data=event.data,
            )
        )
        if len(envelope) > MAX_EVENT_BYTES:
            raise EventTooLargeError(f"{event.type} of {len(envelope)} bytes; at most {MAX_EVENT_BYTES}")
        return envelope

    async def append(self, tx: Tx, events: Sequence[Outgoing]) -> None:
        """Write the events in their order. All order keys must have been locked before."""
        if events:
            await tx.raw.execute(_APPEND, *self.arrays(events))

    def arrays(self, events: Sequence[Outgoing]) -> list[Sequence[object]]:
        """Return the events, in their order, as the parameters of `append_statement`.

        Raises:
            EventTooLargeError: as `encode`.
        """
        self.written.set()
        keys = [event.key.encode() for event in events]
        columns: dict[str, Sequence[object]] = {
            "topic": [event.topic.name for event in events],
            "partition": [partition_of(key, self.partitions) for key in keys],
            "key": keys,
            "envelope": [self.encode(event) for event in events],
        }
        return [columns[name] for name in APPENDED.names]
