"""Writes messages with their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.common.delivery.domain.message import Content, Delivery, Message, State, message_id
from plaudit.common.delivery.store.rows import DELIVERY, GatheringKey, columns
from plaudit.common.delivery.tables import messages

_MESSAGE: Final = Columns(messages)

_ADD_MESSAGES = f"""
INSERT INTO messages ({_MESSAGE.listed}) SELECT * FROM {_MESSAGE.unnest()} ON CONFLICT (tenant_id, id) DO NOTHING
"""
_ADD_OUTLETS = """
INSERT INTO outlets (tenant_id, outlet, channel) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (tenant_id, outlet) DO NOTHING
"""
_FIRST = len(DELIVERY.names) + 1
_ADD_GATHERINGS = """
INSERT INTO gatherings (tenant_id, gathering, channel, recipient)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING
"""
_ADD_DELIVERIES = f"""
INSERT INTO message_deliveries ({DELIVERY.listed}, state, reason, next_attempt_at, finished_at)
SELECT * FROM unnest(
    {", ".join(DELIVERY.array(name) for name in DELIVERY.names)},
    ${_FIRST}::text[], ${_FIRST + 1}::text[], ${_FIRST + 2}::timestamptz[], ${_FIRST + 3}::timestamptz[]
) ON CONFLICT (tenant_id, id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A delivery to be written, and how it begins."""

    delivery: Delivery
    next_attempt_at: datetime
    withdrawn: str = ""
    """Why it is not sent at all; empty where it is."""

    @property
    def state(self) -> State:
        """How it begins."""
        if self.withdrawn:
            return State.WITHDRAWN
        return State.GATHERED if self.delivery.gathering else State.PENDING


async def add(tx: Tx, queued: Sequence[Message], fresh: Sequence[Fresh]) -> int:
    """Write messages with their deliveries; return how many deliveries are new. One that exists stays as it is."""
    if not fresh:
        return 0
    rows = [_MessageRow.of(message, tx.now) for message in queued]
    await tx.raw.execute(_ADD_MESSAGES, *_MESSAGE.arrays(rows))
    # Sorted: two transactions that write the same new outlets wait for each other in one order.
    outlets = sorted({(each.delivery.tenant_id, each.delivery.outlet, each.delivery.channel) for each in fresh})
    await tx.raw.execute(_ADD_OUTLETS, *columns(outlets, 3))
    gathered = sorted({gathering_of(each.delivery) for each in fresh if each.delivery.gathering})
    if gathered:
        await tx.raw.execute(_ADD_GATHERINGS, *columns(gathered, 4))
    states = [each.state for each in fresh]
    done = await tx.raw.execute(
        _ADD_DELIVERIES,
        *DELIVERY.arrays([each.delivery for each in fresh]),
        states,
        [each.withdrawn for each in fresh],
        [each.next_attempt_at for each in fresh],
        [tx.now if each.withdrawn else None for each in fresh],
    )
    return rows_changed(done)


async def add_bundle(tx: Tx, bundle: Delivery, content: Content) -> None:
    """Write a delivery that holds others, with its message; it may leave at once."""
    text = msgspec.json.encode(content).decode()
    row = _MessageRow(bundle.tenant_id, bundle.id, bundle.topic, bundle.thread, "", text, bundle.created_at)
    await tx.raw.execute(_ADD_MESSAGES, *_MESSAGE.arrays([row]))
    await tx.raw.execute(_ADD_OUTLETS, [bundle.tenant_id], [bundle.outlet], [bundle.channel])
    await tx.raw.execute(_ADD_DELIVERIES, *DELIVERY.arrays([bundle]), [State.PENDING], [""], [tx.now], [None])


def gathering_of(delivery: Delivery) -> GatheringKey:
    """Return what a delivery leaves together with."""
    return delivery.tenant_id, delivery.gathering, delivery.channel, delivery.recipient


class _MessageRow(msgspec.Struct, frozen=True):
    """A message as its table holds it."""

    tenant_id: str
    id: UUID
    topic: str
    thread: str
    person_key: str
    content: str
    created_at: datetime

    @classmethod
    def of(cls, message: Message, now: datetime) -> "_MessageRow":
        """Return the row of a message."""
        content = msgspec.json.encode(message.content).decode()
        to, topic = message.to, message.topic
        return cls(message.tenant, message_id(message), topic, message.thread, to.person_key, content, now)
