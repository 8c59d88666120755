"""Reviews as they stand, and how they came to be so."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from plaudit.common.contracts import Kind, ReviewState, Severity
from plaudit.common.db import Role
from plaudit.common.http.auth import Principal, authorize
from plaudit.common.http.paging import Page, decode_cursor
from plaudit.common.http.paging import page as page_of
from plaudit.common.http.problems import not_found
from plaudit.ingest.api.context import DEFAULT_PAGE, Context, Cursor, Limit
from plaudit.ingest.store import reviews as reviews_store

router = APIRouter(tags=["reviews"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]
_content = msgspec.json.Decoder(ReviewState)


def _in_utc(told: datetime) -> datetime:
    try:
        return told.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("an instant between the years 1 and 9999") from error


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Rating = Annotated[float | None, Query(allow_inf_nan=False)]


class AnswerOut(BaseModel):
    """The company's public reply."""

    text: str
    published_at: datetime
    state: str


class ReviewOut(BaseModel):
    """A review as it stands."""

    id: UUID
    source_id: UUID
    external_id: str
    revision: int
    version: int | None
    removed: bool
    subject: str
    kind: Kind
    rating: float = Field(description="From 1 to 5, whatever scale it was given on.")
    raw_rating: dict[str, float]
    severity: Severity
    verified: bool
    origin: str
    title: str | None
    text: str | None
    language: str | None
    person: str | None = Field(description="The same person everywhere; a keyed hash or the platform's id.")
    tags: list[str]
    url: str | None
    published_at: datetime
    edited_at: datetime | None
    rated_at: datetime = Field(description="When the present rating was given: its weight counts from here.")
    received_at: datetime
    changed_at: datetime
    answer: AnswerOut | None


class RevisionOut(BaseModel):
    """One revision: what it was called, when we knew, and the content after it."""

    revision: int
    type: str
    version: int | None
    known_at: datetime
    delivery_id: UUID
    content: dict[str, Any] | None


class ReviewWithHistory(ReviewOut):
    """A review and all its revisions, the first one first."""

    revisions: list[RevisionOut]


@router.get("/v1/reviews", summary="List reviews")
async def list_reviews(
    who: Reader,
    context: Context,
    subject: Annotated[str | None, Query(description="This subject and everything below it.")] = None,
    source_id: UUID | None = None,
    external_id: str | None = None,
    kind: Kind | None = None,
    severity: Severity | None = None,
    rating_gte: Rating = None,
    rating_lt: Rating = None,
    published_after: Annotated[Instant | None, Query(description="At or after this instant.")] = None,
    published_before: Annotated[Instant | None, Query(description="Before this instant.")] = None,
    answered: bool | None = None,
    removed: Annotated[bool, Query(description="Removed ones instead of published ones.")] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Page[ReviewOut]:
    """List reviews, the latest published first."""
    filters = reviews_store.Filters(
        subject=subject,
        source_id=source_id,
        external_id=external_id,
        kind=kind,
        severity=severity,
        rating_gte=rating_gte,
        rating_lt=rating_lt,
        published_after=published_after,
        published_before=published_before,
        answered=answered,
        removed=removed,
    )
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        rows = await reviews_store.page(tx, who.tenant_id, filters, after, limit + 1)
    items = [ReviewOut(**_fields(row)) for row in rows]
    return Page[ReviewOut].model_validate(page_of(items, limit, lambda item: (item.published_at, item.id)))


@router.get("/v1/reviews/{review_id}", summary="Read a review and its revisions")
async def read_review(review_id: UUID, who: Reader, context: Context) -> ReviewWithHistory:
    """Read a review as it stands, with every revision that led to it."""
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        row = await reviews_store.get(tx, who.tenant_id, review_id)
        history = await reviews_store.history(tx, who.tenant_id, review_id)
    if row is None or row.content is None:
        raise not_found("review")
    return ReviewWithHistory(**_fields(row), revisions=[_revision(revision) for revision in history])


def _fields(row: Any) -> dict[str, Any]:
    state = _content.decode(row.content)
    fields = {name: getattr(state, name) for name in state.__struct_fields__}
    fields |= {
        "id": row.id,
        "source_id": row.source_id,
        "revision": row.revision,
        "version": row.version,
        "removed": row.removed,
        "changed_at": row.changed_at,
        "raw_rating": msgspec.structs.asdict(state.raw_rating),
        "tags": list(state.tags),
        "answer": None if state.answer is None else msgspec.structs.asdict(state.answer),
    }
    return fields


def _revision(row: Any) -> RevisionOut:
    return RevisionOut(
        revision=row.revision,
        type=row.type,
        version=row.version,
        known_at=row.known_at,
        delivery_id=row.delivery_id,
        content=None if row.content is None else msgspec.json.decode(row.content),
    )
