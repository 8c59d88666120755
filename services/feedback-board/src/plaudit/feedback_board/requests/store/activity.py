"""The log of requests: appended and read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.requests.domain.activity import Entry, Kind
from plaudit.feedback_board.requests.tables import activity

MAX_BIGINT = 2**63 - 1

_APPENDED = Columns(activity, {"type": "kind", "detail": "detail_json"}, without=("id",))

# In the order of the arrays, so that ids rise with the order of events.
_APPEND = f"INSERT INTO activity ({_APPENDED.listed}) SELECT * FROM {_APPENDED.unnest()}"

_NEWEST = f"""
SELECT id, {_APPENDED.listed} FROM activity
WHERE tenant_id = $1 AND request_id = $2 AND id < $3 AND type = ANY($4::text[])
ORDER BY id DESC LIMIT $5
"""

_ERASE_PERSON = """
UPDATE activity SET person_key = NULL, detail = CASE
    WHEN starts_with(type, 'comment_') THEN detail - 'text' - 'author_name'
    WHEN type IN ('request_created', 'request_edited') AND NOT EXISTS (
        SELECT FROM requests
        WHERE requests.tenant_id = activity.tenant_id AND requests.id = activity.request_id
          AND requests.visibility = 'published'
    ) THEN detail - 'title' - 'text' - 'author_name'
    WHEN type = 'voted' THEN detail - 'reason'
    ELSE detail - 'author_name' END
WHERE (tenant_id, request_id, id) IN (
    SELECT tenant_id, request_id, id FROM activity
    WHERE tenant_id = $1 AND person_key = $2 AND at <= $3 LIMIT $4
)
"""


async def append(tx: Tx, *entries: Entry) -> None:
    """Append entries to the log, in this order."""
    await tx.raw.execute(_APPEND, *_APPENDED.arrays(entries))


async def erase_person(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Take a person's name, and the words of what is not public any more, off up to `limit` entries up to a time.

    Returns:
        How many entries these were.
    """
    return rows_changed(await tx.raw.execute(_ERASE_PERSON, tenant_id, person_key, until, limit))


async def list_newest(
    tx: Tx,
    tenant_id: str,
    request_id: UUID,
    *,
    kinds: Sequence[Kind] = tuple(Kind),
    before: int = MAX_BIGINT,
    limit: int,
) -> list[Entry]:
    """Return up to `limit` entries about a request, newest first: of some kinds, and only those before an entry."""
    rows = map(dict, await tx.raw.fetch(_NEWEST, tenant_id, request_id, before, list(kinds), limit))
    return [Entry(kind=Kind(row.pop("type")), **row) for row in rows]
