"""Every SQL statement about comments and official responses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.comments.domain import Comment, Response
from plaudit.feedback_board.comments.tables import comments, responses
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.store import sets

_COMMENT = Columns(comments)
_RESPONSE = Columns(responses)

_INSERT = f"INSERT INTO comments ({_COMMENT.listed}) VALUES ({_COMMENT.values()})"
_FIND = f"""
SELECT {_COMMENT.listed} FROM comments WHERE tenant_id = $1 AND id = $3 AND request_id IN ({sets.MEMBERS})
"""
_FIND_ANY = f"SELECT {_COMMENT.listed} FROM comments WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
_SAVE = """
UPDATE comments SET text = $3, visibility = $4, edited_at = $5, edited_by_staff = $6 WHERE tenant_id = $1 AND id = $2
"""
# What is held is seen by its author alone, whom $3 names; nobody is named by null. Of each request the first ones are
# read by the index, and these are brought together.
_PAGE = f"""
SELECT found.* FROM unnest($2::uuid[]) AS wanted (request_id)
CROSS JOIN LATERAL (
    SELECT {_COMMENT.listed} FROM comments
    WHERE comments.tenant_id = $1 AND comments.request_id = wanted.request_id
      AND (visibility = 'published' OR (visibility = 'held' AND author_key = $3::text))
      AND ($4::timestamptz IS NULL OR (created_at, id) > ($4, $5::uuid))
    ORDER BY created_at, id LIMIT $6
) AS found
ORDER BY found.created_at, found.id LIMIT $6
"""
_COUNT = """
SELECT count(*) FROM comments WHERE tenant_id = $1 AND request_id = ANY($2::uuid[]) AND visibility = 'published'
"""
_ADOPT_AUTHORS = """
UPDATE comments SET author_key = $4 WHERE tenant_id = $1 AND request_id = ANY($2::uuid[]) AND author_key = $3
"""
_ERASE_AUTHOR = """
UPDATE comments SET author_key = NULL, author_name = NULL, text = '',
    visibility = CASE visibility WHEN 'held' THEN 'removed' ELSE visibility END
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
_WRITTEN_UNTIL = """
SELECT id, request_id FROM comments
WHERE tenant_id = $1 AND author_key = $2 AND created_at <= $3 ORDER BY id LIMIT $4
"""

_ADD_RESPONSE = f"INSERT INTO responses ({_RESPONSE.listed}) VALUES ({_RESPONSE.values()})"
_RESPONSES = f"""
SELECT {_RESPONSE.listed} FROM responses WHERE tenant_id = $1 AND request_id = $2 AND revision < $3
ORDER BY revision DESC LIMIT $4
"""
MAX_REVISION = 2**31 - 1


async def insert(tx: Tx, comment: Comment) -> None:
    """Store a new comment."""
    await tx.raw.execute(_INSERT, *_COMMENT.row(comment))


async def find(tx: Tx, tenant_id: str, request_id: UUID, comment_id: UUID) -> Comment | None:
    """Return a comment on a root or on what is merged into it, whoever may see it; None when there is none."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, request_id, comment_id)
    return None if row is None else _comment(dict(row))


async def find_any(tx: Tx, tenant_id: str, comment_ids: Sequence[UUID]) -> dict[UUID, Comment]:
    """Return comments by their ids, on whatever request."""
    rows = await tx.raw.fetch(_FIND_ANY, tenant_id, list(comment_ids))
    return {row["id"]: _comment(dict(row)) for row in rows}


async def save(tx: Tx, comment: Comment) -> None:
    """Write what can change of a comment."""
    row = (comment.text, comment.visibility, comment.edited_at, comment.edited_by_staff)
    await tx.raw.execute(_SAVE, comment.tenant_id, comment.id, *row)


async def list_page(
    tx: Tx,
    tenant_id: str,
    request_ids: Sequence[UUID],
    *,
    reader: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Comment]:
    """Return comments on some requests, the oldest first: those that everybody sees, and held ones of the reader."""
    rows = await tx.raw.fetch(_PAGE, tenant_id, list(request_ids), reader, *(after or (None, None)), limit)
    return [_comment(dict(row)) for row in rows]


async def count_published(tx: Tx, tenant_id: str, request_ids: Sequence[UUID]) -> int:
    """Return how many comments on some requests everybody sees."""
    number: int = await tx.raw.fetchval(_COUNT, tenant_id, list(request_ids))
    return number


async def written_until(
    tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int
) -> list[tuple[UUID, UUID]]:
    """Return the (id, request id) of up to `limit` comments that a person wrote up to a time, whoever sees them."""
    rows = await tx.raw.fetch(_WRITTEN_UNTIL, tenant_id, person_key, until, limit)
    return [(row["id"], row["request_id"]) for row in rows]


async def adopt_authors(tx: Tx, tenant_id: str, request_ids: Sequence[UUID], visitor: str, person_key: str) -> int:
    """Make a person the author of a visitor's comments on some requests; return how many these were."""
    return rows_changed(await tx.raw.execute(_ADOPT_AUTHORS, tenant_id, list(request_ids), visitor, person_key))


async def erase_authors(tx: Tx, tenant_id: str, comment_ids: Sequence[UUID]) -> None:
    """Empty comments, and take their authors off."""
    await tx.raw.execute(_ERASE_AUTHOR, tenant_id, list(comment_ids))


async def add_response(tx: Tx, response: Response) -> None:
    """Store a revision of an official response."""
    await tx.raw.execute(_ADD_RESPONSE, *_RESPONSE.row(response))


async def list_responses(
    tx: Tx, tenant_id: str, request_id: UUID, *, before: int = MAX_REVISION, limit: int
) -> list[Response]:
    """Return revisions of the official response, the newest first."""
    return [Response(**row) for row in await tx.raw.fetch(_RESPONSES, tenant_id, request_id, before, limit)]


async def newest_response(tx: Tx, tenant_id: str, request_id: UUID) -> Response | None:
    """Return the last revision of the official response, also one that was taken back; None when there is none."""
    found = await list_responses(tx, tenant_id, request_id, limit=1)
    return found[0] if found else None


def _comment(row: dict[str, Any]) -> Comment:
    return Comment(visibility=Visibility(row.pop("visibility")), **row)
