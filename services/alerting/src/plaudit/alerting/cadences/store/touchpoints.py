"""Touchpoints and invitations: what became of occurrences that came due."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from plaudit.alerting.cadences.domain.decide import History
from plaudit.alerting.cadences.domain.plan import OccurrenceKey, Step
from plaudit.alerting.cadences.domain.rules import Purpose
from plaudit.alerting.cadences.domain.touchpoint import State, Touchpoint
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.alerting.cadences.tables import touchpoints
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed

FiredKey = tuple[datetime, UUID]
"""(time, id): the sort key of touchpoints, the newest first."""

_TOUCHPOINT = Columns(touchpoints)
_ADD = f"""
INSERT INTO touchpoints ({_TOUCHPOINT.listed}) SELECT * FROM {_TOUCHPOINT.unnest()}
ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id
"""
_KEYS = "unnest($1::text[], $2::text[], $3::date[]) AS k (tenant_id, person, since)"
_FIRED = f"""
SELECT t.tenant_id, t.person, t.rule, t.step, t.local_date FROM {_KEYS}
JOIN touchpoints t ON t.tenant_id = k.tenant_id AND t.person = k.person AND t.local_date >= k.since
"""
_HISTORY = f"""
SELECT k.tenant_id, k.person,
    count(*) FILTER (WHERE t.local_date > k.since) AS contacts,
    max(t.fired_at) FILTER (WHERE t.purpose = 'invitation' AND t.step = 'first') AS invited_at
FROM {_KEYS}
JOIN touchpoints t ON t.tenant_id = k.tenant_id AND t.person = k.person AND t.state <> 'withheld'
GROUP BY 1, 2
"""
_OPEN = f"""
SELECT {_TOUCHPOINT.of("t")} FROM unnest($1::text[], $2::text[]) AS k (tenant_id, person)
JOIN touchpoints t ON t.tenant_id = k.tenant_id AND t.person = k.person AND t.state = 'open'
"""
_OPEN_AMONG = """
SELECT t.tenant_id, t.id FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, id)
JOIN touchpoints t ON t.tenant_id = k.tenant_id AND t.id = k.id AND t.state = 'open'
"""
_END = """
UPDATE touchpoints SET state = 'ended', why = $3, closed_at = $4 WHERE tenant_id = $1 AND id = $2 AND state = 'open'
"""
_CLOSE = f"""
UPDATE touchpoints SET state = $3, why = $4, channel = $5, note = $6, closed_at = $7, closed_by = $8
WHERE tenant_id = $1 AND id = $2 AND state = 'open' RETURNING {_TOUCHPOINT.listed}
"""
_READ = f"SELECT {_TOUCHPOINT.listed} FROM touchpoints WHERE tenant_id = $1 AND id = $2"
_LIST = f"""
SELECT {_TOUCHPOINT.listed} FROM touchpoints
WHERE tenant_id = $1 AND ($2::text IS NULL OR purpose = $2) AND ($3::text IS NULL OR state = $3)
AND ($4::text IS NULL OR person = $4) AND ($5::text IS NULL OR owner = $5)
AND ($6::timestamptz IS NULL OR (fired_at, id) < ($6, $7))
ORDER BY fired_at DESC, id DESC LIMIT $8
"""
# A week begins on the Monday of the local date that an invitation is for (ISO 8601).
_INVITED = """
SELECT t.rule, date_trunc('week', t.local_date)::date AS week, t.state, t.why, t.mail_id IS NOT NULL AS is_mailed,
    d.state AS mail_state, d.reason AS mail_reason, count(*) AS count
FROM touchpoints t LEFT JOIN message_deliveries d ON d.tenant_id = t.tenant_id AND d.id = t.mail_id
WHERE t.tenant_id = $1 AND t.purpose = 'invitation' AND t.step = 'first' AND t.fired_at >= $2 AND t.fired_at < $3
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
_COUNT_OPEN = """
SELECT count(*) FROM (
    SELECT FROM touchpoints WHERE tenant_id = $1 AND purpose = 'touchpoint' AND state = 'open' LIMIT $2
) AS bounded
"""
_BY_DAY = """
SELECT title, (fired_at AT TIME ZONE $4)::date AS day, count(*) AS count FROM (
    SELECT title, fired_at FROM touchpoints
    WHERE tenant_id = $1 AND purpose = 'touchpoint' AND fired_at >= $2 AND fired_at < $3 ORDER BY fired_at DESC LIMIT $5
) AS bounded GROUP BY 1, 2 ORDER BY 2, 1
"""
_DELETE = "DELETE FROM touchpoints WHERE tenant_id = $1 AND person = $2"


async def add(tx: Tx, added: Sequence[Touchpoint]) -> set[UUID]:
    """Write touchpoints; return the ids of those that were not there."""
    if not added:
        return set()
    return {row["id"] for row in await tx.raw.fetch(_ADD, *_TOUCHPOINT.arrays(added))}


async def fired(tx: Tx, since: Mapping[PersonKey, date]) -> dict[PersonKey, set[OccurrenceKey]]:
    """Return of each person what came due on a local date or later."""
    found: defaultdict[PersonKey, set[OccurrenceKey]] = defaultdict(set)
    for row in await tx.raw.fetch(_FIRED, *_arrays(since)):
        key = OccurrenceKey(row["rule"], Step(row["step"]), row["local_date"])
        found[row["tenant_id"], row["person"]].add(key)
    return found


async def histories(tx: Tx, since: Mapping[PersonKey, date]) -> dict[PersonKey, History]:
    """Return what came of each person's occurrences: contacts after a local date, and the last invitation of all."""
    rows = await tx.raw.fetch(_HISTORY, *_arrays(since))
    return {(row["tenant_id"], row["person"]): History(row["contacts"], row["invited_at"]) for row in rows}


async def open_of(tx: Tx, keys: Collection[PersonKey]) -> list[Touchpoint]:
    """Return what is open of these persons."""
    rows = await tx.raw.fetch(_OPEN, [tenant_id for tenant_id, _ in keys], [person for _, person in keys])
    return [_touchpoint(row) for row in rows]


async def open_among(tx: Tx, keys: Collection[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
    """Return those of the touchpoints, each (tenant, id), that are open."""
    rows = await tx.raw.fetch(_OPEN_AMONG, [tenant_id for tenant_id, _ in keys], [each for _, each in keys])
    return {(row["tenant_id"], row["id"]) for row in rows}


async def end(tx: Tx, ended: Sequence[tuple[Touchpoint, str]]) -> None:
    """Record that open touchpoints have lost their object, and why."""
    if ended:
        await tx.raw.executemany(_END, [(each.tenant_id, each.id, why, tx.now) for each, why in ended])


async def close(
    tx: Tx,
    touchpoint: Touchpoint,
    state: State,
    closed_by: str,
    *,
    why: str | None = None,
    channel: str | None = None,
    note: str | None = None,
) -> Touchpoint | None:
    """Record what a person did about an open touchpoint; None where it is open no longer."""
    values = (touchpoint.tenant_id, touchpoint.id, state, why, channel, note, tx.now, closed_by)
    row = await tx.raw.fetchrow(_CLOSE, *values)
    return None if row is None else _touchpoint(row)


async def read(tx: Tx, tenant_id: str, touchpoint_id: UUID) -> Touchpoint | None:
    """Return one touchpoint."""
    row = await tx.raw.fetchrow(_READ, tenant_id, touchpoint_id)
    return None if row is None else _touchpoint(row)


async def listed(
    tx: Tx,
    tenant_id: str,
    *,
    purpose: Purpose | None = None,
    state: State | None = None,
    person: str | None = None,
    owner: str | None = None,
    after: FiredKey | None = None,
    limit: int,
) -> list[Touchpoint]:
    """Return touchpoints, the newest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        purpose: only these; all, if not given, as with the others.
        state: only those in this state.
        person: only those of this person key.
        owner: only those of this address.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    rows = await tx.raw.fetch(_LIST, tenant_id, purpose, state, person, owner, *(after or (None, None)), limit)
    return [_touchpoint(row) for row in rows]


async def invited(tx: Tx, tenant_id: str, start: datetime, end_at: datetime) -> list[dict[str, Any]]:
    """Return how many invitations of each rule and week came due in a time, by state, reason, and their mail."""
    return [dict(row) for row in await tx.raw.fetch(_INVITED, tenant_id, start, end_at)]


async def count_open(tx: Tx, tenant_id: str, most: int) -> int:
    """Return how many touchpoints are still to be done, counting no further than `most`."""
    count: int = await tx.raw.fetchval(_COUNT_OPEN, tenant_id, most)
    return count


async def by_day(tx: Tx, tenant_id: str, start: datetime, end_at: datetime, zone: str, most: int) -> list[Record]:
    """Return how many touchpoints of each title came due on each local date, looking at the last `most` of them."""
    return await tx.raw.fetch(_BY_DAY, tenant_id, start, end_at, zone, most)


async def delete_of(tx: Tx, key: PersonKey) -> int:
    """Delete all touchpoints of a person; return how many there were."""
    return rows_changed(await tx.raw.execute(_DELETE, *key))


def _arrays(since: Mapping[PersonKey, date]) -> tuple[list[str], list[str], list[date]]:
    return [tenant_id for tenant_id, _ in since], [person for _, person in since], [*since.values()]


def _touchpoint(row: Record) -> Touchpoint:
    kinds = {"step": Step(row["step"]), "purpose": Purpose(row["purpose"]), "state": State(row["state"])}
    return Touchpoint(**{**dict(row), **kinds})
