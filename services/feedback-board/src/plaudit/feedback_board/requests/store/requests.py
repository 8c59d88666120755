"""Requests: stored, found, and listed in their orders."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Uuid, cast, func, literal, select, tuple_

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.requests.domain.order import HUNDREDTHS, Order, SortKey
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.tables import requests

_ALL = Columns(requests)
_NEVER_CHANGED = ("tenant_id", "id", "slug", "subject", "persona", "created_at", "author_key", "author_name")
_WORDS = ("title", "text", "edited_at", "visibility")
_SAVED = Columns(requests, without=(*_NEVER_CHANGED, *_WORDS, "votes"))
"""The number of votes is not saved: it changes in the one statement that adds or removes a vote. The words are not
either, so that a command that read the request cannot bring back what was erased or removed."""

_FIND = f"SELECT {_ALL.listed} FROM requests WHERE tenant_id = $1 AND id = $2 AND visibility = ANY($3::text[])"

_FIND_ALL = f"""
SELECT {_ALL.listed} FROM requests WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND visibility = ANY($3::text[])
"""

_FIND_BY_SLUG = f"""
SELECT {_ALL.listed} FROM requests WHERE tenant_id = $1 AND slug = $2 AND visibility = ANY($3::text[])
"""

_INSERT = f"""
INSERT INTO requests ({_ALL.listed}) VALUES ({_ALL.values()})
ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING id
"""

_SAVE = f"UPDATE requests SET ({_SAVED.listed}) = ROW ({_SAVED.values(3)}) WHERE tenant_id = $1 AND id = $2"

_SAVE_WORDS = """
UPDATE requests SET title = $3, text = $4, edited_at = $5, visibility = $6, revision = $7
WHERE tenant_id = $1 AND id = $2
"""

_ERASE_AUTHOR = """
UPDATE requests SET author_key = NULL, author_name = NULL,
    title = CASE visibility WHEN 'published' THEN title ELSE '' END,
    text = CASE visibility WHEN 'published' THEN text ELSE '' END,
    visibility = CASE visibility WHEN 'held' THEN 'removed' ELSE visibility END
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""

_MADE_UNTIL = """
SELECT id FROM requests WHERE tenant_id = $1 AND author_key = $2 AND created_at <= $3 ORDER BY id LIMIT $4
"""

_COUNT_BY_STATUS = """
SELECT status, count(*) FROM requests WHERE tenant_id = $1 AND visibility = 'published' GROUP BY status
"""

PUBLIC = (Visibility.PUBLISHED,)
"""What is found unless somebody asks for more: held and removed requests are to nobody but moderation and authors."""


def _request(fields: dict[str, Any]) -> Request:
    return Request(status=Status(fields.pop("status")), visibility=Visibility(fields.pop("visibility")), **fields)


async def find(
    tx: Tx, tenant_id: str, request_id: UUID, visibilities: Collection[Visibility] = PUBLIC
) -> Request | None:
    """Return a request by its id, or None."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, request_id, list(visibilities))
    return None if row is None else _request(dict(row))


async def find_by_slug(
    tx: Tx, tenant_id: str, slug: str, visibilities: Collection[Visibility] = PUBLIC
) -> Request | None:
    """Return a request by the readable part of its address, or None."""
    row = await tx.raw.fetchrow(_FIND_BY_SLUG, tenant_id, slug, list(visibilities))
    return None if row is None else _request(dict(row))


async def find_all(
    tx: Tx, tenant_id: str, request_ids: Collection[UUID], visibilities: Collection[Visibility] = PUBLIC
) -> dict[UUID, Request]:
    """Return requests by their ids."""
    rows = await tx.raw.fetch(_FIND_ALL, tenant_id, list(request_ids), list(visibilities))
    return {row["id"]: _request(dict(row)) for row in rows}


async def insert(tx: Tx, request: Request) -> bool:
    """Insert a new request; False, with nothing inserted, when its slug is taken."""
    return await tx.raw.fetchrow(_INSERT, *_ALL.row(request)) is not None


async def save(tx: Tx, request: Request) -> None:
    """Write what can change of a request, except its number of votes."""
    await tx.raw.execute(_SAVE, request.tenant_id, request.id, *_SAVED.row(request))


async def save_words(tx: Tx, request: Request) -> None:
    """Write what can change of the words of a request, and who may see it."""
    row = (request.title, request.text, request.edited_at, request.visibility, request.revision)
    await tx.raw.execute(_SAVE_WORDS, request.tenant_id, request.id, *row)


async def made_until(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> list[UUID]:
    """Return up to `limit` requests that a person made up to a time, whoever sees them."""
    return [row["id"] for row in await tx.raw.fetch(_MADE_UNTIL, tenant_id, person_key, until, limit)]


async def erase_authors(tx: Tx, tenant_id: str, request_ids: Collection[UUID]) -> None:
    """Take the authors off requests.

    The words of a public request stay, since others stand behind them; those that nobody sees are emptied.
    """
    await tx.raw.execute(_ERASE_AUTHOR, tenant_id, list(request_ids))


async def count_by_status(tx: Tx, tenant_id: str) -> dict[Status, int]:
    """Return the number of requests of each status."""
    counted = {Status(row["status"]): row["count"] for row in await tx.raw.fetch(_COUNT_BY_STATUS, tenant_id)}
    return {status: counted.get(status, 0) for status in Status}


def _microseconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.extract("epoch", column) * 1_000_000, BigInteger)


_COLUMNS = requests.c
_IS_PUBLIC = _COLUMNS.visibility == Visibility.PUBLISHED.value
_SORT_EXPRESSIONS: Mapping[Order, Sequence[ColumnElement[Any]]] = {
    Order.PRIORITY: (
        cast(_COLUMNS.priority.is_(None), Integer),
        -cast(func.coalesce(_COLUMNS.priority, 0) * HUNDREDTHS, BigInteger),
        -_COLUMNS.reach,
        -_microseconds(_COLUMNS.last_mention_at),
        _microseconds(_COLUMNS.created_at),
        _COLUMNS.id,
    ),
    Order.VOTES: (
        -_COLUMNS.votes,
        -_microseconds(_COLUMNS.last_mention_at),
        _microseconds(_COLUMNS.created_at),
        _COLUMNS.id,
    ),
    Order.NEWEST: (-_microseconds(_COLUMNS.created_at), _COLUMNS.id),
}
"""The same as `domain.order.sort_key`, in SQL."""


async def list_in_order(
    tx: SqlTx,
    tenant_id: str,
    order: Order,
    *,
    statuses: Sequence[Status] = (),
    after: SortKey | None = None,
    limit: int,
) -> list[Request]:
    """Return up to `limit` requests in an order: all or those of some statuses, and only those after a sort key."""
    expressions = _SORT_EXPRESSIONS[order]
    statement = select(requests).where(_COLUMNS.tenant_id == tenant_id, _IS_PUBLIC).order_by(*expressions).limit(limit)
    if statuses:
        statement = statement.where(_COLUMNS.status.in_(statuses))
    if after is not None:
        beyond = tuple_(*(literal(value, Uuid() if isinstance(value, UUID) else BigInteger()) for value in after))
        statement = statement.where(tuple_(*expressions) > beyond)
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]


async def list_by_status_age(tx: SqlTx, tenant_id: str, status: Status, *, limit: int) -> list[Request]:
    """Return up to `limit` requests of a status, the one that reached it last first."""
    statement = (
        select(requests)
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.status == status, _IS_PUBLIC)
        .order_by(_COLUMNS.status_changed_at.desc(), _COLUMNS.id)
        .limit(limit)
    )
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]
