"""Every SQL statement about endpoints."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from asyncpg import Record

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.delivery.domain.endpoint import Endpoint, EndpointState, Secrets
from plaudit.common.vault import UNOPENED, Place, Resealed, Vault

SYSTEM: Final = "system"
"""In place of a person, where nobody did it."""
DISABLED: Final = "disabled: "
"""The beginning of what is noted then."""
_COLUMNS: Final = "tenant_id, id, name, channel, origin, topics, state, reason, created_at, created_by"
_ALL: Final = f"SELECT {_COLUMNS} FROM endpoints WHERE tenant_id = $1 ORDER BY lower(name), id"
_COUNT: Final = "SELECT count(*) FROM endpoints WHERE tenant_id = $1"
_LOAD: Final = f"""
SELECT {_COLUMNS}, sealed FROM endpoints JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
"""
_CHOICES: Final = (
    "SELECT tenant_id, id, channel, topics, state, created_at FROM endpoints WHERE tenant_id = ANY($1::text[])"
)
_INSERT: Final = f"""
INSERT INTO endpoints ({_COLUMNS}, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_UPDATE: Final = """
UPDATE endpoints SET name = $3, origin = $4, topics = $5, sealed = $6 WHERE tenant_id = $1 AND id = $2
"""
_SET_STATE: Final = """
UPDATE endpoints SET state = $3, reason = $4 WHERE tenant_id = $1 AND id = $2 AND state <> $3
"""
_SEAL: Final = "UPDATE endpoints SET sealed = $3 WHERE tenant_id = $1 AND id = $2"
_DELETE: Final = "DELETE FROM endpoints WHERE tenant_id = $1 AND id = $2"
_NOTE: Final = """
INSERT INTO endpoint_changes (tenant_id, endpoint_id, changed_at, actor, change) VALUES ($1, $2, $3, $4, $5)
"""
_CHANGES: Final = """
SELECT changed_at, actor, change FROM endpoint_changes WHERE tenant_id = $1 AND endpoint_id = $2
ORDER BY id DESC LIMIT $3
"""
_DISABLED_AT: Final = """
SELECT changed_at FROM endpoint_changes WHERE tenant_id = $1 AND endpoint_id = $2 AND actor = $3
AND starts_with(change, $4) ORDER BY id DESC LIMIT 1
"""
_STALE: Final = """
SELECT tenant_id, id, sealed FROM endpoints WHERE NOT starts_with(sealed, $1)
AND EXISTS (SELECT FROM unnest($2::text[]) AS k (prefix) WHERE starts_with(sealed, k.prefix))
ORDER BY tenant_id, id LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_OUTLETS: Final = """
SELECT outlet, failures, rests_until FROM outlets WHERE tenant_id = $1 AND outlet = ANY($2::text[])
"""


@dataclass(frozen=True, slots=True)
class Choices:
    """What of an endpoint decides whether a message goes there."""

    tenant_id: str
    id: UUID
    channel: str
    topics: Sequence[str]
    state: str
    created_at: datetime

    @property
    def is_enabled(self) -> bool:
        """Whether messages go there."""
        return self.state == EndpointState.ENABLED


@dataclass(frozen=True, slots=True)
class Stored:
    """An endpoint with its secrets, encrypted."""

    endpoint: Endpoint
    sealed: str = field(repr=False)


def place(tenant_id: str, endpoint_id: UUID) -> Place:
    """Return where the secrets of an endpoint are stored."""
    return Place(tenant_id, "endpoints", str(endpoint_id), "sealed")


def opened(stored: Stored, vault: Vault) -> tuple[Endpoint, Secrets]:
    """Return an endpoint with its secrets.

    Raises:
        MissingKeyError, SealedValueError: they cannot be decrypted.
    """
    each = stored.endpoint
    text = vault.open(stored.sealed, place(each.tenant_id, each.id))
    return each, msgspec.json.decode(text, type=Secrets)


async def all_of(tx: Tx, tenant_id: str) -> list[Endpoint]:
    """Return the endpoints of a tenant, by name."""
    return [_endpoint(row) for row in await tx.raw.fetch(_ALL, tenant_id)]


async def count(tx: Tx, tenant_id: str) -> int:
    """Return how many endpoints a tenant has."""
    return int(await tx.raw.fetchval(_COUNT, tenant_id))


async def load(tx: Tx, keys: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], Stored]:
    """Return endpoints by (tenant, id)."""
    if not keys:
        return {}
    pairs = list(keys)
    rows = await tx.raw.fetch(_LOAD, [tenant for tenant, _ in pairs], [each for _, each in pairs])
    return {(row["tenant_id"], row["id"]): Stored(_endpoint(row), row["sealed"]) for row in rows}


async def choices(tx: Tx, tenants: Iterable[str]) -> Mapping[str, Sequence[Choices]]:
    """Return what the endpoints of tenants take."""
    asked = sorted(tenants)
    found: dict[str, list[Choices]] = {}
    for row in await tx.raw.fetch(_CHOICES, asked) if asked else ():
        found.setdefault(row["tenant_id"], []).append(Choices(**row))
    return found


async def add(tx: Tx, endpoint: Endpoint, secrets: Secrets, vault: Vault) -> None:
    """Write a new endpoint."""
    each = endpoint
    values = (each.tenant_id, each.id, each.name, each.channel, each.origin, list(each.topics))
    state = (each.state, each.reason, each.created_at, each.created_by)
    await tx.raw.execute(_INSERT, *values, *state, _sealed(each, secrets, vault))


async def save(tx: Tx, endpoint: Endpoint, secrets: Secrets, vault: Vault) -> None:
    """Write what has changed of an endpoint."""
    each = endpoint
    sealed = _sealed(each, secrets, vault)
    await tx.raw.execute(_UPDATE, each.tenant_id, each.id, each.name, each.origin, list(each.topics), sealed)


async def set_state(tx: Tx, tenant_id: str, endpoint_id: UUID, state: str, reason: str) -> bool:
    """Enable or disable an endpoint; return whether it was otherwise before."""
    return rows_changed(await tx.raw.execute(_SET_STATE, tenant_id, endpoint_id, state, reason)) == 1


async def delete(tx: Tx, tenant_id: str, endpoint_id: UUID) -> bool:
    """Delete an endpoint; return whether there was one. What was sent to it stays in the log."""
    return rows_changed(await tx.raw.execute(_DELETE, tenant_id, endpoint_id)) == 1


async def note(tx: Tx, tenant_id: str, endpoint_id: UUID, actor: str, change: str) -> None:
    """Write who changed what."""
    await tx.raw.execute(_NOTE, tenant_id, endpoint_id, tx.now, actor, change)


async def changes(tx: Tx, tenant_id: str, endpoint_id: UUID, limit: int) -> list[Record]:
    """Return who changed what of an endpoint, the newest first."""
    return await tx.raw.fetch(_CHANGES, tenant_id, endpoint_id, limit)


async def disabled_at(tx: Tx, tenant_id: str, endpoint_id: UUID) -> datetime | None:
    """Return when an endpoint was last disabled without anybody's doing; None where it never was."""
    found: datetime | None = await tx.raw.fetchval(_DISABLED_AT, tenant_id, endpoint_id, SYSTEM, DISABLED)
    return found


async def standing(tx: Tx, tenant_id: str, endpoint_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return how the outlets of endpoints stand: `failures` in a row, and `rests_until`."""
    rows = await tx.raw.fetch(_OUTLETS, tenant_id, [str(each) for each in endpoint_ids])
    return {UUID(row["outlet"]): dict(row) for row in rows}


async def reseal(tx: Tx, max_rows: int, vault: Vault) -> Resealed:
    """Encrypt the secrets of up to so many endpoints again that are not under the current key."""
    rows = await tx.raw.fetch(_STALE, vault.current_prefix, vault.prefixes, max_rows)
    done = 0
    for row in rows:
        try:
            again = vault.reseal(row["sealed"], place(row["tenant_id"], row["id"]))
        except UNOPENED:
            continue
        await tx.raw.execute(_SEAL, row["tenant_id"], row["id"], again)
        done += 1
    return Resealed(done, len(rows) - done)


def _sealed(endpoint: Endpoint, secrets: Secrets, vault: Vault) -> str:
    return vault.seal(msgspec.json.encode(secrets).decode(), place(endpoint.tenant_id, endpoint.id))


def _endpoint(row: Record) -> Endpoint:
    members = {name: row[name] for name in Endpoint.__struct_fields__}
    return Endpoint(**{**members, "topics": tuple(row["topics"])})
