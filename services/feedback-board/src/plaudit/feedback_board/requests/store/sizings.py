"""Estimates of requests, with who made each, when and why."""

from collections.abc import Sequence
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.requests.domain.snapshot import SizingEntry
from plaudit.feedback_board.requests.store.activity import MAX_BIGINT
from plaudit.feedback_board.requests.tables import sizings

_READ = Columns(sizings, without=("tenant_id", "request_id"))
_APPENDED = Columns(sizings, without=("tenant_id", "request_id", "id"))

_APPEND = f"INSERT INTO sizings (tenant_id, request_id, {_APPENDED.listed}) VALUES ($1, $2, {_APPENDED.values(3)})"

_NEWEST = f"""
SELECT {_READ.listed} FROM sizings WHERE tenant_id = $1 AND request_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4
"""


async def append(tx: Tx, tenant_id: str, request_id: UUID, entry: SizingEntry) -> None:
    """Append an estimate."""
    await tx.raw.execute(_APPEND, tenant_id, request_id, *_APPENDED.row(entry))


async def list_newest(
    tx: Tx, tenant_id: str, request_id: UUID, *, before: int = MAX_BIGINT, limit: int
) -> Sequence[SizingEntry]:
    """Return up to `limit` estimates, newest first, and only those before one."""
    rows = await tx.raw.fetch(_NEWEST, tenant_id, request_id, before, limit)
    return [SizingEntry(**row) for row in rows]
