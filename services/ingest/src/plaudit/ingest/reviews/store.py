"""Reading reviews and their revisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, and_, select, tuple_

from plaudit.common.db import Tx
from plaudit.ingest.tables import reviews, revisions

AnyRow = Row[tuple[object, ...]]


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


_SELECT = select(reviews, revisions.c.content).join(
    revisions, and_(revisions.c.review_id == reviews.c.id, revisions.c.revision == reviews.c.revision)
)


async def page(
    tx: Tx, tenant: str, filters: Filters, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Return up to `limit` reviews with their content, the latest published first."""
    columns = reviews.c
    statement = _SELECT.where(columns.tenant_id == tenant, columns.published_at.is_not(None))
    statement = statement.where(columns.removed == filters.removed)
    if filters.subject is not None:
        below = (columns.subject >= f"{filters.subject}/") & (columns.subject < f"{filters.subject}0")
        statement = statement.where((columns.subject == filters.subject) | below)
    for column, value in (
        (columns.source_id, filters.source_id),
        (columns.external_id, filters.external_id),
        (columns.kind, filters.kind),
        (columns.severity, filters.severity),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if filters.rating_gte is not None:
        statement = statement.where(columns.rating >= filters.rating_gte)
    if filters.rating_lt is not None:
        statement = statement.where(columns.rating < filters.rating_lt)
    if filters.published_after is not None:
        statement = statement.where(columns.published_at >= filters.published_after)
    if filters.published_before is not None:
        statement = statement.where(columns.published_at < filters.published_before)
    if filters.answered is not None:
        answered = columns.answered_at
        statement = statement.where(answered.is_not(None) if filters.answered else answered.is_(None))
    if after is not None:
        statement = statement.where(tuple_(columns.published_at, columns.id) < after)
    ordered = statement.order_by(columns.published_at.desc(), columns.id.desc()).limit(limit)
    return (await tx.sql.execute(ordered)).all()


async def get(tx: Tx, tenant: str, review_id: UUID) -> AnyRow | None:
    """Return one review with its present content."""
    statement = _SELECT.where(reviews.c.tenant_id == tenant, reviews.c.id == review_id)
    return (await tx.sql.execute(statement)).one_or_none()


async def history(tx: Tx, tenant: str, review_id: UUID) -> Sequence[AnyRow]:
    """Return all revisions of a review, the first one first."""
    columns = revisions.c
    statement = (
        select(revisions).where(columns.tenant_id == tenant, columns.review_id == review_id).order_by(columns.revision)
    )
    return (await tx.sql.execute(statement)).all()
