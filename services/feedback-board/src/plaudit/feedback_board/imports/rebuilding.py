"""The log of a board and its live rows, read at one instant and compared."""

from typing import Final

from plaudit.common.db import Tx
from plaudit.feedback_board.imports.domain.rebuild import Board, Row, differences, rebuilt
from plaudit.feedback_board.requests.domain.activity import Entry, Kind, decimal_text

_LOG: Final = """
SELECT tenant_id, request_id, id, type AS kind, at, actor, person_key, detail FROM activity
WHERE tenant_id = $1 ORDER BY id
"""
_REQUESTS: Final = """
SELECT id, title, text, slug, subject, persona, author_name, visibility, author_key, created_at, status, status_reason,
    impact, effort_weeks, concern, merged_into
FROM requests WHERE tenant_id = $1
"""
_VOTES: Final = "SELECT request_id, person_key, voted_at FROM votes WHERE tenant_id = $1"
_LINKS: Final = "SELECT request_id, review_id FROM links WHERE tenant_id = $1"
_COMMENTS: Final = """
SELECT id, request_id, author_key, author_name, by_staff, text, visibility FROM comments WHERE tenant_id = $1
"""


async def compare(tx: Tx, tenant_id: str) -> list[str]:
    """Return what of a board its log tells otherwise; the transaction sees one instant."""
    return differences((await from_log(tx, tenant_id)).rows(), await live(tx, tenant_id))


async def from_log(tx: Tx, tenant_id: str) -> Board:
    """Return the board that the log tells of."""
    rows = await tx.raw.fetch(_LOG, tenant_id)
    return rebuilt(Entry(**{**row, "kind": Kind(row["kind"])}) for row in rows)


async def live(tx: Tx, tenant_id: str) -> dict[str, dict[str, Row]]:
    """Return table → key → row of what the board has."""
    requests: dict[str, Row] = {}
    for row in await tx.raw.fetch(_REQUESTS, tenant_id):
        found = dict(row)
        sizes = {name: decimal_text(found[name]) for name in ("impact", "effort_weeks")}
        key = str(found.pop("id"))
        requests[key] = {**found, **sizes}
    comments = [dict(row) for row in await tx.raw.fetch(_COMMENTS, tenant_id)]
    return {
        "requests": requests,
        "votes": {
            f"{row['request_id']} {row['person_key']}": {"voted_at": row["voted_at"]}
            for row in await tx.raw.fetch(_VOTES, tenant_id)
        },
        "links": {f"{row['request_id']} {row['review_id']}": {} for row in await tx.raw.fetch(_LINKS, tenant_id)},
        "comments": {str(row.pop("id")): row for row in comments},
    }
