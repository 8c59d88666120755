"""Every statement of imports, of the parts of their files, and of the rows that were not taken."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.ingest.imports.domain import Counts, Import, Stage, Understood, Wanted
from plaudit.ingest.imports.tables import imports
from plaudit.ingest.transfer.domain.rows import Reject

LEASE: Final = timedelta(seconds=30)
"""How long a process that has ended keeps others from carrying its import on."""

_IMPORTS = Columns(imports)
_SELECT = f"SELECT {_IMPORTS.listed} FROM imports"
_ADD = f"INSERT INTO imports ({_IMPORTS.listed}) VALUES ({_IMPORTS.values()})"
_PAGE = f"""
{_SELECT} WHERE tenant_id = $1 AND stage <> 'uploading'
    AND ($2::timestamptz IS NULL OR (requested_at, id) < ($2, $3::uuid))
ORDER BY requested_at DESC, id DESC LIMIT $4
"""
_ADD_CHUNK = "INSERT INTO import_chunks (tenant_id, import_id, number, bytes) VALUES ($1, $2, $3, $4)"
_CHUNK = "SELECT bytes FROM import_chunks WHERE import_id = $1 AND number = $2"
_UPLOADED = """
UPDATE imports SET stage = 'waiting', size_bytes = $3
WHERE tenant_id = $1 AND id = $2 AND stage = 'uploading'
"""
_RECEIVED = "UPDATE imports SET size_bytes = $3 WHERE tenant_id = $1 AND id = $2 AND stage = 'uploading'"
_START = """
UPDATE imports SET stage = 'waiting', wanted = $3::text::jsonb, dry_run = $4, backfill = $5, understood = NULL,
    rows_read = 0, skipped = 0, position = 0, accepted = 0, unchanged = 0, rejected = 0, reject_bytes = 0,
    finished_at = NULL
WHERE tenant_id = $1 AND id = $2 AND ((stage = 'uploading' AND size_bytes > 0) OR (stage = 'done' AND dry_run))
    AND EXISTS (SELECT FROM import_chunks AS c WHERE c.import_id = imports.id)
"""
_DROP_REJECTS = "DELETE FROM import_rejects WHERE tenant_id = $1 AND import_id = $2"
_DELETE = "DELETE FROM imports WHERE tenant_id = $1 AND id = $2"
_DROP_CHUNKS = "DELETE FROM import_chunks WHERE tenant_id = $1 AND import_id = $2"
_CANCEL = """
UPDATE imports SET stage = 'cancelled', finished_at = $3
WHERE tenant_id = $1 AND id = $2 AND stage IN ('waiting', 'reading', 'writing')
"""
# A claim is by the clock of the database itself, whatever time a test gives to transactions.
_CAN_BE_CARRIED_ON = """
stage IN ('waiting', 'reading', 'writing') AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
    AND NOT EXISTS (SELECT FROM sources AS s WHERE s.id = imports.source_id AND s.paused_at IS NOT NULL)
"""
HAS_OPEN: Final = f"SELECT EXISTS (SELECT FROM imports WHERE {_CAN_BE_CARRIED_ON})"
"""The condition that an import can be carried on, for `Database.holds`."""
_CLAIM = f"""
UPDATE imports SET claimed_by = $1, claimed_until = clock_timestamp() + $2::interval, stage = 'reading'
WHERE id = (
    SELECT id FROM imports WHERE {_CAN_BE_CARRIED_ON}
    ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING {_IMPORTS.listed}
"""
_EXTEND = """
UPDATE imports SET claimed_until = clock_timestamp() + $3::interval, rows_read = $4, skipped = $5,
    understood = $6::text::jsonb, stage = $7
WHERE id = $1 AND claimed_by = $2 AND stage IN ('reading', 'writing')
"""
_ADVANCE = """
UPDATE imports SET position = position + $4, accepted = accepted + $5, unchanged = unchanged + $6
WHERE id = $1 AND claimed_by = $2 AND stage IN ('reading', 'writing') AND position = $3
"""
_END = """
UPDATE imports SET stage = $3, reason = $4, finished_at = $5, claimed_by = NULL, claimed_until = NULL
WHERE id = $1 AND claimed_by = $2 AND stage IN ('reading', 'writing')
"""
_RELEASE = "UPDATE imports SET claimed_by = NULL, claimed_until = NULL WHERE id = $1 AND claimed_by = $2"
_ADD_REJECTS = """
INSERT INTO import_rejects (tenant_id, import_id, line, external_id, reason, cells)
SELECT $1, $2, * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]::jsonb[])
ON CONFLICT DO NOTHING RETURNING octet_length(cells::text) AS size
"""
_COUNT_REJECTS = """
UPDATE imports SET rejected = rejected + $2, reject_bytes = reject_bytes + $3 WHERE id = $1
RETURNING rejected, reject_bytes
"""
_REJECTS = """
SELECT line, external_id, reason, cells FROM import_rejects
WHERE tenant_id = $1 AND import_id = $2 AND line > $3 ORDER BY line LIMIT $4
"""
_DROP_OLD_CHUNKS = """
DELETE FROM import_chunks WHERE import_id IN (SELECT id FROM imports WHERE stage = 'done' AND finished_at < $1)
"""
_DELETE_OLD = """
DELETE FROM imports WHERE id IN (
    SELECT id FROM imports WHERE (stage = 'uploading' AND requested_at < $1) OR finished_at < $2 LIMIT $3
)
"""

_encode = msgspec.json.Encoder().encode


async def add(tx: Tx, new: Import) -> None:
    """Store a new import."""
    understood = None if new.understood is None else _json(new.understood)
    values = msgspec.structs.replace(new, wanted=_json(new.wanted), understood=understood)
    await tx.raw.execute(_ADD, *_IMPORTS.row(values))


async def add_chunk(tx: Tx, tenant_id: str, import_id: UUID, number: int, part: bytes) -> None:
    """Store a part of a file."""
    await tx.raw.execute(_ADD_CHUNK, tenant_id, import_id, number, part)


async def chunk(tx: Tx, import_id: UUID, number: int) -> bytes | None:
    """Return a part of a file; None behind the last one."""
    found: bytes | None = await tx.raw.fetchval(_CHUNK, import_id, number)
    return found


async def set_uploaded(tx: Tx, tenant_id: str, import_id: UUID, size_bytes: int) -> None:
    """Let a file that is whole wait for the job."""
    await tx.raw.execute(_UPLOADED, tenant_id, import_id, size_bytes)


async def set_received(tx: Tx, tenant_id: str, import_id: UUID, size_bytes: int) -> None:
    """Note that a file is whole, which waits for whoever sent it to say how it is to be read."""
    await tx.raw.execute(_RECEIVED, tenant_id, import_id, size_bytes)


async def start(tx: Tx, tenant_id: str, import_id: UUID, wanted: Wanted, *, dry_run: bool, backfill: bool) -> bool:
    """Let a file that is whole wait for the job, after a dry run too; return whether there is such a file."""
    values = (tenant_id, import_id, _json(wanted), dry_run, backfill)
    if not rows_changed(await tx.raw.execute(_START, *values)):
        return False
    await tx.raw.execute(_DROP_REJECTS, tenant_id, import_id)
    return True


async def remove(tx: Tx, tenant_id: str, import_id: UUID) -> None:
    """Delete an import with all that is stored of it."""
    await tx.raw.execute(_DELETE, tenant_id, import_id)


async def get(tx: Tx, tenant_id: str, import_id: UUID) -> Import | None:
    """Return one of the tenant's imports."""
    row = await tx.raw.fetchrow(f"{_SELECT} WHERE tenant_id = $1 AND id = $2", tenant_id, import_id)
    return None if row is None else _import(row)


async def page(tx: Tx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int) -> list[Import]:
    """Return up to `limit` of the tenant's imports, the latest first."""
    return [_import(row) for row in await tx.raw.fetch(_PAGE, tenant_id, *(after or (None, None)), limit)]


async def cancel(tx: Tx, tenant_id: str, import_id: UUID) -> bool:
    """End an import that has not ended; return whether that was so."""
    if not rows_changed(await tx.raw.execute(_CANCEL, tenant_id, import_id, tx.now)):
        return False
    await tx.raw.execute(_DROP_CHUNKS, tenant_id, import_id)
    return True


async def claim(tx: Tx, process: UUID) -> Import | None:
    """Return the oldest import that nobody carries out and whose source is not paused, for this process alone."""
    row = await tx.raw.fetchrow(_CLAIM, process, LEASE)
    return None if row is None else _import(row)


async def extend(tx: Tx, process: UUID, now: Import) -> bool:
    """Keep an import, and store how far reading is; return whether it is still this process's to carry out."""
    understood = None if now.understood is None else _json(now.understood)
    values = (now.id, process, LEASE, now.rows_read, now.skipped, understood, now.stage.value)
    return bool(rows_changed(await tx.raw.execute(_EXTEND, *values)))


async def advance(tx: Tx, process: UUID, import_id: UUID, position: int, counts: Counts) -> bool:
    """Count rows that are written by this transaction; return whether it may be committed."""
    values = (import_id, process, position, counts.rows, counts.accepted, counts.unchanged)
    return bool(rows_changed(await tx.raw.execute(_ADVANCE, *values)))


async def end(tx: Tx, process: UUID, ended: Import, now: datetime) -> None:
    """End an import, and delete its file; that of a dry run stays for a day, to be imported."""
    await tx.raw.execute(_END, ended.id, process, ended.stage.value, ended.reason, now)
    if not (ended.dry_run and ended.stage is Stage.DONE):
        await tx.raw.execute(_DROP_CHUNKS, ended.tenant_id, ended.id)


async def release(tx: Tx, process: UUID, import_id: UUID) -> None:
    """Let others carry an import on at once."""
    await tx.raw.execute(_RELEASE, import_id, process)


async def add_rejects(tx: Tx, of: Import, rejects: Sequence[Reject]) -> tuple[int, int]:
    """Store rows that are not taken, each once; return how many the import has, and of how many bytes."""
    lines, ids, reasons, cells = zip(*rejects, strict=True)
    encoded = [_encode(each).decode() for each in cells]
    new = await tx.raw.fetch(_ADD_REJECTS, of.tenant_id, of.id, lines, ids, reasons, encoded)
    row = await tx.raw.fetchrow(_COUNT_REJECTS, of.id, len(new), sum(each["size"] for each in new))
    return (0, 0) if row is None else (row["rejected"], row["reject_bytes"])


async def rejects(tx: Tx, tenant_id: str, import_id: UUID, after: int, limit: int) -> list[Reject]:
    """Return the rows behind a line that were not taken."""
    rows = await tx.raw.fetch(_REJECTS, tenant_id, import_id, after, limit)
    return [Reject(row["line"], row["external_id"], row["reason"], row["cells"]) for row in rows]


async def delete_old(tx: Tx, begun: datetime, finished: datetime, limit: int) -> int:
    """Delete uploads that never ended, the files of dry runs, and imports that ended long ago; return how many."""
    await tx.raw.execute(_DROP_OLD_CHUNKS, begun)
    return rows_changed(await tx.raw.execute(_DELETE_OLD, begun, finished, limit))


def _import(row: Any) -> Import:
    return msgspec.convert(dict(row), Import)


def _json(value: Wanted | Understood) -> str:
    return _encode(value).decode()
