"""Every SQL statement about changes of status that people are to be told of: appended, held, and settled."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.feedback_board.requests.domain.announcement import Announcement, Outcome
from plaudit.feedback_board.requests.domain.status import Status

_READ: Final = "tenant_id, id, request_id, previous_status, status, is_wanted, actor_key, changed_at, told_up_to"
_HELD: Final = f"""
SELECT {_READ} FROM announcements WHERE tenant_id = $1 AND request_id = $2 AND settled_at IS NULL ORDER BY number
"""
_APPEND: Final = """
INSERT INTO announcements (tenant_id, id, request_id, previous_status, status, is_wanted, actor_key, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_DUE: Final = """
SELECT tenant_id, request_id FROM announcements WHERE settled_at IS NULL
GROUP BY tenant_id, request_id HAVING max(changed_at) <= $1 ORDER BY max(changed_at), request_id LIMIT $2
"""
ANY_RESTED: Final = """
SELECT EXISTS (
    SELECT FROM announcements
    WHERE settled_at IS NULL AND changed_at <= {now} - make_interval(secs => {seconds})
)
"""
"""Whether a change is held that is older than so many `{seconds}`; for `Database.holds`."""
_SETTLE: Final = """
UPDATE announcements SET settled_at = $3, outcome = $4, told_up_to = '', actor_key = ''
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
_ADVANCE: Final = """
UPDATE announcements SET told_up_to = $3, told = told + $4 WHERE tenant_id = $1 AND id = $2
"""
_FIND: Final = f"""
SELECT {_READ} FROM announcements JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
"""
_TOLD_SINCE: Final = """
SELECT asked.tenant_id, asked.id FROM announcements AS asked
JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
WHERE EXISTS (
    SELECT FROM announcements AS later
    WHERE later.tenant_id = asked.tenant_id AND later.request_id = asked.request_id AND later.number > asked.number
      AND (later.outcome = 'told' OR later.told_up_to <> '')
)
"""


def _announcement(row: Any) -> Announcement:
    fields = dict(row)
    previous, status = Status(fields.pop("previous_status")), Status(fields.pop("status"))
    return Announcement(previous_status=previous, status=status, **fields)


async def held(tx: Tx, tenant_id: str, request_id: UUID) -> Sequence[Announcement]:
    """Return the changes of a request that are still held, in the order in which they were made."""
    return [_announcement(row) for row in await tx.raw.fetch(_HELD, tenant_id, request_id)]


async def append(tx: Tx, made: Announcement) -> None:
    """Write a change that is to be held."""
    await tx.raw.execute(
        _APPEND,
        made.tenant_id,
        made.id,
        made.request_id,
        made.previous_status,
        made.status,
        made.is_wanted,
        made.actor_key,
        made.changed_at,
    )


async def due(tx: Tx, before: datetime, limit: int) -> list[tuple[str, UUID]]:
    """Return up to `limit` requests, as (tenant id, request id), that have rested since an instant; locks nothing."""
    return [tuple(row) for row in await tx.raw.fetch(_DUE, before, limit)]


async def advance(tx: Tx, of: Announcement, up_to: str, told: int) -> None:
    """Note up to which person messages are queued, and for how many more."""
    await tx.raw.execute(_ADVANCE, of.tenant_id, of.id, up_to, told)


async def settle(tx: Tx, tenant_id: str, ids: Collection[UUID], outcome: Outcome) -> None:
    """Write what has become of changes; they are held no more."""
    await tx.raw.execute(_SETTLE, tenant_id, list(ids), tx.now, outcome)


async def find_several(tx: Tx, wanted: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], Announcement]:
    """Return changes by (tenant id, id)."""
    if not wanted:
        return {}
    rows = await tx.raw.fetch(_FIND, *map(list, zip(*wanted, strict=True)))
    return {(row["tenant_id"], row["id"]): _announcement(row) for row in rows}


async def told_since(tx: Tx, asked: Collection[tuple[str, UUID]]) -> frozenset[tuple[str, UUID]]:
    """Return those changes, as (tenant id, id), after which a later one of the same request was told."""
    if not asked:
        return frozenset()
    return frozenset(map(tuple, await tx.raw.fetch(_TOLD_SINCE, *map(list, zip(*asked, strict=True)))))
