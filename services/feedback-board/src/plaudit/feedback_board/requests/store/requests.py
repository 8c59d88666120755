"""Wishes: kept, found, and listed in their orders."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Uuid, cast, func, literal, select, tuple_

from plaudit.common.db import Tx
from plaudit.feedback_board.domain.order import HUNDREDTHS, Order, SortKey
from plaudit.feedback_board.domain.requests import Request
from plaudit.feedback_board.domain.status import Status
from plaudit.feedback_board.tables import requests

_FIND = "SELECT * FROM requests WHERE tenant_id = $1 AND id = $2"

_FIND_BY_SLUG = "SELECT * FROM requests WHERE tenant_id = $1 AND slug = $2"

_INSERT = """
INSERT INTO requests (tenant_id, id, slug, title, text, subject, persona, created_at, status, status_reason,
                      status_changed_at, impact, effort_weeks, priority, votes, reach, unidentified_mentions,
                      linked_reviews, last_mention_at, recount_at, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT (tenant_id, slug) DO NOTHING
RETURNING id
"""

# The counter of votes is not among them: it moves in the one statement that adds or takes a vote.
_SAVE = """
UPDATE requests
SET status = $3, status_reason = $4, status_changed_at = $5, impact = $6, effort_weeks = $7, priority = $8, reach = $9,
    unidentified_mentions = $10, linked_reviews = $11, last_mention_at = $12, recount_at = $13, revision = $14
WHERE tenant_id = $1 AND id = $2
"""

_COUNT_BY_STATUS = "SELECT status, count(*) FROM requests WHERE tenant_id = $1 GROUP BY status"


def _request(fields: dict[str, Any]) -> Request:
    tenant, status = fields.pop("tenant_id"), fields.pop("status")
    return Request(tenant=tenant, status=Status(status), **fields)


async def find(tx: Tx, tenant: str, request_id: UUID) -> Request | None:
    """Return a wish by its id, or None."""
    row = await tx.raw.fetchrow(_FIND, tenant, request_id)
    return None if row is None else _request(dict(row))


async def find_by_slug(tx: Tx, tenant: str, slug: str) -> Request | None:
    """Return a wish by the readable part of its address, or None."""
    row = await tx.raw.fetchrow(_FIND_BY_SLUG, tenant, slug)
    return None if row is None else _request(dict(row))


async def insert(tx: Tx, request: Request) -> bool:
    """Write a new wish; False, and nothing written, when its slug is taken."""
    row = await tx.raw.fetchrow(
        _INSERT,
        request.tenant,
        request.id,
        request.slug,
        request.title,
        request.text,
        request.subject,
        request.persona,
        request.created_at,
        request.status,
        request.status_reason,
        request.status_changed_at,
        request.impact,
        request.effort_weeks,
        request.priority,
        request.votes,
        request.reach,
        request.unidentified_mentions,
        request.linked_reviews,
        request.last_mention_at,
        request.recount_at,
        request.revision,
    )
    return row is not None


async def save(tx: Tx, request: Request) -> None:
    """Write what can change of a wish, its number of votes excepted."""
    await tx.raw.execute(
        _SAVE,
        request.tenant,
        request.id,
        request.status,
        request.status_reason,
        request.status_changed_at,
        request.impact,
        request.effort_weeks,
        request.priority,
        request.reach,
        request.unidentified_mentions,
        request.linked_reviews,
        request.last_mention_at,
        request.recount_at,
        request.revision,
    )


async def count_by_status(tx: Tx, tenant: str) -> dict[Status, int]:
    """Return how many wishes stand where."""
    counted = {Status(row["status"]): row["count"] for row in await tx.raw.fetch(_COUNT_BY_STATUS, tenant)}
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
"""What `domain.order.sort_key` computes, in SQL."""


async def list_in_order(
    tx: Tx, tenant: str, order: Order, *, statuses: Sequence[Status] = (), after: SortKey | None = None, limit: int
) -> list[Request]:
    """Return up to `limit` wishes in an order, all or those of some statuses, from after a sort key on."""
    expressions = _SORT_EXPRESSIONS[order]
    statement = select(requests).where(_COLUMNS.tenant_id == tenant).order_by(*expressions).limit(limit)
    if statuses:
        statement = statement.where(_COLUMNS.status.in_(statuses))
    if after is not None:
        beyond = tuple_(*(literal(value, Uuid() if isinstance(value, UUID) else BigInteger()) for value in after))
        statement = statement.where(tuple_(*expressions) > beyond)
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]


async def list_by_status_age(tx: Tx, tenant: str, status: Status, *, limit: int) -> list[Request]:
    """Return up to `limit` wishes of a status, the one that reached it last first."""
    statement = (
        select(requests)
        .where(_COLUMNS.tenant_id == tenant, _COLUMNS.status == status)
        .order_by(_COLUMNS.status_changed_at.desc(), _COLUMNS.id)
        .limit(limit)
    )
    return [_request(dict(row)) for row in (await tx.sql.execute(statement)).mappings()]
