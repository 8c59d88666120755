"""Reviews as they stand, and how they came to be so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.http import AnyText, Instant, Page, Paging, Principal, SubjectFilter, TenantTx, authorize, not_found
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.reviews.schemas import (
    ReviewOut,
    ReviewWithHistoryOut,
    review_out,
    review_with_history_out,
)
from plaudit.ingest.sorting.domain.severity import Severity

router = APIRouter(tags=["reviews"])
ReviewsReader = Annotated[Principal, Depends(authorize("reviews:read"))]
ReviewId = Annotated[UUID, Path(description="The review's id.")]


@dataclass(frozen=True)
class FilterParameters(store.Filters):
    """Which reviews are asked for."""

    source_id: Annotated[UUID | None, Query(description="Only those of this source.")] = None
    external_id: Annotated[AnyText | None, Query(description="Only the one with this id on its platform.")] = None
    answered: Annotated[bool | None, Query(description="Only those with, or without, a published answer.")] = None
    subject: SubjectFilter = None
    kind: Annotated[Kind | None, Query(description="Only ratings of this kind.")] = None
    severity: Annotated[Severity | None, Query(description="Only those that are so bad.")] = None
    rating_gte: Annotated[float | None, Query(allow_inf_nan=False, description="Of this rating or a better one.")] = (
        None
    )
    rating_lt: Annotated[float | None, Query(allow_inf_nan=False, description="Of a worse rating than this.")] = None
    published_after: Annotated[Instant | None, Query(description="At or after this instant.")] = None
    published_before: Annotated[Instant | None, Query(description="Before this instant.")] = None
    removed: Annotated[bool, Query(description="Removed ones instead of published ones.")] = False


@router.get("/v1/reviews", summary="List reviews")
async def list_reviews(
    principal: ReviewsReader, tx: TenantTx, filters: Annotated[FilterParameters, Depends()], paging: Paging
) -> Page[ReviewOut]:
    """List reviews, the latest published first."""
    after = paging.after(tuple[datetime, UUID])
    found = await store.page(tx, principal.tenant_id, filters, after, paging.rows)
    return paging.page(found, lambda review: (review.state.published_at, review.id), review_out)


@router.get("/v1/reviews/{review_id}", summary="Read a review and its revisions")
async def read_review(principal: ReviewsReader, tx: TenantTx, review_id: ReviewId) -> ReviewWithHistoryOut:
    """Read a review as it stands, with every revision that led to it."""
    review = await store.get(tx, principal.tenant_id, review_id)
    if review is None:
        raise not_found("review")
    return review_with_history_out(review, await store.history(tx, principal.tenant_id, review_id))
