"""Every statement that reads reviews and their revisions.

`hooks/store.py` writes them, in the transaction of a group of deliveries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, lt
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_

from plaudit.common.db import SqlTx
from plaudit.common.db.errors import LaterVersionError
from plaudit.common.db.subjects import within
from plaudit.ingest.reviews.domain.state import Review, ReviewState, Revision
from plaudit.ingest.reviews.domain.state_formats import decode_state
from plaudit.ingest.reviews.tables import reviews, revisions

_STORED = (revisions.c.state, revisions.c.state_format)
_REVIEWS = select(*(reviews.c[name] for name in Review.__struct_fields__ if name != "state"), *_STORED).join(
    revisions, and_(revisions.c.review_id == reviews.c.id, revisions.c.revision == reviews.c.revision)
)
_REVISIONS = select(*(revisions.c[name] for name in Revision.__struct_fields__ if name != "state"), *_STORED)


@dataclass(frozen=True)
class Filters:
    """Which reviews a list holds; what is None does not restrict it. Times are half-open ranges."""

    subject: str | None = None
    source_id: UUID | None = None
    external_id: str | None = None
    kind: str | None = None
    severity: str | None = None
    rating_gte: float | None = None
    rating_lt: float | None = None
    published_after: datetime | None = None
    published_before: datetime | None = None
    answered: bool | None = None
    removed: bool = False


async def page(
    tx: SqlTx, tenant_id: str, filters: Filters, after: tuple[datetime, UUID] | None, limit: int
) -> list[Review]:
    """Return up to `limit` reviews, the latest published first."""
    columns = reviews.c
    statement = _REVIEWS.where(columns.tenant_id == tenant_id, columns.published_at.is_not(None))
    statement = _filtered(statement, filters)
    if after is not None:
        statement = statement.where(tuple_(columns.published_at, columns.id) < after)
    ordered = statement.order_by(columns.published_at.desc(), columns.id.desc()).limit(limit)
    return [Review(**_values(row)) for row in (await tx.sql.execute(ordered)).mappings()]


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


def _filtered(statement: Select[*tuple[Any, ...]], filters: Filters) -> Select[*tuple[Any, ...]]:
    columns = reviews.c
    statement = statement.where(columns.removed == filters.removed)
    for column, compare, value in (
        (columns.source_id, eq, filters.source_id),
        (columns.external_id, eq, filters.external_id),
        (columns.kind, eq, filters.kind),
        (columns.severity, eq, filters.severity),
        (columns.rating, ge, filters.rating_gte),
        (columns.rating, lt, filters.rating_lt),
        (columns.published_at, ge, filters.published_after),
        (columns.published_at, lt, filters.published_before),
    ):
        if value is not None:
            statement = statement.where(compare(column, value))
    if filters.answered is not None:
        answered_at = columns.answered_at
        statement = statement.where(answered_at.is_not(None) if filters.answered else answered_at.is_(None))
    if filters.subject is not None:
        statement = statement.where(within(columns.subject, filters.subject))
    return statement
