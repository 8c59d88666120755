"""Every SQL statement about messages, their deliveries and attempts, and outlets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, select, tuple_

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.common.delivery.domain.message import ERASED, ERASED_CONTENT, Content, Delivery, Message, State, message_id
from plaudit.common.delivery.domain.outcomes import Circuit, Outcome
from plaudit.common.delivery.tables import message_attempts, message_deliveries, messages

_MESSAGE: Final = Columns(messages)
_DELIVERY: Final = Columns(
    message_deliveries, without=("state", "reason", "next_attempt_at", "leased_until", "finished_at", "released_at")
)

_ADD_MESSAGES = f"""
INSERT INTO messages ({_MESSAGE.listed}) SELECT * FROM {_MESSAGE.unnest()} ON CONFLICT (tenant_id, id) DO NOTHING
"""
_ADD_OUTLETS = """
INSERT INTO outlets (tenant_id, outlet, channel) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (tenant_id, outlet) DO NOTHING
"""
_FIRST = len(_DELIVERY.names) + 1
_ADD_GATHERINGS = """
INSERT INTO gatherings (tenant_id, gathering, channel, recipient)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING
"""
_ADD_DELIVERIES = f"""
INSERT INTO message_deliveries ({_DELIVERY.listed}, state, reason, next_attempt_at, finished_at)
SELECT * FROM unnest(
    {", ".join(_DELIVERY.array(name) for name in _DELIVERY.names)},
    ${_FIRST}::text[], ${_FIRST + 1}::text[], ${_FIRST + 2}::timestamptz[], ${_FIRST + 3}::timestamptz[]
) ON CONFLICT (tenant_id, id) DO NOTHING
"""

ANY_DUE: Final = """
SELECT EXISTS (
    SELECT FROM outlets o WHERE (o.rests_until IS NULL OR o.rests_until <= {now}) AND EXISTS (
        SELECT FROM message_deliveries d WHERE d.tenant_id = o.tenant_id AND d.outlet = o.outlet
        AND d.state = 'pending' AND d.next_attempt_at <= {now}
    )
) OR EXISTS (SELECT FROM message_deliveries WHERE state = 'sending' AND leased_until < now())
"""
"""Whether there is anything to lease; for `Database.holds`."""

# A lease runs by the wall clock, not by the clock port: a test that moves time must not make a second sender.
_GIVE_BACK = """
WITH ended AS (
    SELECT tenant_id, id FROM message_deliveries WHERE state = 'sending' AND leased_until < now()
    FOR UPDATE SKIP LOCKED
), given AS (
    UPDATE message_deliveries d SET state = 'pending', possible_repeat = true, leased_until = '-infinity'
    FROM ended WHERE d.tenant_id = ended.tenant_id AND d.id = ended.id
    RETURNING d.tenant_id, d.id, d.attempts, d.is_bundle
), members AS (
    UPDATE message_deliveries m SET possible_repeat = true FROM given
    WHERE given.is_bundle AND m.tenant_id = given.tenant_id AND m.bundle_id = given.id AND m.state = 'gathered'
)
INSERT INTO message_attempts
    (tenant_id, delivery_id, number, ended_at, duration_ms, kind, error, sent, answer)
SELECT tenant_id, id, attempts, $1::timestamptz, 0, 'unrecorded', $2::text, '', '' FROM given
ON CONFLICT (tenant_id, delivery_id, number) DO NOTHING
"""
# Locked in a statement of its own: the next one counts what is being sent after any other process has committed.
_LOCK_OUTLETS = """
SELECT o.tenant_id, o.outlet FROM outlets o
WHERE (o.rests_until IS NULL OR o.rests_until <= $1) AND EXISTS (
    SELECT FROM message_deliveries d WHERE d.tenant_id = o.tenant_id AND d.outlet = o.outlet
    AND d.state = 'pending' AND d.next_attempt_at <= $1
)
ORDER BY o.leased_at, o.tenant_id, o.outlet LIMIT $2 FOR UPDATE OF o SKIP LOCKED
"""
_LEASE = f"""
WITH free AS (
    SELECT o.tenant_id, o.outlet, greatest(0, (
        CASE WHEN o.failures > 0 OR o.channel = ANY($5::text[]) THEN 1 ELSE $4::int END
    ) - (
        SELECT count(*)::int FROM message_deliveries s
        WHERE s.tenant_id = o.tenant_id AND s.outlet = o.outlet AND s.state = 'sending'
    )) AS room
    FROM outlets o JOIN unnest($2::text[], $3::text[]) AS k (tenant_id, outlet) USING (tenant_id, outlet)
), due AS (
    SELECT found.tenant_id, found.id FROM free CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.id FROM message_deliveries d
        WHERE d.tenant_id = free.tenant_id AND d.outlet = free.outlet
        AND d.state = 'pending' AND d.next_attempt_at <= $1
        ORDER BY d.next_attempt_at, d.id LIMIT free.room FOR UPDATE OF d SKIP LOCKED
    ) AS found LIMIT $6
)
UPDATE message_deliveries m
SET state = 'sending', leased_until = now() + make_interval(secs => $7), attempts = m.attempts + 1
FROM due WHERE m.tenant_id = due.tenant_id AND m.id = due.id
RETURNING {_DELIVERY.of("m")}
"""
_TAKE = f"""
UPDATE message_deliveries m
SET state = 'sending', leased_until = now() + make_interval(secs => $3), attempts = m.attempts + 1
WHERE m.tenant_id = $1 AND m.id = $2 AND m.state = 'pending' RETURNING {_DELIVERY.of("m")}
"""
_NOTE_LEASE = """
UPDATE outlets o SET leased_at = clock_timestamp()
FROM unnest($1::text[], $2::text[]) AS k (tenant_id, outlet)
WHERE o.tenant_id = k.tenant_id AND o.outlet = k.outlet
"""
_CONTENTS = """
SELECT m.tenant_id, m.id, m.content FROM messages m
JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
"""
_CIRCUITS = """
SELECT o.tenant_id, o.outlet, o.failures, o.failing_since, o.rests_until FROM outlets o
JOIN unnest($1::text[], $2::text[]) AS k (tenant_id, outlet) USING (tenant_id, outlet)
ORDER BY o.tenant_id, o.outlet FOR UPDATE OF o
"""
_SAVE_CIRCUITS = """
UPDATE outlets o SET failures = k.failures, failing_since = k.failing_since, rests_until = k.rests_until
FROM unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[])
    AS k (tenant_id, outlet, failures, failing_since, rests_until)
WHERE o.tenant_id = k.tenant_id AND o.outlet = k.outlet
"""
_FINISH = """
UPDATE message_deliveries d
SET state = k.state, reason = k.reason, next_attempt_at = coalesce(k.next_attempt_at, d.next_attempt_at),
    finished_at = CASE WHEN k.state IN ('pending', 'gathered') THEN NULL ELSE $1::timestamptz END,
    leased_until = '-infinity', attempts = d.attempts - CASE WHEN k.is_put_off THEN 1 ELSE 0 END
FROM unnest($2::text[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::boolean[])
    AS k (tenant_id, id, attempts, state, reason, next_attempt_at, is_put_off)
WHERE d.tenant_id = k.tenant_id AND d.id = k.id AND d.state = 'sending' AND d.attempts = k.attempts
"""
# What a bundle holds ends as it does.
_SETTLE = """
UPDATE message_deliveries m
SET state = b.state, reason = b.reason, finished_at = b.finished_at,
    possible_repeat = m.possible_repeat OR b.possible_repeat
FROM message_deliveries b JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
WHERE m.tenant_id = b.tenant_id AND m.bundle_id = b.id AND m.state = 'gathered'
AND b.state IN ('sent', 'withdrawn', 'failed')
"""
_ADD_ATTEMPTS = """
INSERT INTO message_attempts
    (tenant_id, delivery_id, number, ended_at, duration_ms, kind, status, error, sent, answer)
SELECT k.tenant_id, k.delivery_id, k.number, $1::timestamptz, k.duration_ms, k.kind, k.status, k.error, k.sent, k.answer
FROM unnest(
    $2::text[], $3::uuid[], $4::int[], $5::int[], $6::text[], $7::int[], $8::text[], $9::bytea[], $10::bytea[]
) AS k (tenant_id, delivery_id, number, duration_ms, kind, status, error, sent, answer)
ON CONFLICT (tenant_id, delivery_id, number) DO UPDATE SET ended_at = excluded.ended_at,
    duration_ms = excluded.duration_ms, kind = excluded.kind, status = excluded.status, error = excluded.error,
    sent = excluded.sent, answer = excluded.answer
"""
# One that failed with others is sent again by itself when it is named, else with them.
_REDRIVE = """
UPDATE message_deliveries
SET state = 'pending', reason = '', next_attempt_at = $2, finished_at = NULL, attempts = 0, bundle_id = NULL
WHERE tenant_id = $1 AND state = 'failed' AND (id = $3 OR ($3::uuid IS NULL AND bundle_id IS NULL))
AND ($4::text IS NULL OR outlet = $4) AND ($5::text IS NULL OR thread = $5) RETURNING id
"""
_REDRIVE_MEMBERS = """
UPDATE message_deliveries SET state = 'gathered', reason = '', finished_at = NULL
WHERE tenant_id = $1 AND state = 'failed' AND bundle_id = ANY($2::uuid[])
"""
_STANDING_OF_THREAD = """
SELECT key, channel, outlet, state, count(*)::int AS count, max(finished_at) AS finished_at,
    (array_agg(reason ORDER BY created_at DESC) FILTER (WHERE reason <> ''))[1] AS reason
FROM message_deliveries WHERE tenant_id = $1 AND thread = $2 AND key = ANY($3::text[])
GROUP BY key, channel, outlet, state ORDER BY channel, outlet, state
"""
_WITHDRAW_OUTLET = """
UPDATE message_deliveries d SET state = 'failed', reason = $3, finished_at = $4
WHERE tenant_id = $1 AND outlet = $2 AND (state = 'pending' OR state = 'gathered' AND NOT EXISTS (
    SELECT FROM message_deliveries b WHERE b.tenant_id = d.tenant_id AND b.id = d.bundle_id AND b.state = 'sending'
))
"""
_RESTED = """
UPDATE outlets SET failures = 0, failing_since = NULL, rests_until = NULL WHERE tenant_id = $1 AND outlet = $2
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
_RECIPIENTS = """
SELECT DISTINCT d.channel, d.recipient FROM message_deliveries d
LEFT JOIN message_deliveries b ON b.tenant_id = d.tenant_id AND b.id = d.bundle_id
WHERE d.tenant_id = $1 AND d.thread = $2 AND (d.topic = $3 OR starts_with(d.topic, $3 || '.'))
AND (d.state IN ('sent', 'sending') OR d.possible_repeat OR (d.state = 'gathered' AND b.state = 'sending'))
AND d.channel <> 'console'
ORDER BY d.channel, d.recipient
"""
_OF_THREAD = "SELECT id, message_id, bundle_id FROM message_deliveries WHERE tenant_id = $1 AND thread = $2"
_OF_BOTH = """
SELECT id, message_id, bundle_id FROM message_deliveries WHERE tenant_id = $1 AND person_key = $2 AND thread = $3
"""
_OF_PERSON = "SELECT id, message_id, bundle_id FROM message_deliveries WHERE tenant_id = $1 AND person_key = $2"
_EMPTY_MESSAGES = """
UPDATE messages SET content = $3, person_key = CASE WHEN $4::boolean THEN '' ELSE person_key END
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
# What has failed is withdrawn too: nobody sends it again. What is being sent is found by its content, if it comes back.
_EMPTY_DELIVERIES = """
UPDATE message_deliveries SET
    state = CASE WHEN state IN ('pending', 'gathered', 'failed') THEN 'withdrawn' ELSE state END,
    reason = CASE WHEN state IN ('pending', 'gathered', 'failed') THEN $3::text ELSE reason END,
    finished_at = CASE WHEN state IN ('pending', 'gathered') THEN $4::timestamptz ELSE finished_at END,
    recipient = CASE WHEN $5::boolean AND channel = 'email' THEN 'erased' ELSE recipient END,
    person_key = CASE WHEN $5::boolean THEN '' ELSE person_key END
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
_EMPTY_ATTEMPTS = """
UPDATE message_attempts SET sent = '', answer = '', error = CASE WHEN error = '' THEN '' ELSE 'erased' END
WHERE tenant_id = $1 AND delivery_id = ANY($2::uuid[])
"""
_PURGE = """
WITH old AS (
    SELECT tenant_id, id FROM message_deliveries WHERE finished_at < $1 ORDER BY finished_at LIMIT $2
    FOR UPDATE SKIP LOCKED
), tries AS (
    DELETE FROM message_attempts a USING old WHERE a.tenant_id = old.tenant_id AND a.delivery_id = old.id
)
DELETE FROM message_deliveries d USING old WHERE d.tenant_id = old.tenant_id AND d.id = old.id
"""
_PURGE_MESSAGES = """
DELETE FROM messages m USING (
    SELECT tenant_id, id FROM messages m WHERE created_at < $1 AND NOT EXISTS (
        SELECT FROM message_deliveries d WHERE d.tenant_id = m.tenant_id AND d.message_id = m.id
    ) LIMIT $2
) AS old WHERE m.tenant_id = old.tenant_id AND m.id = old.id
"""

OutletKey = tuple[str, str]
"""(tenant, outlet)."""
GatheringKey = tuple[str, str, str, str]
"""(tenant, by what, channel, recipient): what leaves together."""
ThreadKey = tuple[str, str, str]
"""(tenant, thread, recipient)."""
SentKey = tuple[datetime, UUID]
"""(time, delivery id): the sort key of deliveries, newest first."""


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
class Ended:
    """What an attempt makes of its delivery."""

    delivery: Delivery
    outcome: Outcome | None
    """None where nothing was sent."""
    state: str
    reason: str
    next_attempt_at: datetime | None = None

    @property
    def is_put_off(self) -> bool:
        """Whether it is to leave later and nothing was sent: its lease was no attempt."""
        return self.outcome is None and self.state in {State.PENDING, State.GATHERED}


@dataclass(frozen=True, slots=True)
class Standing:
    """How deliveries of all tenants stand, counted up to a limit."""

    stuck: int
    """Leases that have run out, and that no process has taken back."""
    resting: int
    """Outlets whose circuit is open."""


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
    await tx.raw.execute(_ADD_OUTLETS, *_columns(outlets, 3))
    gathered = sorted({gathering_of(each.delivery) for each in fresh if each.delivery.gathering})
    if gathered:
        await tx.raw.execute(_ADD_GATHERINGS, *_columns(gathered, 4))
    states = [each.state for each in fresh]
    done = await tx.raw.execute(
        _ADD_DELIVERIES,
        *_DELIVERY.arrays([each.delivery for each in fresh]),
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
    await tx.raw.execute(_ADD_DELIVERIES, *_DELIVERY.arrays([bundle]), [State.PENDING], [""], [tx.now], [None])


def gathering_of(delivery: Delivery) -> GatheringKey:
    """Return what a delivery leaves together with."""
    return delivery.tenant_id, delivery.gathering, delivery.channel, delivery.recipient


async def lease(
    tx: Tx, *, limit: int, per_outlet: int, one_at_a_time: Iterable[str], seconds: float, unrecorded: str
) -> list[Delivery]:
    """Take deliveries that are due, for this process alone; each counts as one more attempt.

    Args:
        tx: the open transaction.
        limit: how many at most.
        per_outlet: how many of one outlet are sent at a time, by all processes together.
        one_at_a_time: channels of which one is.
        seconds: until others may take them, if this process does not record what became of them.
        unrecorded: what is noted of those whose process did not.
    """
    await tx.raw.execute(_GIVE_BACK, tx.now, unrecorded)
    outlets = [tuple(row) for row in await tx.raw.fetch(_LOCK_OUTLETS, tx.now, limit)]
    if not outlets:
        return []
    keys = _columns(outlets, 2)
    found = await tx.raw.fetch(_LEASE, tx.now, *keys, per_outlet, list(one_at_a_time), limit, seconds)
    await tx.raw.execute(_NOTE_LEASE, *keys)
    return [Delivery(**row) for row in found]


async def take(tx: Tx, tenant_id: str, delivery_id: UUID, seconds: float) -> Delivery | None:
    """Take one delivery that waits, whatever its outlet does; None where it does not wait."""
    row = await tx.raw.fetchrow(_TAKE, tenant_id, delivery_id, seconds)
    return None if row is None else Delivery(**row)


async def contents(tx: Tx, deliveries: Sequence[Delivery]) -> dict[UUID, Content]:
    """Return what deliveries say, by their ids."""
    rows = await tx.raw.fetch(
        _CONTENTS, [each.tenant_id for each in deliveries], [each.message_id for each in deliveries]
    )
    found = {(row["tenant_id"], row["id"]): msgspec.json.decode(row["content"], type=Content) for row in rows}
    return {each.id: found[each.tenant_id, each.message_id] for each in deliveries}


async def circuits(tx: Tx, outlets: Collection[OutletKey]) -> dict[OutletKey, Circuit]:
    """Return how outlets stand, locked in one order."""
    rows = await tx.raw.fetch(_CIRCUITS, *_columns(sorted(outlets), 2))
    return {
        (row["tenant_id"], row["outlet"]): Circuit(row["failures"], row["failing_since"], row["rests_until"])
        for row in rows
    }


async def save_circuits(tx: Tx, standing: Mapping[OutletKey, Circuit]) -> None:
    """Record how outlets stand."""
    rows = [(*key, each.failures, each.failing_since, each.rests_until) for key, each in standing.items()]
    await tx.raw.execute(_SAVE_CIRCUITS, *_columns(rows, 5))


async def record(tx: Tx, ended: Sequence[Ended]) -> None:
    """Record attempts, and what they make of their deliveries; one that this process does not hold stays as it is."""
    if not ended:
        return
    attempts = [
        (
            each.delivery.tenant_id,
            each.delivery.id,
            each.delivery.attempts,
            round(each.outcome.duration_seconds * 1_000),
            each.outcome.kind,
            each.outcome.status,
            each.outcome.error,
            each.outcome.sent,
            each.outcome.answer,
        )
        for each in ended
        if each.outcome is not None
    ]
    if attempts:
        await tx.raw.execute(_ADD_ATTEMPTS, tx.now, *_columns(attempts, 9))
    finished = [
        (e.delivery.tenant_id, e.delivery.id, e.delivery.attempts, e.state, e.reason, e.next_attempt_at, e.is_put_off)
        for e in ended
    ]
    await tx.raw.execute(_FINISH, tx.now, *_columns(finished, 7))
    bundles = [(each.delivery.tenant_id, each.delivery.id) for each in ended if each.delivery.is_bundle]
    if bundles:
        await tx.raw.execute(_SETTLE, *_columns(bundles, 2))


async def redrive(
    tx: Tx,
    tenant_id: str,
    *,
    delivery_id: UUID | None = None,
    outlet: str | None = None,
    thread: str | None = None,
) -> int:
    """Send failed deliveries again from the first attempt on; return how many."""
    found = [row["id"] for row in await tx.raw.fetch(_REDRIVE, tenant_id, tx.now, delivery_id, outlet, thread)]
    if found:
        await tx.raw.execute(_REDRIVE_MEMBERS, tenant_id, found)
    return len(found)


async def standing_of(tx: Tx, tenant_id: str, thread: str, keys: Collection[str]) -> list[ThreadStanding]:
    """Return how the deliveries of a thread stand, counted by key, outlet and state."""
    rows = await tx.raw.fetch(_STANDING_OF_THREAD, tenant_id, thread, list(keys))
    return [ThreadStanding(**{**row, "reason": row["reason"] or ""}) for row in rows]


async def fail_outlet(tx: Tx, tenant_id: str, outlet: str, reason: str) -> None:
    """End what waits for an outlet that takes nothing any more; it can be sent again by hand."""
    await tx.raw.execute(_WITHDRAW_OUTLET, tenant_id, outlet, reason, tx.now)


async def close_circuit(tx: Tx, tenant_id: str, outlet: str) -> None:
    """Let an outlet take messages at once, as if it had never failed."""
    await tx.raw.execute(_RESTED, tenant_id, outlet)


async def erase(tx: Tx, tenant_id: str, *, thread: str = "", person_key: str = "") -> int:
    """Empty messages of a thread, to a person, or both, and what became of them; return how many deliveries."""
    if thread and person_key:
        found = await tx.raw.fetch(_OF_BOTH, tenant_id, person_key, thread)
    else:
        query, name = (_OF_THREAD, thread) if thread else (_OF_PERSON, person_key)
        found = await tx.raw.fetch(query, tenant_id, name)
    ids, message_ids = [row["id"] for row in found], list({row["message_id"] for row in found})
    if ids:
        empty = msgspec.json.encode(ERASED_CONTENT).decode()
        await tx.raw.execute(_EMPTY_MESSAGES, tenant_id, message_ids, empty, bool(person_key))
        await tx.raw.execute(_EMPTY_DELIVERIES, tenant_id, ids, ERASED, tx.now, bool(person_key))
        bundles = {row["bundle_id"] for row in found if row["bundle_id"] is not None}
        await tx.raw.execute(_EMPTY_ATTEMPTS, tenant_id, [*ids, *bundles])
    return len(ids)


async def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Delete deliveries that ended before an instant, and messages of which none is left; return how many."""
    deliveries = rows_changed(await tx.raw.execute(_PURGE, before, limit))
    return deliveries + rows_changed(await tx.raw.execute(_PURGE_MESSAGES, before - timedelta(days=1), limit))


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
    rows = await tx.raw.fetch(_LAST_TOLD, *_columns(list(threads), 3), topic, tx.now, list(held), urgent_only)
    return {(row["tenant_id"], row["thread"], row["recipient"]): row["at"] for row in rows}


async def told_with_others(tx: Tx, threads: Collection[ThreadKey]) -> dict[ThreadKey, tuple[UUID, ...]]:
    """Return the mails in which recipients were told of threads together with others, the oldest first."""
    found: dict[ThreadKey, tuple[UUID, ...]] = {}
    for row in await tx.raw.fetch(_TOLD_WITH_OTHERS, *_columns(list(threads), 3)):
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


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Return rows as the parameters of `unnest`."""
    return [[row[n] for row in rows] for n in range(width)]


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
