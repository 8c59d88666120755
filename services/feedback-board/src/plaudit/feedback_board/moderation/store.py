"""The statements about the log of moderation, and the queue with its words."""

from datetime import datetime
from typing import Any
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.comments import store as comments
from plaudit.feedback_board.comments.domain import Comment
from plaudit.feedback_board.holds import store as holds
from plaudit.feedback_board.holds.domain import Held, PostKind
from plaudit.feedback_board.moderation.domain import Action, Entry, WaitingPost
from plaudit.feedback_board.moderation.tables import moderation_log
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.store import requests

MAX_BIGINT = 2**63 - 1

_APPENDED = Columns(moderation_log, without=("id",))
_APPEND = f"INSERT INTO moderation_log ({_APPENDED.listed}) VALUES ({_APPENDED.values()})"
_NEWEST = f"""
SELECT id, {_APPENDED.listed} FROM moderation_log WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""
_ERASE_PERSON = """
UPDATE moderation_log SET person_key = NULL WHERE (tenant_id, id) IN (
    SELECT tenant_id, id FROM moderation_log WHERE tenant_id = $1 AND person_key = $2 AND at <= $3 LIMIT $4
)
"""


async def append(tx: Tx, entry: Entry) -> None:
    """Append an entry to the log."""
    await tx.raw.execute(_APPEND, *_APPENDED.row(entry))


async def list_newest(tx: Tx, tenant_id: str, *, before: int = MAX_BIGINT, limit: int) -> list[Entry]:
    """Return entries of the log, the newest first, and only those before an entry."""
    return [_entry(dict(row)) for row in await tx.raw.fetch(_NEWEST, tenant_id, before, limit)]


async def erase_person(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Take a person off up to `limit` entries up to a time; return how many these were."""
    return rows_changed(await tx.raw.execute(_ERASE_PERSON, tenant_id, person_key, until, limit))


async def list_waiting(
    tx: Tx, tenant_id: str, *, after: tuple[datetime, UUID] | None = None, limit: int
) -> list[WaitingPost]:
    """Return posts that wait for a look, with their words, the oldest first."""
    held = await holds.list_waiting(tx, tenant_id, after=after, limit=limit)
    found = await requests.find_several(tx, {(tenant_id, each.request_id) for each in held}, tuple(Visibility))
    said = await comments.find_any(tx, tenant_id, [each.post_id for each in held if each.kind is PostKind.COMMENT])
    return [_waiting(each, found[tenant_id, each.request_id], said.get(each.post_id)) for each in held]


def _waiting(held: Held, request: Request, comment: Comment | None) -> WaitingPost:
    return WaitingPost(
        kind=held.kind,
        id=held.post_id,
        request_id=held.request_id,
        title=request.title,
        text=request.text if comment is None else comment.text,
        name=request.author_name if comment is None else comment.author_name,
        person_key=held.person_key,
        reasons=held.reasons,
        held_at=held.held_at,
    )


def _entry(row: dict[str, Any]) -> Entry:
    kind = row.pop("post_kind")
    return Entry(action=Action(row.pop("action")), post_kind=None if kind is None else PostKind(kind), **row)
