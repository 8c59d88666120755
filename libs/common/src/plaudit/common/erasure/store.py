"""Every SQL statement about what was erased, and those that scrub the runtime's tables of a service."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.common.erasure.domain import SETTLING, Erased, Kind, Stage
from plaudit.common.erasure.tables import erased

_ALL = Columns(erased)

# A person is erased again when the person came back; all stores are then scrubbed once more.
_NOTE = f"""
INSERT INTO erased ({_ALL.listed}) SELECT * FROM {_ALL.unnest()}
ON CONFLICT (tenant_id, kind, name) DO UPDATE SET {_ALL.excluded()} WHERE erased.erased_at < excluded.erased_at
"""
# Each is looked up by itself, behind OFFSET 0: otherwise a plan made over a small table would read all of it.
_AMONG = """
SELECT told.tenant_id, told.kind, told.name, found.erased_at
FROM unnest($1::text[], $2::text[], $3::text[]) AS told (tenant_id, kind, name)
CROSS JOIN LATERAL (
    SELECT erased_at FROM erased
    WHERE erased.tenant_id = told.tenant_id AND erased.kind = told.kind AND erased.name = told.name
    OFFSET 0
) AS found
"""
_OPEN = f"SELECT {_ALL.listed} FROM erased WHERE stage <> 'done' AND noted_at <= $1 ORDER BY noted_at LIMIT 1"
HAS_OPEN: Final = """
SELECT EXISTS (SELECT FROM erased WHERE stage <> 'done' AND noted_at <= {now} - make_interval(secs => $1))
"""
"""Whether stores are to be scrubbed, given how many seconds settling takes; for `Database.holds`."""
_SAVE = """
UPDATE erased SET stage = $4, place = $5, wanted = $6
WHERE tenant_id = $1 AND kind = $2 AND name = $3 AND stage = $7 AND place = $8 AND noted_at = $9
"""
_LETTERS = """
SELECT id, record_key, CASE WHEN tells THEN value END AS value, tells FROM (
    SELECT *, position($3::bytea IN coalesce(value, '')) > 0 OR position($3::bytea IN coalesce(record_key, '')) > 0
        OR position($3::bytea IN convert_to(error, 'UTF8')) > 0 AS tells
    FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2
) AS next ORDER BY id
"""
_REWRITE_LETTER = "UPDATE dead_letters SET value = $2, record_key = $3, error = $4 WHERE id = $1"
_OUTBOX = """
SELECT xid::text AS xid, id, written_at,
    CASE WHEN position($4::bytea IN envelope) > 0 THEN envelope END AS envelope, key
FROM outbox WHERE (outbox.xid, outbox.id) > ($1::text::xid8, $2::bigint) ORDER BY outbox.xid, outbox.id LIMIT $3
"""
_REWRITE_OUTBOX = "UPDATE outbox SET envelope = $4 WHERE written_at = $1 AND xid = $2::text::xid8 AND id = $3"


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter; the value is None where it does not tell of what is looked for."""

    id: UUID
    record_key: bytes | None
    value: bytes | None
    tells: bool


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row of the outbox; the envelope is None where it does not tell of what is looked for."""

    xid: str
    id: int
    written_at: datetime
    envelope: bytes | None
    key: bytes


async def note(tx: Tx, noted: Collection[Erased]) -> None:
    """Remember what was erased; one that is known with the same time stays as it is."""
    latest = {(each.tenant_id, each.kind, each.name): each for each in sorted(noted, key=lambda each: each.erased_at)}
    if latest:
        await tx.raw.execute(_NOTE, *_ALL.arrays(latest[key] for key in sorted(latest)))


async def among(tx: Tx, keys: Collection[tuple[str, Kind, str]]) -> dict[tuple[str, Kind, str], datetime]:
    """Return those of `(tenant id, kind, name)` that were erased → up to when."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_AMONG, *map(list, zip(*keys, strict=True)))
    return {(row["tenant_id"], Kind(row["kind"]), row["name"]): row["erased_at"] for row in rows}


async def first_open(tx: Tx) -> Erased | None:
    """Return what was noted first of what is settled and not scrubbed everywhere."""
    row = await tx.raw.fetchrow(_OPEN, tx.now - SETTLING)
    return None if row is None else _erased(row)


async def save(tx: Tx, before: Erased, after: Erased) -> None:
    """Store how far the scrubbing is, unless another process has stored more."""
    key = (before.tenant_id, before.kind, before.name)
    await tx.raw.execute(
        _SAVE, *key, after.stage, after.place, after.wanted, before.stage, before.place, before.noted_at
    )


async def letters_after(tx: Tx, after: UUID, limit: int, needle: bytes) -> Sequence[StoredLetter]:
    """Return the next dead letters, with the values of those that hold the needle."""
    return [StoredLetter(**row) for row in await tx.raw.fetch(_LETTERS, after, limit, needle)]


async def rewrite_letter(tx: Tx, letter_id: UUID, value: bytes | None, record_key: bytes | None, error: str) -> None:
    """Put other bytes into a dead letter; its place, its number and its order keys stay."""
    await tx.raw.execute(_REWRITE_LETTER, letter_id, value, record_key, error)


async def outbox_after(tx: Tx, xid: str, row_id: int, limit: int, needle: bytes) -> Sequence[OutboxRow]:
    """Return the next rows of the outbox, with the envelopes of those that hold the needle."""
    return [OutboxRow(**row) for row in await tx.raw.fetch(_OUTBOX, xid, row_id, limit, needle)]


async def rewrite_outbox(tx: Tx, row: OutboxRow, envelope: bytes) -> int:
    """Put another envelope into a row of the outbox; its place and its number stay."""
    return rows_changed(await tx.raw.execute(_REWRITE_OUTBOX, row.written_at, row.xid, row.id, envelope))


def _erased(row: Mapping[str, Any] | Any) -> Erased:
    return Erased(**{**dict(row), "kind": Kind(row["kind"]), "stage": Stage(row["stage"])})
