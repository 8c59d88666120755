"""Every statement about sources. What proves deliveries is stored encrypted."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, tuple_, update

from plaudit.common.db import SqlTx, Tx
from plaudit.common.vault import Place, Vault
from plaudit.ingest.sources.domain import KeyedSource, Source
from plaudit.ingest.sources.tables import sources

_FIND = "SELECT * FROM find_source($1)"
_SEALED = ("secret", "path_token")
MORE: Final = "more_secrets"
_SEALED_BEFORE = """
SELECT tenant_id, id, secret, path_token, more_secrets FROM sources
WHERE NOT starts_with(secret, $1) OR NOT starts_with(path_token, $1)
    OR EXISTS (SELECT FROM unnest(more_secrets) AS other WHERE NOT starts_with(other, $1)) ORDER BY id LIMIT $2
"""
_RESEAL = "UPDATE sources SET secret = $2, path_token = $3, more_secrets = $4 WHERE id = $1 AND secret = $5"


async def add(tx: SqlTx, source: Source, vault: Vault) -> None:
    """Store a new source."""
    await tx.sql.execute(insert(sources).values({**_sealed(source, vault), "id": UUID(source.id)}))


async def find(tx: Tx, source_id: UUID, vault: Vault) -> KeyedSource | None:
    """Return a source before its tenant is known: a single-row look-up that row level security does not bind."""
    row = await tx.raw.fetchrow(_FIND, source_id)
    return None if row is None else KeyedSource(**_values(dict(row), vault))


async def get(tx: SqlTx, tenant_id: str, source_id: UUID, vault: Vault) -> Source | None:
    """Return one of the tenant's sources."""
    statement = select(sources).where(sources.c.tenant_id == tenant_id, sources.c.id == source_id)
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else Source(**_values(row, vault))


async def exists(tx: SqlTx, tenant_id: str, source_id: UUID) -> bool:
    """Return whether it is one of the tenant's sources."""
    statement = select(sources.c.id).where(sources.c.tenant_id == tenant_id, sources.c.id == source_id)
    return (await tx.sql.execute(statement)).one_or_none() is not None


async def set_secrets(tx: SqlTx, source: Source, vault: Vault) -> None:
    """Store which secrets count for a source."""
    of_source = (sources.c.tenant_id == source.tenant_id) & (sources.c.id == UUID(source.id))
    sealed = _sealed(source, vault)
    secrets = {name: sealed[name] for name in ("secret", "more_secrets")}
    await tx.sql.execute(update(sources).where(of_source).values(secrets))


async def set_mapping(tx: SqlTx, source: Source, vault: Vault) -> None:
    """Store the mapping of a source, and the secret in its address, which depends on it."""
    of_source = (sources.c.tenant_id == source.tenant_id) & (sources.c.id == UUID(source.id))
    sealed = _sealed(source, vault)
    changed = {name: sealed[name] for name in ("mapping", "path_token")}
    await tx.sql.execute(update(sources).where(of_source).values(changed))


async def page(
    tx: SqlTx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int, vault: Vault
) -> list[Source]:
    """Return up to `limit` of the tenant's sources, oldest first."""
    columns = sources.c
    statement = select(sources).where(columns.tenant_id == tenant_id)
    if after is not None:
        statement = statement.where(tuple_(columns.created_at, columns.id) > after)
    ordered = statement.order_by(columns.created_at, columns.id).limit(limit)
    return [Source(**_values(row, vault)) for row in (await tx.sql.execute(ordered)).mappings()]


async def reseal(tx: Tx, max_rows: int, vault: Vault) -> int:
    """Encrypt the secrets of up to `max_rows` sources again that are not under the current key; return how many."""
    rows = await tx.raw.fetch(_SEALED_BEFORE, vault.current_prefix, max_rows)
    for row in rows:
        place = partial(_place, row["tenant_id"], str(row["id"]))
        again = [None if row[name] is None else vault.reseal(row[name], place(name)) for name in _SEALED]
        more = [vault.reseal(secret, place(MORE)) for secret in row[MORE]]
        await tx.raw.execute(_RESEAL, row["id"], *again, more, row["secret"])
    return len(rows)


def _sealed(source: Source, vault: Vault) -> dict[str, Any]:
    """Return a source's columns by name."""
    values = msgspec.structs.asdict(source)
    place = partial(_place, source.tenant_id, source.id)
    for name in _SEALED:
        if values[name] is not None:
            values[name] = vault.seal(values[name], place(name))
    mapping = None if source.mapping is None else msgspec.json.decode(source.mapping)
    return {**values, "mapping": mapping, MORE: [vault.seal(secret, place(MORE)) for secret in source.more_secrets]}


def _values(row: Mapping[Any, Any], vault: Vault) -> dict[str, Any]:
    values = {**row, "id": str(row["id"]), "allowed_addresses": tuple(row["allowed_addresses"])}
    place = partial(_place, values["tenant_id"], values["id"])
    for name in _SEALED:
        if values[name] is not None:
            values[name] = vault.open(values[name], place(name))
    if not isinstance(row["mapping"], str | None):
        values["mapping"] = msgspec.json.encode(row["mapping"]).decode()
    return {**values, MORE: tuple(vault.open(secret, place(MORE)) for secret in row[MORE])}


def _place(tenant_id: str, source_id: str, column: str) -> Place:
    return Place(tenant_id, "sources", source_id, column)
