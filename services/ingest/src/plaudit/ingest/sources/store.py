"""Every statement about sources. What proves deliveries is stored encrypted."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Select, delete, insert, select, tuple_, update

from plaudit.common.db import SqlTx, Tx
from plaudit.common.vault import UNOPENED, Place, Resealed, Vault
from plaudit.ingest.sources.domain import Answers, AnswersOf, KeyedSource, Source
from plaudit.ingest.sources.tables import deleted_sources, sources

_FIND = "SELECT * FROM find_source($1)"
_SEALED = ("secret", "path_token")
MORE: Final = "more_secrets"
_UNTIL: Final = "more_secrets_until"
_SEALED_BEFORE = """
SELECT tenant_id, id, secret, path_token, more_secrets FROM sources
WHERE NOT starts_with(secret, $1) OR NOT starts_with(path_token, $1)
    OR EXISTS (SELECT FROM unnest(more_secrets) AS other WHERE NOT starts_with(other, $1))
ORDER BY EXISTS (SELECT FROM unnest($3::text[]) AS known WHERE starts_with(secret, known)) DESC, id LIMIT $2
"""
_DELETE_ATTEMPTS = "DELETE FROM failed_attempts WHERE tenant_id = $1 AND source_id = $2"
_RESEAL = "UPDATE sources SET secret = $2, path_token = $3, more_secrets = $4 WHERE id = $1 AND secret = $5"

_CREDENTIALS = "SELECT answering_credentials FROM sources WHERE tenant_id = $1 AND id = $2"
_SET_CREDENTIALS = "UPDATE sources SET answering_credentials = $3 WHERE tenant_id = $1 AND id = $2"
_CREDENTIALS_BEFORE = """
SELECT tenant_id, id, answering_credentials FROM sources
WHERE NOT starts_with(answering_credentials, $1)
ORDER BY EXISTS (SELECT FROM unnest($3::text[]) AS known WHERE starts_with(answering_credentials, known)) DESC, id
LIMIT $2
"""
_RESEAL_CREDENTIALS = "UPDATE sources SET answering_credentials = $2 WHERE id = $1 AND answering_credentials = $3"
CREDENTIALS: Final = "answering_credentials"
_decode_credentials = msgspec.json.Decoder(dict[str, str]).decode


_IS_POLLED = "EXISTS (SELECT FROM pulls WHERE tenant_id = {tenant} AND source_id = {source} AND watermark IS NOT NULL)"
"""Whether a walk through the pages of a source's platform has come to its end: until then, nothing is missing yet."""
_ASK_POLLED = f"SELECT {_IS_POLLED.format(tenant='$1', source='$2')}"
_TELLING = f"""
SELECT s.id, s.platform, nullif(s.mapping, 'null')::text AS mapping,
    {_IS_POLLED.format(tenant="s.tenant_id", source="s.id")} AS is_polled
FROM sources AS s WHERE s.tenant_id = $1 AND ($2::uuid[] IS NULL OR s.id = ANY($2))
"""
_DELETED = "SELECT source_id FROM deleted_sources WHERE tenant_id = $1"


async def add(tx: SqlTx, source: Source, vault: Vault) -> None:
    """Store a new source."""
    await tx.sql.execute(insert(sources).values({**_sealed(source, vault), "id": UUID(source.id)}))


async def find(tx: Tx, source_id: UUID, vault: Vault) -> KeyedSource | None:
    """Return a source before its tenant is known: a single-row look-up that row level security does not bind."""
    row = await tx.raw.fetchrow(_FIND, source_id)
    return None if row is None else KeyedSource(**_values(dict(row), vault, tx.now))


async def get(tx: SqlTx, tenant_id: str, source_id: UUID, vault: Vault) -> Source | None:
    """Return one of the tenant's sources."""
    return await _one(tx, _of_id(tenant_id, source_id), vault)


async def exists(tx: SqlTx, tenant_id: str, source_id: UUID) -> bool:
    """Return whether it is one of the tenant's sources."""
    statement = select(sources.c.id).where(sources.c.tenant_id == tenant_id, sources.c.id == source_id)
    return (await tx.sql.execute(statement)).one_or_none() is not None


async def lock(tx: SqlTx, tenant_id: str, source_id: UUID, vault: Vault) -> Source | None:
    """Return one of the tenant's sources, which nobody else changes until the transaction ends."""
    return await _one(tx, _of_id(tenant_id, source_id).with_for_update(), vault)


async def save(tx: SqlTx, source: Source, vault: Vault) -> None:
    """Store a source that has changed. Of one whose secrets cannot be decrypted, these stay as they are stored."""
    of_source = (sources.c.tenant_id == source.tenant_id) & (sources.c.id == UUID(source.id))
    values = {**_sealed(source, vault), "id": UUID(source.id)}
    await tx.sql.execute(update(sources).where(of_source).values(values))


async def remove(tx: SqlTx, tenant_id: str, source_id: UUID) -> None:
    """Delete a source and its log of failed attempts; what it has sent stays, and that it was deleted."""
    await tx.sql.execute(delete(sources).where(sources.c.tenant_id == tenant_id, sources.c.id == source_id))
    await tx.raw.execute(_DELETE_ATTEMPTS, tenant_id, source_id)
    gone = {"tenant_id": tenant_id, "source_id": source_id, "deleted_at": tx.now}
    await tx.sql.execute(insert(deleted_sources).values(gone))


async def page(
    tx: SqlTx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int, vault: Vault
) -> list[Source]:
    """Return up to `limit` of the tenant's sources, oldest first."""
    columns = sources.c
    statement = select(sources).where(columns.tenant_id == tenant_id)
    if after is not None:
        statement = statement.where(tuple_(columns.created_at, columns.id) > after)
    ordered = statement.order_by(columns.created_at, columns.id).limit(limit)
    return [Source(**_values(row, vault, tx.now)) for row in (await tx.sql.execute(ordered)).mappings()]


@dataclass(frozen=True)
class Activity:
    """What has come to a source."""

    last_delivery_at: datetime | None = None
    """None if there was none in the time that deliveries are kept."""
    last_status: int | None = None
    """What the last delivery was answered."""
    last_reason: str | None = None
    """Why nothing of the last delivery was taken, if so."""
    has_reviews: bool = False
    last_failed_at: datetime | None = None
    """When the last delivery came that was not proven."""
    last_failure: str | None = None
    """Why that one was not."""


async def activity(tx: Tx, tenant_id: str, source_ids: Sequence[UUID]) -> dict[str, Activity]:
    """Return what has come to each of these sources, by its id."""
    rows = await tx.raw.fetch(_ACTIVITY, tenant_id, source_ids)
    return {
        str(source_id): Activity(**found) for source_id, found in ((r.pop("source_id"), r) for r in map(dict, rows))
    }


_ACTIVITY = """
SELECT wanted.source_id, last.received_at AS last_delivery_at, last.status AS last_status,
       coalesce(last.quarantine_reason, last.quarantined -> 0 ->> 1) AS last_reason,
       EXISTS (SELECT FROM reviews r WHERE r.source_id = wanted.source_id AND r.revision > 0) AS has_reviews,
       failed.last_at AS last_failed_at, failed.detail AS last_failure
FROM unnest($2::uuid[]) AS wanted (source_id)
LEFT JOIN LATERAL (
    SELECT d.received_at, d.status, d.quarantine_reason, d.quarantined FROM deliveries d
    WHERE d.tenant_id = $1 AND d.source_id = wanted.source_id AND d.received_at > '-infinity'
    ORDER BY d.received_at DESC, d.id DESC LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT f.last_at, f.detail FROM failed_attempts f
    WHERE f.tenant_id = $1 AND f.source_id = wanted.source_id ORDER BY f.hour DESC, f.last_at DESC LIMIT 1
) AS failed ON true
"""


async def is_polled(tx: Tx, tenant_id: str, source_id: UUID) -> bool:
    """Return whether the platform of a source was asked for all it has, and is asked since."""
    return bool(await tx.raw.fetchval(_ASK_POLLED, tenant_id, source_id))


async def answers_told(
    tx: Tx, tenant_id: str, source_ids: Collection[UUID], answers_of: AnswersOf
) -> dict[UUID, Answers]:
    """Return whether answers are told at each of these sources. Of one that was deleted nothing is told any more."""
    rows = await tx.raw.fetch(_TELLING, tenant_id, list(source_ids))
    told = dict.fromkeys(source_ids, Answers.UNTOLD)
    for row in rows:
        told[row["id"]] = answers_of(row["platform"], row["mapping"], is_polled=row["is_polled"])
    return told


async def silent(tx: Tx, tenant_id: str, answers_of: AnswersOf) -> frozenset[UUID]:
    """Return the tenant's sources at which answers are not told: a review without one may have one.

    Those that were deleted are among them, as in `answers_told`: there can be as many as the tenant has ever had.
    """
    rows = await tx.raw.fetch(_TELLING, tenant_id, None)
    told = ((row["id"], answers_of(row["platform"], row["mapping"], is_polled=row["is_polled"])) for row in rows)
    deleted = (row["source_id"] for row in await tx.raw.fetch(_DELETED, tenant_id))
    return frozenset((*(source_id for source_id, answers in told if answers is Answers.UNTOLD), *deleted))


async def reseal(tx: Tx, max_rows: int, vault: Vault) -> Resealed:
    """Encrypt the secrets of up to `max_rows` sources again that are not under the current key."""
    rows = await tx.raw.fetch(_SEALED_BEFORE, vault.current_prefix, max_rows, vault.prefixes)
    resealed = 0
    for row in rows:
        place = partial(_place, row["tenant_id"], str(row["id"]))
        with suppress(*UNOPENED):
            again = [None if row[name] is None else vault.reseal(row[name], place(name)) for name in _SEALED]
            more = [vault.reseal(secret, place(MORE)) for secret in row[MORE]]
            await tx.raw.execute(_RESEAL, row["id"], *again, more, row["secret"])
            resealed += 1
    return Resealed(resealed, len(rows) - resealed)


async def answering_credentials(tx: Tx, tenant_id: str, source_id: UUID, vault: Vault) -> dict[str, str] | None:
    """Return by which credentials answers are sent to the platform, by name; none where there are none.

    None where they cannot be decrypted.
    """
    sealed = await tx.raw.fetchval(_CREDENTIALS, tenant_id, source_id)
    if sealed is None:
        return {}
    try:
        return _decode_credentials(vault.open(sealed, _credentials_place(tenant_id, source_id)))
    except UNOPENED:
        return None


async def set_answering_credentials(
    tx: Tx, tenant_id: str, source_id: UUID, given: Mapping[str, str], vault: Vault
) -> None:
    """Store by which credentials answers are sent, encrypted; without any, none are stored."""
    text = msgspec.json.encode(given).decode()
    sealed = vault.seal(text, _credentials_place(tenant_id, source_id)) if given else None
    await tx.raw.execute(_SET_CREDENTIALS, tenant_id, source_id, sealed)


async def reseal_credentials(tx: Tx, max_rows: int, vault: Vault) -> Resealed:
    """Encrypt the credentials of up to `max_rows` sources again that are not under the current key."""
    rows = await tx.raw.fetch(_CREDENTIALS_BEFORE, vault.current_prefix, max_rows, vault.prefixes)
    resealed = 0
    for row in rows:
        with suppress(*UNOPENED):
            again = vault.reseal(row[CREDENTIALS], _credentials_place(row["tenant_id"], row["id"]))
            await tx.raw.execute(_RESEAL_CREDENTIALS, row["id"], again, row[CREDENTIALS])
            resealed += 1
    return Resealed(resealed, len(rows) - resealed)


def _credentials_place(tenant_id: str, source_id: UUID) -> Place:
    return _place(tenant_id, str(source_id), CREDENTIALS)


def _sealed(source: Source, vault: Vault) -> dict[str, Any]:
    """Return a source's columns by name, without those of secrets that cannot be decrypted."""
    values = msgspec.structs.asdict(source)
    values["mapping"] = None if source.mapping is None else msgspec.json.decode(source.mapping)
    if source.is_unopened:
        return {name: value for name, value in values.items() if name not in {*_SEALED, MORE, _UNTIL}}
    place = partial(_place, source.tenant_id, source.id)
    for name in _SEALED:
        if values[name] is not None:
            values[name] = vault.seal(values[name], place(name))
    return {**values, MORE: [vault.seal(secret, place(MORE)) for secret in source.more_secrets]}


def _of_id(tenant_id: str, source_id: UUID) -> Select[Any]:
    return select(sources).where(sources.c.tenant_id == tenant_id, sources.c.id == source_id)


async def _one(tx: SqlTx, statement: Select[Any], vault: Vault) -> Source | None:
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else Source(**_values(row, vault, tx.now))


def _values(row: Mapping[Any, Any], vault: Vault, now: datetime) -> dict[str, Any]:
    """Return the fields of a source, without the secrets that have ended."""
    values = {**row, "id": str(row["id"]), "allowed_addresses": tuple(row["allowed_addresses"])}
    if not isinstance(row["mapping"], str | None):
        values["mapping"] = msgspec.json.encode(row["mapping"]).decode()
    try:
        return values | _opened(values, vault, now)
    except UNOPENED:
        return {**values, **dict.fromkeys(_SEALED), MORE: (), _UNTIL: ()}


def _opened(row: Mapping[Any, Any], vault: Vault, now: datetime) -> dict[str, Any]:
    """Return all that proves the deliveries of a source now, by column.

    Raises:
        MissingKeyError: the key is missing that it was encrypted with.
        SealedValueError: some of it is damaged.
    """
    place = partial(_place, row["tenant_id"], row["id"])
    opened = {name: None if row[name] is None else vault.open(row[name], place(name)) for name in _SEALED}
    more = zip(row[MORE], row[_UNTIL], strict=True)
    valid = [(vault.open(sealed, place(MORE)), until) for sealed, until in more if until is None or until > now]
    return {**opened, MORE: tuple(secret for secret, _ in valid), _UNTIL: tuple(until for _, until in valid)}


def _place(tenant_id: str, source_id: str, column: str) -> Place:
    return Place(tenant_id, "sources", source_id, column)
