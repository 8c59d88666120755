"""Requests: stored, found, and listed in their orders."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Uuid, cast, func, literal, select, tuple_

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.requests.domain.order import HUNDREDTHS, Order, SortKey
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.tables import requests

_ALL = Columns(requests)
_NEVER_CHANGED = ("tenant_id", "id", "slug", "title", "text", "subject", "persona", "created_at")
_SAVED = Columns(requests, without=(*_NEVER_CHANGED, "votes"))
"""The number of votes is not saved: it changes in the one statement that adds or removes a vote."""

_FIND = f"SELECT {_ALL.listed} FROM requests WHERE tenant_id = $1 AND id = $2"

_FIND_BY_SLUG = f"SELECT {_ALL.listed} FROM requests WHERE tenant_id = $1 AND slug = $2"

_INSERT = f"""
INSERT INTO requests ({_ALL.listed}) VALUES ({_ALL.values()})
ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING id
"""

_SAVE = f"UPDATE requests SET ({_SAVED.listed}) = ROW ({_SAVED.values(3)}) WHERE tenant_id = $1 AND id = $2"

_COUNT_BY_STATUS = "SELECT status, count(*) FROM requests WHERE tenant_id = $1 GROUP BY status"


def _request(fields: dict[str, Any]) -> Request:
    return Request(status=Status(fields.pop("status")), **fields)


async def find(tx: Tx, tenant_id: str, request_id: UUID) -> Request | None:
    """Return a request by its id, or None."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, request_id)
    return None if row is None else _request(dict(row))


async def find_by_slug(tx: Tx, tenant_id: str, slug: str) -> Request | None:
    """Return a request by the readable part of its address, or None."""
    row = await tx.raw.fetchrow(_FIND_BY_SLUG, tenant_id, slug)
    return None if row is None else _request(dict(row))


async def insert(tx: Tx, request: Request) -> bool:
    """Insert a new request; False, with nothing inserted, when its slug is taken."""
    return await tx.raw.fetchrow(_INSERT, *_ALL.row(request)) is not None


async def save(tx: Tx, request: Request) -> None:
    """Write what can change of a request, except its number of votes."""
    await tx.raw.execute(_SAVE, request.tenant_id, request.id, *_SAVED.row(request))


async def count_by_status(tx: Tx, tenant_id: str) -> dict[Status, int]:
    """Return the number of requests of each status."""
    counted = {Status(row["status"]): row["count"] for row in await tx.raw.fetch(_COUNT_BY_STATUS, tenant_id)}
    return {status: counted.get(status, 0) for status in Status}


def _microseconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.extract("epoch", column) * 1_000_000, BigInteger)


_COLUMNS = requests.c
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
    where: Sequence[ColumnElement[Any]] = (),
    after: SortKey | None = None,
    limit: int,
) -> list[Request]:
    """Return up to `limit` requests in an order: all or those of some statuses, and only those after a sort key.

    Those for which all of `where` holds, where it is given.
    """
    expressions = _SORT_EXPRESSIONS[order]
    statement = select(requests).where(_COLUMNS.tenant_id == tenant_id).order_by(*expressions).limit(limit)
    statement = statement.where(*where)
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
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.status == status)
        .order_by(_COLUMNS.status_changed_at.desc(), _COLUMNS.id)
        .limit(limit)
    )
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]
