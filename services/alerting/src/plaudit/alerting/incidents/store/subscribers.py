"""Subscribers of incidents: persons who are told by mail. Their addresses are encrypted in the vault."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.vault import UNOPENED, Place, Resealed, Vault

_ADD: Final = """
INSERT INTO incident_subscribers (tenant_id, incident_id, person_key, language, sealed, added_at, added_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
_DELETE: Final = "DELETE FROM incident_subscribers WHERE tenant_id = $1 AND incident_id = $2 AND person_key = $3"
_COUNT: Final = "SELECT count(*) FROM incident_subscribers WHERE tenant_id = $1 AND incident_id = $2"
_PAGE: Final = """
SELECT person_key, language, added_at, added_by, sealed FROM incident_subscribers
WHERE tenant_id = $1 AND incident_id = $2 AND ($3::text IS NULL OR person_key > $3) ORDER BY person_key LIMIT $4
"""
_READ: Final = """
SELECT person_key, language, added_at, added_by, sealed FROM incident_subscribers
WHERE tenant_id = $1 AND incident_id = $2 AND person_key = $3
"""
_ERASE: Final = "DELETE FROM incident_subscribers WHERE tenant_id = $1 AND person_key = $2"
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


def place(tenant_id: str, incident_id: UUID, person_key: str) -> Place:
    """Return where the address of a subscriber is stored."""
    return Place(tenant_id, "incident_subscribers", f"{incident_id}:{person_key}", "sealed")


async def add(tx: Tx, tenant_id: str, incident_id: UUID, subscriber: Subscriber) -> bool:
    """Write a subscriber; return whether they were none before."""
    each = subscriber
    values = (each.person_key, each.language, each.sealed, each.added_at, each.added_by)
    return rows_changed(await tx.raw.execute(_ADD, tenant_id, incident_id, *values)) == 1


async def delete(tx: Tx, tenant_id: str, incident_id: UUID, person_key: str) -> bool:
    """Delete a subscriber; return whether there was one."""
    return rows_changed(await tx.raw.execute(_DELETE, tenant_id, incident_id, person_key)) == 1


async def count(tx: Tx, tenant_id: str, incident_id: UUID) -> int:
    """Return how many subscribers an incident has."""
    return int(await tx.raw.fetchval(_COUNT, tenant_id, incident_id))


async def page(tx: Tx, tenant_id: str, incident_id: UUID, limit: int, after: str | None = None) -> Sequence[Subscriber]:
    """Return subscribers by their keys, after one of them."""
    return [Subscriber(**row) for row in await tx.raw.fetch(_PAGE, tenant_id, incident_id, after, limit)]


async def read(tx: Tx, tenant_id: str, incident_id: UUID, person_key: str) -> Subscriber | None:
    """Return one subscriber; None where there is none."""
    row = await tx.raw.fetchrow(_READ, tenant_id, incident_id, person_key)
    return None if row is None else Subscriber(**row)


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
