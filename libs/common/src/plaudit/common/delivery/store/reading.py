"""Reads the log of messages, and how they stand."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, tuple_

from plaudit.common.db import SqlTx, Tx
from plaudit.common.delivery.store.rows import SentKey, ThreadKey, columns
from plaudit.common.delivery.tables import message_attempts, message_deliveries, messages

_STANDING_OF_THREAD = """
SELECT k.key, d.channel, d.outlet, d.state, count(*)::int AS count, max(d.finished_at) AS finished_at,
    (array_agg(d.reason ORDER BY d.created_at DESC) FILTER (WHERE d.reason <> ''))[1] AS reason
FROM message_deliveries d JOIN unnest($3::text[]) AS k (key) ON d.key = k.key OR starts_with(d.key, k.key || ':')
WHERE d.tenant_id = $1 AND d.thread = $2
GROUP BY k.key, d.channel, d.outlet, d.state ORDER BY d.channel, d.outlet, d.state
"""
# Of each the last mail that has ended: one that is sent again by hand waits, and is not among them.
_GONE = """
SELECT tenant_id, thread, person_key FROM (
    SELECT DISTINCT ON (d.tenant_id, d.thread, d.person_key) d.tenant_id, d.thread, d.person_key, a.kind
    FROM unnest($1::text[], $2::text[], $3::text[]) AS k (tenant_id, thread, person_key)
    JOIN message_deliveries d USING (tenant_id, thread, person_key)
    JOIN message_attempts a ON a.tenant_id = d.tenant_id AND a.delivery_id = d.id AND a.number = d.attempts
    WHERE d.person_key <> '' AND d.channel = 'email' AND d.state IN ('sent', 'failed') AND a.kind IN ('sent', 'gone')
    ORDER BY d.tenant_id, d.thread, d.person_key, a.ended_at DESC
) AS last WHERE kind = 'gone'
"""
_WAS_SENT = """
SELECT EXISTS (
    SELECT FROM message_deliveries d
    LEFT JOIN message_deliveries b ON b.tenant_id = d.tenant_id AND b.id = d.bundle_id
    WHERE d.tenant_id = $1 AND d.thread = $2 AND d.topic = $3 AND ($5::text = '' OR d.recipient = $5)
    AND (d.state = 'sent' OR d.possible_repeat OR (d.state = 'sending' AND d.id <> ALL($4::uuid[]))
        OR (d.state = 'gathered' AND b.state = 'sending' AND b.id <> ALL($4::uuid[])))
)
"""
# By the wall clock, as leases run.
_STANDING = """
SELECT (SELECT count(*) FROM (
    SELECT FROM message_deliveries
    WHERE state = 'sending' AND leased_until < clock_timestamp() - make_interval(secs => $2) LIMIT $3
) AS bounded) AS stuck,
(SELECT count(*) FROM (SELECT FROM outlets WHERE failures > 0 AND rests_until > $1 LIMIT $3) AS bounded) AS resting
"""
# A delivery that is being sent counts from its lease: it may be there by now.
_LAST_TOLD = """
SELECT d.tenant_id, d.thread, d.recipient, max(coalesce(d.finished_at, $5::timestamptz)) AS at FROM message_deliveries d
JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (tenant_id, thread, recipient) USING (tenant_id, thread, recipient)
LEFT JOIN message_deliveries b ON b.tenant_id = d.tenant_id AND b.id = d.bundle_id
WHERE d.topic = $4 AND (d.is_urgent OR NOT $7::boolean)
AND (d.state = 'sent' OR (d.state = 'sending' AND d.id <> ALL($6::uuid[]))
    OR (d.state = 'gathered' AND b.state = 'sending' AND b.id <> ALL($6::uuid[])))
GROUP BY d.tenant_id, d.thread, d.recipient
"""
_TOLD_WITH_OTHERS = """
SELECT d.tenant_id, d.thread, d.recipient, d.bundle_id FROM message_deliveries d
JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (tenant_id, thread, recipient) USING (tenant_id, thread, recipient)
WHERE d.bundle_id IS NOT NULL AND d.channel = 'email' AND (d.state = 'sent' OR d.possible_repeat)
GROUP BY d.tenant_id, d.thread, d.recipient, d.bundle_id ORDER BY min(d.created_at), d.bundle_id
"""
_BEGUN = """
SELECT d.tenant_id, d.thread, d.recipient, bool_or(d.state IN ('pending', 'sending')) AS is_on_its_way
FROM message_deliveries d
JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (tenant_id, thread, recipient) USING (tenant_id, thread, recipient)
WHERE d.state <> 'withdrawn' OR d.possible_repeat GROUP BY d.tenant_id, d.thread, d.recipient
"""
_RECIPIENTS = """
SELECT DISTINCT d.channel, d.recipient FROM message_deliveries d
LEFT JOIN message_deliveries b ON b.tenant_id = d.tenant_id AND b.id = d.bundle_id
WHERE d.tenant_id = $1 AND d.thread = $2 AND (d.topic = $3 OR starts_with(d.topic, $3 || '.'))
AND (d.state IN ('sent', 'sending') OR d.possible_repeat OR (d.state = 'gathered' AND b.state = 'sending'))
AND d.channel <> 'console'
ORDER BY d.channel, d.recipient
"""


@dataclass(frozen=True, slots=True)
class ThreadStanding:
    """How many deliveries of a key over an outlet are in a state."""

    key: str
    channel: str
    outlet: str
    state: str
    count: int
    finished_at: datetime | None
    """When the last of them ended."""
    reason: str
    """Why one of them failed or was withdrawn, the newest; empty for none."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How deliveries of all tenants stand, counted up to a limit."""

    stuck: int
    """Leases that have run out, and that no process has taken back."""
    resting: int
    """Outlets whose circuit is open."""


async def standing_of(tx: Tx, tenant_id: str, thread: str, keys: Collection[str]) -> list[ThreadStanding]:
    """Return how the deliveries of a thread stand, counted by key with all that is below it, outlet and state."""
    rows = await tx.raw.fetch(_STANDING_OF_THREAD, tenant_id, thread, list(keys))
    return [ThreadStanding(**{**row, "reason": row["reason"] or ""}) for row in rows]


async def gone(tx: Tx, told: Collection[ThreadKey]) -> set[ThreadKey]:
    """Return those of (tenant, thread, person) whose last mail was refused because there is no such mailbox."""
    rows = await tx.raw.fetch(_GONE, *columns(sorted(told), 3)) if told else ()
    return {(row["tenant_id"], row["thread"], row["person_key"]) for row in rows}


async def list_deliveries(
    tx: SqlTx,
    tenant_id: str,
    *,
    state: str | None = None,
    topic: str | None = None,
    outlet: str | None = None,
    thread: str | None = None,
    after: SentKey | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return deliveries with their subjects, the newest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        state: only those in this state.
        topic: only those of this topic.
        outlet: only those of this outlet: an endpoint's id, `email` or `console`.
        thread: only those of this thread.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    d = message_deliveries
    query = _with_content().where(d.c.tenant_id == tenant_id).order_by(d.c.created_at.desc(), d.c.id.desc())
    for column, value in ((d.c.state, state), (d.c.topic, topic), (d.c.outlet, outlet), (d.c.thread, thread)):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(tuple_(d.c.created_at, d.c.id) < after)
    return (await tx.sql.execute(query.limit(limit))).mappings().all()


async def read_delivery(tx: SqlTx, tenant_id: str, delivery_id: UUID) -> RowMapping | None:
    """Return one delivery with its content."""
    d = message_deliveries
    query = _with_content().where(d.c.tenant_id == tenant_id, d.c.id == delivery_id)
    return (await tx.sql.execute(query)).mappings().one_or_none()


async def bundled_with(
    tx: SqlTx, tenant_id: str, bundle_id: UUID, *, after: UUID | None = None, limit: int
) -> Sequence[RowMapping]:
    """Return the deliveries that leave or left with a bundle, by their ids after one, with what they said when queued.

    One that fell out because it was not wanted any more is among them, with its reason.
    """
    column = message_deliveries.c
    query = _with_content().where(column.tenant_id == tenant_id, column.bundle_id == bundle_id)
    if after is not None:
        query = query.where(column.id > after)
    return (await tx.sql.execute(query.order_by(column.id).limit(limit))).mappings().all()


async def attempts_of(tx: SqlTx, tenant_id: str, delivery_id: UUID) -> Sequence[RowMapping]:
    """Return the attempts at a delivery, in their order."""
    a = message_attempts
    query = select(a).where(a.c.tenant_id == tenant_id, a.c.delivery_id == delivery_id).order_by(a.c.number)
    return (await tx.sql.execute(query)).mappings().all()


async def recipients(tx: Tx, tenant_id: str, thread: str, topic: str) -> list[tuple[str, str]]:
    """Return (channel, recipient) of whoever got, or may have got, a message of a thread about a topic or below it.

    The console's own sink is left out: nobody waits for anything there.
    """
    return [tuple(row) for row in await tx.raw.fetch(_RECIPIENTS, tenant_id, thread, topic)]


async def begun(tx: Tx, threads: Collection[ThreadKey]) -> dict[ThreadKey, bool]:
    """Return threads of which recipients were told, or will be, and whether something of it is still on its way."""
    rows = await tx.raw.fetch(_BEGUN, *columns(list(threads), 3))
    return {(row["tenant_id"], row["thread"], row["recipient"]): row["is_on_its_way"] for row in rows}


async def was_sent(
    tx: Tx, tenant_id: str, thread: str, topic: str, held: Sequence[UUID] = (), recipient: str = ""
) -> bool:
    """Return whether anybody got, or may have got, a message of a thread about a topic.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        thread: of the message.
        topic: of the message.
        held: deliveries that this process has leased and not sent; nobody has them.
        recipient: whether this one did; empty for anybody.
    """
    return bool(await tx.raw.fetchval(_WAS_SENT, tenant_id, thread, topic, list(held), recipient))


async def last_told(
    tx: Tx, threads: Collection[ThreadKey], topic: str, held: Sequence[UUID] = (), *, urgent_only: bool = False
) -> dict[ThreadKey, datetime]:
    """Return when recipients last got a message of a thread about a topic, alone or with others.

    Args:
        tx: the open transaction.
        threads: with their recipients.
        topic: of the message.
        held: deliveries that this process has leased and not sent; nobody has them.
        urgent_only: whether only urgent messages count.
    """
    rows = await tx.raw.fetch(_LAST_TOLD, *columns(list(threads), 3), topic, tx.now, list(held), urgent_only)
    return {(row["tenant_id"], row["thread"], row["recipient"]): row["at"] for row in rows}


async def told_with_others(tx: Tx, threads: Collection[ThreadKey]) -> dict[ThreadKey, tuple[UUID, ...]]:
    """Return the mails in which recipients were told of threads together with others, the oldest first."""
    found: dict[ThreadKey, tuple[UUID, ...]] = {}
    for row in await tx.raw.fetch(_TOLD_WITH_OTHERS, *columns(list(threads), 3)):
        key = row["tenant_id"], row["thread"], row["recipient"]
        found[key] = (*found.get(key, ()), row["bundle_id"])
    return found


async def standing(tx: Tx, stuck_seconds: float, most: int) -> Standing:
    """Return how deliveries of all tenants stand.

    Args:
        tx: the open transaction.
        stuck_seconds: after its lease has run out, a delivery counts as stuck.
        most: the limit up to which is counted.
    """
    row = await tx.raw.fetchrow(_STANDING, tx.now, stuck_seconds, most)
    assert row is not None
    return Standing(row["stuck"], row["resting"])


async def count_failed(tx: Tx, tenant_id: str, most: int) -> int:
    """Return how many deliveries have failed, counted up to `most`."""
    query = """
SELECT count(*) FROM (SELECT FROM message_deliveries WHERE tenant_id = $1 AND state = 'failed' LIMIT $2) AS bounded
"""
    return int(await tx.raw.fetchval(query, tenant_id, most))


def _with_content() -> Any:
    d, m = message_deliveries, messages
    joined = d.join(m, (m.c.tenant_id == d.c.tenant_id) & (m.c.id == d.c.message_id))
    return select(d, m.c.content).select_from(joined)
