"""Every statement that reads reviews and their revisions.

`hooks/store.py` writes them, in the transaction of a group of deliveries.

Changes are listed in the order of commits: by the number of the writing transaction, and only below the snapshot's
xmin, below which every transaction has ended. What is listed there is final, and what commits later comes behind it.
So a reader that goes on from its last place misses nothing, however long a writer takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import eq, ge, lt
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY

from plaudit.common.db import SqlTx
from plaudit.common.db.errors import LaterVersionError
from plaudit.common.db.subjects import within
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import Review, ReviewState, Revision
from plaudit.ingest.reviews.domain.state_formats import decode_state
from plaudit.ingest.reviews.domain.words import search_query
from plaudit.ingest.reviews.tables import Xid, reviews, revisions, searched_texts
from plaudit.ingest.sources.tables import sources

_STORED = (revisions.c.state, revisions.c.state_format)
_REVIEWS = select(*(reviews.c[name] for name in Review.__struct_fields__ if name != "state"), *_STORED).join(
    revisions, and_(revisions.c.review_id == reviews.c.id, revisions.c.revision == reviews.c.revision)
)
_REVISIONS = select(*(revisions.c[name] for name in Revision.__struct_fields__ if name != "state"), *_STORED)
_IS_FINAL = revisions.c.xid < func.pg_snapshot_xmin(func.pg_current_snapshot(), type_=Xid())
_MAX_CLOCK_DIFFERENCE: Final = timedelta(minutes=1)
"""By how much the times of two transactions may be in another order than their numbers."""
_PROBE = """
SELECT xid, known_at FROM revisions WHERE tenant_id = $1 AND xid >= $2 ORDER BY xid, review_id, revision LIMIT 1
"""
_NEWEST_XID = "SELECT coalesce((SELECT xid FROM revisions WHERE tenant_id = $1 ORDER BY xid DESC LIMIT 1), '0')"


@dataclass(frozen=True)
class Filters:
    """Which reviews a list holds; what is None does not restrict it. Times are half-open ranges."""

    subject: str | None = None
    source_id: UUID | None = None
    platform: str | None = None
    external_id: str | None = None
    kind: str | None = None
    severity: str | None = None
    language: str | None = None
    verified: bool | None = None
    origin: str | None = None
    rating_gte: float | None = None
    rating_lt: float | None = None
    published_after: datetime | None = None
    published_before: datetime | None = None
    changed_after: datetime | None = None
    changed_before: datetime | None = None
    answered: str | None = None
    """`true`, `false` or `unknown`: on a platform that does not tell, a review without an answer is unknown."""
    text: str | None = None
    removed: bool | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A review in a list, and its place in the list's order."""

    place: tuple[Any, ...]
    review: Review


async def page(
    tx: SqlTx,
    tenant_id: str,
    filters: Filters,
    after: Sequence[Any] | None,
    limit: int,
    *,
    order: Order = Order.NEWEST,
    untold: frozenset[str] = frozenset(),
) -> list[Found]:
    """Return up to `limit` reviews in an order.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        filters: which of them. In the order of changes, removed ones are among them unless the filters say.
        after: the place after which they begin; None for the first.
        limit: how many.
        order: what they are sorted by.
        untold: the platforms that do not tell of answers.
    """
    statement = await _listed(tx, tenant_id, filters, order, untold)
    if statement is None:
        return []
    statement = _ordered(statement, order, after).limit(limit)
    return [_found(row, order) for row in (await tx.sql.execute(statement)).mappings()]


async def get(tx: SqlTx, tenant_id: str, review_id: UUID) -> Review | None:
    """Return one review; None also for a tombstone that never had a state."""
    statement = _REVIEWS.where(
        reviews.c.tenant_id == tenant_id, reviews.c.id == review_id, revisions.c.state.is_not(None)
    )
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else Review(**_values(row))


async def history(tx: SqlTx, tenant_id: str, review_id: UUID) -> list[Revision]:
    """Return all revisions of a review, the first one first."""
    columns = revisions.c
    statement = _REVISIONS.where(columns.tenant_id == tenant_id, columns.review_id == review_id)
    ordered = statement.order_by(columns.revision)
    return [Revision(**_values(row)) for row in (await tx.sql.execute(ordered)).mappings()]


async def source_choices(tx: SqlTx, tenant_id: str) -> list[tuple[UUID, str, str]]:
    """Return id, name and platform of the tenant's sources, by name."""
    columns = sources.c
    statement = select(columns.id, columns.name, columns.platform).where(columns.tenant_id == tenant_id)
    return [tuple(row) for row in await tx.sql.execute(statement.order_by(columns.name, columns.id))]


def read_state(stored: bytes | None, state_format: int) -> ReviewState | None:
    """Return the state that a revision stores.

    Raises:
        LaterVersionError: a form that this code does not know.
    """
    try:
        return decode_state(stored, state_format)
    except KeyError as error:
        raise LaterVersionError(f"a state has form {state_format}, which a later version has written") from error


def _values(row: Mapping[Any, Any]) -> dict[str, Any]:
    values = dict(row)
    values["state"] = read_state(values["state"], values.pop("state_format"))
    return values


def _found(row: Mapping[Any, Any], order: Order) -> Found:
    values = _values(row)
    xid = values.pop("xid")
    review = Review(**values)
    published_at = review.state.published_at
    if order is Order.CHANGED:
        return Found((xid, review.id), review)
    return Found(
        (review.state.rating, published_at, review.id) if order is Order.RATING else (published_at, review.id), review
    )


def _ordered(statement: Select[Any], order: Order, after: Sequence[Any] | None) -> Select[Any]:
    columns, xid = reviews.c, revisions.c.xid
    latest = tuple_(columns.published_at, columns.id)
    descending = (columns.published_at.desc(), columns.id.desc())
    if order is Order.NEWEST:
        statement = statement if after is None else statement.where(latest < tuple(after))
        return statement.order_by(*descending)
    if order is Order.OLDEST:
        statement = statement if after is None else statement.where(latest > tuple(after))
        return statement.order_by(columns.published_at, columns.id)
    if order is Order.RATING:
        if after is not None:
            rating, *rest = after
            # The first condition says the same as the second does in part: an index begins there.
            later = (columns.rating > rating) | ((columns.rating == rating) & (latest < tuple(rest)))
            statement = statement.where(columns.rating >= rating, later)
        return statement.order_by(columns.rating, *descending)
    place = tuple_(xid, revisions.c.review_id)
    statement = statement if after is None else statement.where(place > tuple_(_xid(after[0]), after[1]))
    return statement.where(_IS_FINAL).order_by(xid, revisions.c.review_id)


def _xid(number: int) -> BindParameter[int]:
    return BindParameter(None, number, type_=Xid(), unique=True)


async def _listed(
    tx: SqlTx, tenant_id: str, filters: Filters, order: Order, untold: frozenset[str]
) -> Select[Any] | None:
    """Return the statement of what a list holds, without its order; None where it can hold nothing."""
    columns = reviews.c
    statement = _REVIEWS.add_columns(revisions.c.xid).where(
        columns.tenant_id == tenant_id, revisions.c.tenant_id == tenant_id, columns.published_at.is_not(None)
    )
    removed = False if filters.removed is None and order is not Order.CHANGED else filters.removed
    for column, compare, value in (
        (columns.removed, eq, removed),
        (columns.source_id, eq, filters.source_id),
        (columns.external_id, eq, filters.external_id),
        (columns.kind, eq, filters.kind),
        (columns.severity, eq, filters.severity),
        (columns.language, eq, filters.language),
        (columns.verified, eq, filters.verified),
        (columns.origin, eq, filters.origin),
        (columns.rating, ge, filters.rating_gte),
        (columns.rating, lt, filters.rating_lt),
        (columns.published_at, ge, filters.published_after),
        (columns.published_at, lt, filters.published_before),
        (columns.changed_at, ge, filters.changed_after),
        (columns.changed_at, lt, filters.changed_before),
    ):
        if value is not None:
            statement = statement.where(compare(column, value))
    if filters.subject is not None:
        statement = statement.where(within(columns.subject, filters.subject))
    if filters.changed_after is not None:
        since = await _first_xid(tx, tenant_id, filters.changed_after)
        statement = statement.where(revisions.c.xid >= _xid(since))
    return await _found_by_source(tx, tenant_id, _found_by_text(tenant_id, statement, filters.text), filters, untold)


async def _found_by_source(
    tx: SqlTx, tenant_id: str, statement: Select[Any] | None, filters: Filters, untold: frozenset[str]
) -> Select[Any] | None:
    """Restrict a list by what its sources are: their platform, and whether this one tells of answers."""
    if statement is None:
        return None
    asks_for_untold = filters.answered in {"false", "unknown"} and bool(untold)
    platforms: dict[UUID, str] = {}
    if filters.platform is not None or asks_for_untold:
        platforms = {source_id: platform for source_id, _, platform in await source_choices(tx, tenant_id)}
    if filters.platform is not None:
        statement = statement.where(_is_of(s for s, platform in platforms.items() if platform == filters.platform))
    if filters.answered is None:
        return statement
    has_answer = reviews.c.answered_at.is_not(None)
    if filters.answered == "true":
        return statement.where(has_answer)
    silent = [source_id for source_id, platform in platforms.items() if platform in untold]
    if filters.answered == "unknown":
        return statement.where(~has_answer, _is_of(silent)) if silent else None
    return statement.where(~has_answer, ~_is_of(silent)) if silent else statement.where(~has_answer)


def _is_of(source_ids: Any) -> ColumnElement[bool]:
    listed: ColumnElement[bool] = reviews.c.source_id.in_([*source_ids])
    return listed


def _found_by_text(tenant_id: str, statement: Select[Any], text: str | None) -> Select[Any] | None:
    if text is None:
        return statement
    query = search_query(tenant_id, text)
    if query is None:
        return None
    columns = searched_texts.c
    is_found = columns.words.op("@@", is_comparison=True)(cast(query, TSQUERY))
    return statement.join(searched_texts, columns.review_id == reviews.c.id).where(is_found)


async def _first_xid(tx: SqlTx, tenant_id: str, known_since: datetime) -> int:
    """Return a number at or below those of all transactions that wrote revisions since a time, and close to them.

    Numbers rise with time, so it is searched by halving; what is close to the time is left to the times themselves.
    """
    since = known_since - _MAX_CLOCK_DIFFERENCE if known_since.year > 1 else known_since
    low, high = 0, 1 + await tx.raw.fetchval(_NEWEST_XID, tenant_id)
    while low < high:
        middle = (low + high) // 2
        row = await tx.raw.fetchrow(_PROBE, tenant_id, middle)
        if row is None or row["known_at"] >= since:
            high = middle
        else:
            low = row["xid"] + 1
    return low
