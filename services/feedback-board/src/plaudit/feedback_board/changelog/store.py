"""Every SQL statement about the changelog."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.changelog.domain import Asked, Entry
from plaudit.feedback_board.changelog.tables import changelog_entries
from plaudit.feedback_board.requests.store import sets

_ALL = Columns(changelog_entries)
_SAVED = Columns(changelog_entries, without=("tenant_id", "id", "slug", "created_at"))

_SELECT = f"""
SELECT {_ALL.listed}, ARRAY(
    SELECT request_id FROM changelog_requests AS linked
    WHERE linked.tenant_id = changelog_entries.tenant_id AND linked.entry_id = changelog_entries.id
    ORDER BY request_id
) AS request_ids
FROM changelog_entries
"""

_FIND = f"{_SELECT} WHERE tenant_id = $1 AND id = $2"

_FIND_PUBLISHED = f"{_SELECT} WHERE tenant_id = $1 AND slug = $2 AND published_at IS NOT NULL"

_INSERT = f"""
INSERT INTO changelog_entries ({_ALL.listed}) VALUES ({_ALL.values()}) ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING id
"""

_SAVE = f"UPDATE changelog_entries SET ({_SAVED.listed}) = ROW ({_SAVED.values(3)}) WHERE tenant_id = $1 AND id = $2"

_DELETE = "DELETE FROM changelog_entries WHERE tenant_id = $1 AND id = $2"

_UNLINK = "DELETE FROM changelog_requests WHERE tenant_id = $1 AND entry_id = $2 AND request_id <> ALL($3::uuid[])"

_LINK = """
INSERT INTO changelog_requests (tenant_id, entry_id, request_id)
SELECT tenant_id, $2, id FROM requests
WHERE tenant_id = $1 AND id = ANY($3::uuid[]) AND visibility = 'published'
ON CONFLICT DO NOTHING
"""

_KNOWN_REQUESTS = """
SELECT id FROM requests WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND visibility = 'published'
"""

_LIST = f"""
{_SELECT} WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
ORDER BY created_at DESC, id DESC LIMIT $4
"""

_LIST_PUBLISHED = f"""
{_SELECT} WHERE tenant_id = $1 AND published_at IS NOT NULL
  AND ($2::timestamptz IS NULL OR (published_at, id) < ($2, $3::uuid))
ORDER BY published_at DESC, id DESC LIMIT $4
"""

_OF_REQUEST = f"""
{_SELECT} WHERE tenant_id = $1 AND published_at IS NOT NULL AND id IN (
    SELECT entry_id FROM changelog_requests WHERE tenant_id = $1 AND request_id IN ({sets.MEMBERS})
)
ORDER BY published_at DESC, id DESC
"""

_ASKED = """
SELECT
    count(DISTINCT person_key) FILTER (WHERE person_key NOT LIKE 'visitor:%') AS people,
    count(DISTINCT person_key) FILTER (WHERE person_key LIKE 'visitor:%') AS visitors,
    count(DISTINCT review_id) AS reviews
FROM mentions WHERE tenant_id = $1 AND root_id IN (
    SELECT coalesce(merged_into, id) FROM requests
    WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND visibility = 'published'
)
"""


def _entry(row: Any) -> Entry:
    fields = dict(row)
    return Entry(request_ids=tuple(fields.pop("request_ids")), **fields)


async def find(tx: Tx, tenant_id: str, entry_id: UUID) -> Entry | None:
    """Return an entry, or None."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, entry_id)
    return None if row is None else _entry(row)


async def find_published(tx: Tx, tenant_id: str, slug: str) -> Entry | None:
    """Return a published entry by the readable part of its address, or None."""
    row = await tx.raw.fetchrow(_FIND_PUBLISHED, tenant_id, slug)
    return None if row is None else _entry(row)


async def insert(tx: Tx, entry: Entry) -> bool:
    """Insert a new entry without its requests; False, with nothing inserted, when its slug is taken."""
    return await tx.raw.fetchrow(_INSERT, *_ALL.row(entry)) is not None


async def save(tx: Tx, entry: Entry) -> None:
    """Write what can change of an entry, with its requests."""
    await tx.raw.execute(_SAVE, entry.tenant_id, entry.id, *_SAVED.row(entry))
    await save_requests(tx, entry)


async def save_requests(tx: Tx, entry: Entry) -> None:
    """Write which requests an entry is about."""
    await tx.raw.execute(_UNLINK, entry.tenant_id, entry.id, list(entry.request_ids))
    await tx.raw.execute(_LINK, entry.tenant_id, entry.id, list(entry.request_ids))


async def delete(tx: Tx, tenant_id: str, entry_id: UUID) -> bool:
    """Delete an entry with its links; False when there was none."""
    await tx.raw.execute(_UNLINK, tenant_id, entry_id, [])
    return rows_changed(await tx.raw.execute(_DELETE, tenant_id, entry_id)) == 1


async def known_requests(tx: Tx, tenant_id: str, request_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of the requests that there are."""
    return frozenset(row["id"] for row in await tx.raw.fetch(_KNOWN_REQUESTS, tenant_id, list(request_ids)))


async def list_newest(tx: Tx, tenant_id: str, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Entry]:
    """Return up to `limit` entries, drafts too, the newest first: only those after one."""
    rows = await tx.raw.fetch(_LIST, tenant_id, *(after or (None, None)), limit)
    return [_entry(row) for row in rows]


async def list_published(tx: Tx, tenant_id: str, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Entry]:
    """Return up to `limit` published entries, the last published first: only those after one."""
    rows = await tx.raw.fetch(_LIST_PUBLISHED, tenant_id, *(after or (None, None)), limit)
    return [_entry(row) for row in rows]


async def list_of_request(tx: Tx, tenant_id: str, request_id: UUID) -> list[Entry]:
    """Return the published entries about a root or what is merged into it, the last published first."""
    return [_entry(row) for row in await tx.raw.fetch(_OF_REQUEST, tenant_id, request_id)]


async def count_asked(tx: Tx, tenant_id: str, request_ids: Sequence[UUID]) -> Asked:
    """Return who voted for any of the requests or others of their sets, or wrote a review about them: each once."""
    (row,) = await tx.raw.fetch(_ASKED, tenant_id, list(request_ids))
    return Asked(**dict(row))
