"""Subscribers of incidents: persons who are told by mail. Their addresses are encrypted in the vault."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.vault import UNOPENED, Place, Resealed, Vault

_ADD: Final = """
INSERT INTO incident_subscribers
    (tenant_id, incident_id, person_key, language, sealed, added_at, added_by, confirmed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, incident_id, person_key) DO UPDATE SET language = excluded.language,
    sealed = excluded.sealed, added_at = excluded.added_at, confirmed_at = excluded.confirmed_at
WHERE incident_subscribers.confirmed_at IS NULL
RETURNING confirmed_at IS NOT NULL
"""
_CONFIRM: Final = """
UPDATE incident_subscribers SET confirmed_at = $4
WHERE tenant_id = $1 AND incident_id = $2 AND person_key = $3 AND confirmed_at IS NULL
"""
_IS_CONFIRMED: Final = """
SELECT confirmed_at IS NOT NULL FROM incident_subscribers
WHERE tenant_id = $1 AND incident_id = $2 AND person_key = $3
"""
_DELETE: Final = "DELETE FROM incident_subscribers WHERE tenant_id = $1 AND incident_id = $2 AND person_key = $3"
_COUNT: Final = """
SELECT count(*) FILTER (WHERE confirmed_at IS NOT NULL) AS told, count(*) FILTER (WHERE confirmed_at IS NULL) AS asked
FROM incident_subscribers WHERE tenant_id = $1 AND incident_id = $2
"""
_ARE_TOLD: Final = """
SELECT count(*) = $3 FROM (
    SELECT FROM incident_subscribers WHERE tenant_id = $1 AND incident_id = $2 AND confirmed_at IS NOT NULL LIMIT $3
) AS told
"""
_PAGE: Final = """
SELECT person_key, language, added_at, added_by, sealed, confirmed_at FROM incident_subscribers
WHERE tenant_id = $1 AND incident_id = $2 AND confirmed_at IS NOT NULL
AND ($3::text IS NULL OR person_key > $3) ORDER BY person_key LIMIT $4
"""
_READ: Final = """
SELECT person_key, language, added_at, added_by, sealed, confirmed_at FROM incident_subscribers
WHERE tenant_id = $1 AND incident_id = $2 AND person_key = $3
"""
_ERASE: Final = "DELETE FROM incident_subscribers WHERE tenant_id = $1 AND person_key = $2"
# From incident to incident by the key: who is told of one that is not over is not read, however many they are.
_OF_OVER: Final = """
WITH RECURSIVE held AS (
    (SELECT tenant_id, incident_id FROM incident_subscribers ORDER BY tenant_id, incident_id LIMIT 1)
    UNION ALL
    SELECT n.tenant_id, n.incident_id FROM held h CROSS JOIN LATERAL (
        SELECT s.tenant_id, s.incident_id FROM incident_subscribers s
        WHERE (s.tenant_id, s.incident_id) > (h.tenant_id, h.incident_id)
        ORDER BY s.tenant_id, s.incident_id LIMIT 1
    ) n
), over AS (
    SELECT h.tenant_id, h.incident_id FROM held h
    JOIN incidents i ON i.tenant_id = h.tenant_id AND i.id = h.incident_id
    WHERE i.closed_at < $2 OR i.state = 'resolved' AND i.resolved_at < $3
)
(
    SELECT s.tenant_id, s.incident_id, s.person_key FROM over o CROSS JOIN LATERAL (
        SELECT * FROM incident_subscribers s WHERE s.tenant_id = o.tenant_id AND s.incident_id = o.incident_id
        ORDER BY s.person_key LIMIT $4
    ) s LIMIT $4
) UNION (
    SELECT tenant_id, incident_id, person_key FROM incident_subscribers
    WHERE confirmed_at IS NULL AND added_at < $1 ORDER BY added_at LIMIT $4
)
ORDER BY tenant_id, incident_id, person_key LIMIT $4
"""
_GIVE_UP_ASKING: Final = """
UPDATE incident_subscribers SET added_at = added_at - $4::interval
WHERE tenant_id = $1 AND incident_id = $2 AND confirmed_at IS NULL AND person_key IN (
    SELECT person_key FROM incident_subscribers
    WHERE tenant_id = $1 AND incident_id = $2 AND confirmed_at IS NULL AND added_at >= $5::timestamptz - $4::interval
    ORDER BY added_at DESC, person_key OFFSET $3
)
"""
_STALE: Final = """
SELECT tenant_id, incident_id, person_key, sealed FROM incident_subscribers WHERE NOT starts_with(sealed, $1)
AND EXISTS (SELECT FROM unnest($2::text[]) AS k (prefix) WHERE starts_with(sealed, k.prefix))
ORDER BY tenant_id, incident_id, person_key LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_SEAL: Final = """
UPDATE incident_subscribers SET sealed = $4 WHERE tenant_id = $1 AND incident_id = $2 AND person_key = $3
"""


class Subscriber(NamedTuple):
    """Somebody who is told by mail."""

    person_key: str
    language: str
    added_at: datetime
    added_by: str
    sealed: str
    """The address, encrypted."""
    confirmed_at: datetime | None
    """When they agreed; None: they are asked, and told nothing."""


class Counts(NamedTuple):
    """How many persons an incident has."""

    told: int
    asked: int
    """Who have not agreed yet."""


def place(tenant_id: str, incident_id: UUID, person_key: str) -> Place:
    """Return where the address of a subscriber is stored."""
    return Place(tenant_id, "incident_subscribers", f"{incident_id}:{person_key}", "sealed")


async def add(tx: Tx, tenant_id: str, incident_id: UUID, subscriber: Subscriber) -> bool:
    """Write a subscriber; return whether they are told from now on and were not before."""
    each = subscriber
    values = (each.person_key, each.language, each.sealed, each.added_at, each.added_by, each.confirmed_at)
    return bool(await tx.raw.fetchval(_ADD, tenant_id, incident_id, *values))


async def confirm(tx: Tx, tenant_id: str, incident_id: UUID, person_key: str) -> bool:
    """Tell somebody from now on who was asked; return whether there was such a person."""
    return rows_changed(await tx.raw.execute(_CONFIRM, tenant_id, incident_id, person_key, tx.now)) == 1


async def is_confirmed(tx: Tx, tenant_id: str, incident_id: UUID, person_key: str) -> bool | None:
    """Return whether somebody is told; None where they are neither told nor asked."""
    found: bool | None = await tx.raw.fetchval(_IS_CONFIRMED, tenant_id, incident_id, person_key)
    return found


async def delete(tx: Tx, tenant_id: str, incident_id: UUID, person_key: str) -> bool:
    """Delete a subscriber; return whether there was one."""
    return rows_changed(await tx.raw.execute(_DELETE, tenant_id, incident_id, person_key)) == 1


async def count(tx: Tx, tenant_id: str, incident_id: UUID) -> Counts:
    """Return how many persons an incident has."""
    row = await tx.raw.fetchrow(_COUNT, tenant_id, incident_id)
    assert row is not None, "an aggregate has one row"
    return Counts(**row)


async def are_told(tx: Tx, tenant_id: str, incident_id: UUID, many: int) -> bool:
    """Return whether an incident tells at least so many persons."""
    return bool(await tx.raw.fetchval(_ARE_TOLD, tenant_id, incident_id, many))


async def give_up_asking(tx: Tx, tenant_id: str, incident_id: UUID, most: int, asked_for: timedelta) -> None:
    """Count those as asked long ago who have waited longest: all but so many. They are then erased as others are."""
    await tx.raw.execute(_GIVE_UP_ASKING, tenant_id, incident_id, most, asked_for, tx.now)


async def page(tx: Tx, tenant_id: str, incident_id: UUID, limit: int, after: str | None = None) -> Sequence[Subscriber]:
    """Return those who are told, by their keys, after one of them."""
    return [Subscriber(**row) for row in await tx.raw.fetch(_PAGE, tenant_id, incident_id, after, limit)]


async def read(tx: Tx, tenant_id: str, incident_id: UUID, person_key: str) -> Subscriber | None:
    """Return one subscriber; None where there is none."""
    row = await tx.raw.fetchrow(_READ, tenant_id, incident_id, person_key)
    return None if row is None else Subscriber(**row)


async def of_over(
    tx: Tx, asked_before: datetime, closed_before: datetime, resolved_before: datetime, limit: int
) -> list[tuple[str, UUID, str]]:
    """Return whose address is needed no longer, as (tenant, incident, person key), of all tenants.

    Args:
        tx: the open transaction of a worker.
        asked_before: who was asked before then has not agreed.
        closed_before: the incident was closed before then.
        resolved_before: or it was resolved before then, and has stayed so.
        limit: at most so many.
    """
    return [tuple(row) for row in await tx.raw.fetch(_OF_OVER, asked_before, closed_before, resolved_before, limit)]


async def erase(tx: Tx, tenant_id: str, person_key: str) -> None:
    """Delete a person from the subscribers of all incidents."""
    await tx.raw.execute(_ERASE, tenant_id, person_key)


async def reseal(tx: Tx, max_rows: int, vault: Vault) -> Resealed:
    """Encrypt up to so many addresses again that are not under the current key."""
    rows = await tx.raw.fetch(_STALE, vault.current_prefix, vault.prefixes, max_rows)
    done = 0
    for row in rows:
        key = row["tenant_id"], row["incident_id"], row["person_key"]
        try:
            again = vault.reseal(row["sealed"], place(*key))
        except UNOPENED:
            continue
        await tx.raw.execute(_SEAL, *key, again)
        done += 1
    return Resealed(done, len(rows) - done)
