"""Contacts that are still to come."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from plaudit.alerting.cadences.domain.plan import Occurrence, Step
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.alerting.cadences.tables import occurrences
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

OccurrenceSortKey = tuple[datetime, str, str, str]
"""(due time, person, rule, step): the sort key of what is to come, the earliest first."""

_OCCURRENCE = Columns(occurrences, without=("failed_at", "error"))
_OF = f"""
SELECT {_OCCURRENCE.of("o")} FROM unnest($1::text[], $2::text[]) AS k (tenant_id, person)
JOIN occurrences o ON o.tenant_id = k.tenant_id AND o.person = k.person
"""
_ADD = f"""
INSERT INTO occurrences ({_OCCURRENCE.listed}) SELECT * FROM {_OCCURRENCE.unnest()}
ON CONFLICT (tenant_id, person, rule, step, local_date)
DO UPDATE SET {_OCCURRENCE.excluded()}, failed_at = NULL, error = NULL
"""
_DELETE = """
DELETE FROM occurrences WHERE tenant_id = $1 AND person = $2 AND rule = $3 AND step = $4 AND local_date = $5
"""
_DELETE_ALL = "DELETE FROM occurrences WHERE tenant_id = $1 AND person = $2"
ANY_DUE: Final = "SELECT EXISTS (SELECT FROM occurrences WHERE due_at <= {now} AND failed_at IS NULL)"
"""Whether anything is due; for `Database.holds`."""
_DUE = """
SELECT DISTINCT tenant_id, person FROM (
    SELECT tenant_id, person FROM occurrences WHERE due_at <= $1 AND failed_at IS NULL ORDER BY due_at LIMIT $2
) AS due
"""
# The person's order key is held, so no other process of ours locks these rows.
_CLAIM = f"""
DELETE FROM occurrences o USING unnest($1::text[], $2::text[]) AS k (tenant_id, person)
WHERE o.tenant_id = k.tenant_id AND o.person = k.person AND o.due_at <= $3 AND o.failed_at IS NULL
RETURNING {_OCCURRENCE.of("o")}
"""
_NOT_FIRED = """
SELECT count(*) FROM (
    (SELECT FROM occurrences WHERE failed_at IS NULL AND due_at < $1 LIMIT $2)
    UNION ALL (SELECT FROM occurrences WHERE failed_at IS NOT NULL LIMIT $2)
) AS found
"""
_SET_ASIDE = """
UPDATE occurrences SET failed_at = $3, error = $4
WHERE tenant_id = $1 AND person = $2 AND due_at <= $3 AND failed_at IS NULL
"""
_COMING = f"""
SELECT {_OCCURRENCE.listed} FROM occurrences
WHERE tenant_id = $1 AND due_at >= $2 AND due_at < $3
AND ($4::timestamptz IS NULL OR (due_at, person, rule, step) > ($4, $5, $6, $7))
ORDER BY due_at, person, rule, step LIMIT $8
"""
_COUNTS = """
SELECT rule, (due_at AT TIME ZONE $4)::date AS day, count(*) AS count FROM (
    SELECT rule, due_at FROM occurrences WHERE tenant_id = $1 AND due_at < $3 AND due_at >= $2 ORDER BY due_at LIMIT $5
) AS bounded GROUP BY 1, 2 ORDER BY 2, 1
"""


async def of_persons(tx: Tx, keys: Collection[PersonKey]) -> list[Occurrence]:
    """Return all that is to come for these persons."""
    rows = await tx.raw.fetch(_OF, [tenant_id for tenant_id, _ in keys], [person for _, person in keys])
    return [_occurrence(row) for row in rows]


async def add(tx: Tx, added: Sequence[Occurrence]) -> None:
    """Write occurrences; one that is there is replaced. The persons' order keys must be held."""
    if added:
        await tx.raw.execute(_ADD, *_OCCURRENCE.arrays(added))


async def delete(tx: Tx, removed: Iterable[Occurrence]) -> None:
    """Delete occurrences. The persons' order keys must be held."""
    keys = [(each.tenant_id, each.person, each.rule, each.step, each.local_date) for each in removed]
    if keys:
        await tx.raw.executemany(_DELETE, keys)


async def delete_all(tx: Tx, key: PersonKey) -> None:
    """Delete all that is to come for a person."""
    await tx.raw.execute(_DELETE_ALL, *key)


async def due(tx: Tx, limit: int) -> list[PersonKey]:
    """Return persons of whom something is due, the longest due first. Locks nothing and assigns no xid."""
    return [(row["tenant_id"], row["person"]) for row in await tx.raw.fetch(_DUE, tx.now, limit)]


async def claim(tx: Tx, keys: Collection[PersonKey]) -> list[Occurrence]:
    """Delete and return what is due of these persons. Their order keys must be held."""
    tenants, names = [tenant_id for tenant_id, _ in keys], [person for _, person in keys]
    rows = await tx.raw.fetch(_CLAIM, tenants, names, tx.now)
    return sorted((_occurrence(row) for row in rows), key=lambda each: each.due_at)


async def set_aside(tx: Tx, key: PersonKey, error: str) -> None:
    """Mark what is due of a person and cannot fire, so that it is not tried again."""
    await tx.raw.execute(_SET_ASIDE, *key, tx.now, error)


async def count_not_fired(tx: Tx, since: datetime, most: int) -> int:
    """Return how many were due before an instant and have not fired, or were set aside, each counted up to `most`."""
    return int(await tx.raw.fetchval(_NOT_FIRED, since, most))


async def coming(
    tx: Tx, tenant_id: str, start: datetime, end: datetime, after: OccurrenceSortKey | None, limit: int
) -> list[Occurrence]:
    """Return what is to come from `start` to before `end`, the earliest first."""
    rows = await tx.raw.fetch(_COMING, tenant_id, start, end, *(after or (None, None, None, None)), limit)
    return [_occurrence(row) for row in rows]


async def counts(tx: Tx, tenant_id: str, start: datetime, end: datetime, zone: str, most: int) -> list[Record]:
    """Return how much is to come by each rule on each local date, looking at the earliest `most` of them."""
    return await tx.raw.fetch(_COUNTS, tenant_id, start, end, zone, most)


def _occurrence(row: Record) -> Occurrence:
    return Occurrence(*row)._replace(step=Step(row["step"]))
