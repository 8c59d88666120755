"""Reviews as they stand, and how they came to be so."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from plaudit.common.db import Tx
from plaudit.common.http import (
    AnyText,
    DriverTx,
    Instant,
    Page,
    Paging,
    Principal,
    SubjectFilter,
    TenantTx,
    authorize,
    cut_page,
    describe,
    encode_cursor,
    not_found,
)
from plaudit.common.http.headers import is_none_match
from plaudit.common.http.json import json_response
from plaudit.common.http.parameters import parameters
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.order import PLACE_TYPES, Order
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.reviews.schemas import (
    ErasedReviewOut,
    ReviewOut,
    ReviewWithHistoryOut,
    listed,
    review_with_history_out,
)
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sorting.schemas import OnePersona, OneTopic
from plaudit.ingest.sources import store as sources

router = APIRouter(tags=["reviews"])
ReviewsReader = Annotated[Principal, Depends(authorize("reviews:read"))]
ReviewId = Annotated[UUID, Path(description="The review's id.")]
Answered = Literal["true", "false", "unknown"]
IfNoneMatch = Annotated[str | None, Header(description="Answer 304 while the entity tag is one of these.")]
MAX_SEARCH_CHARS: Final = 500


@dataclass(frozen=True)
class FilterParameters(Filters):
    """Which reviews are asked for."""

    source_id: Annotated[UUID | None, Query(description="Only those of this source.")] = None
    external_id: Annotated[AnyText | None, Query(description="Only the one with this id on its platform.")] = None
    platform: Annotated[AnyText | None, Query(description="Only those of sources on this platform.")] = None
    answered: Annotated[
        Answered | None,
        Query(
            description="Only those with a published answer, without one, or of platforms that do not tell of answers."
        ),
    ] = None
    subject: SubjectFilter = None
    kind: Annotated[Kind | None, Query(description="Only ratings of this kind.")] = None
    severity: Annotated[Severity | None, Query(description="Only those that are so bad.")] = None
    topic: Annotated[
        OneTopic | None, Query(description="Only those that mention this. A change is found within some seconds.")
    ] = None
    persona: Annotated[OnePersona | None, Query(description="Only those whose writers say this about themselves.")] = (
        None
    )
    check: Annotated[bool | None, Query(description="Only those that a person should look at, or only the others.")] = (
        None
    )
    rating_gte: Annotated[float | None, Query(allow_inf_nan=False, description="Of this rating or a better one.")] = (
        None
    )
    rating_lt: Annotated[float | None, Query(allow_inf_nan=False, description="Of a worse rating than this.")] = None
    published_after: Annotated[Instant | None, Query(description="At or after this instant.")] = None
    published_before: Annotated[Instant | None, Query(description="Before this instant.")] = None
    language: Annotated[
        AnyText | None, Query(description="Only those in this language, as their platform or their text says it.")
    ] = None
    verified: Annotated[bool | None, Query(description="Only those of certain, or of uncertain, purchases.")] = None
    origin: Annotated[Origin | None, Query(description="Only those that were written so.")] = None
    changed_after: Annotated[Instant | None, Query(description="Changed at or after this instant.")] = None
    changed_before: Annotated[Instant | None, Query(description="Last changed before this instant.")] = None
    text: Annotated[
        AnyText | None,
        Query(
            max_length=MAX_SEARCH_CHARS,
            description="Only those whose title, text or answer has all of these words, or words that begin with them. "
            "A change is found by its words within some seconds.",
        ),
    ] = None
    removed: Annotated[
        bool | None,
        Query(description="Removed ones, or published ones. Without it published ones; by `changed`, both."),
    ] = None


AskedFilters = Annotated[FilterParameters, Depends(parameters(FilterParameters))]
"""A parameter of an endpoint: the filters of its query."""


async def silent_sources(request: Request, tx: Tx, tenant_id: str) -> frozenset[UUID]:
    """Return the tenant's sources at which answers are not told."""
    return await sources.silent(tx, tenant_id, request.app.state.answers_of)


@router.get(
    "/v1/reviews",
    response_model=Page[ReviewOut | ErasedReviewOut],
    responses={304: {"description": "The page has not changed."}},
    summary="List reviews",
    openapi_extra=describe(headers=("ETag",)),
)
async def list_reviews(
    request: Request,
    principal: ReviewsReader,
    tx: DriverTx,
    filters: AskedFilters,
    paging: Paging,
    response: Response,
    sort: Annotated[Order, Query(description="What the order is by.")] = Order.NEWEST,
    if_none_match: IfNoneMatch = None,
) -> Any:
    """List reviews. `newest` and `oldest` go by publication, `rating` from the worst, the newest first among equals.

    `changed` is for whoever keeps a copy: each review stands at its last change, in the order of commits, and nothing
    that commits later comes before what was listed. That list has no end: its last page has a `next` too, from which a
    later request goes on, so that nothing is missed and nothing comes again without a change. Without filters, a review
    that was erased is listed with its ids alone: delete your copy of it. An empty page means that
    nothing is new; ask again with the cursor that led to it.
    """
    after = paging.after(PLACE_TYPES[sort])
    silent = await silent_sources(request, tx, principal.tenant_id) if filters.answered else frozenset[UUID]()
    found = await store.page(tx, principal.tenant_id, filters, after, paging.rows, order=sort, silent=silent)
    page, following = cut_page(found, paging.limit, lambda each: each.place, of=paging.of)
    if sort is Order.CHANGED and following is None:
        following = encode_cursor(*page[-1].place, of=paging.of) if page else paging.cursor
    tag = _tag(page, following)
    answer = {"items": [listed(each.review) for each in page], "next": following}
    return _unless_known(response, tag, if_none_match) or json_response(answer, headers={"ETag": tag})


@router.get(
    "/v1/reviews/{review_id}",
    response_model=ReviewWithHistoryOut,
    responses={304: {"description": "It has not changed."}},
    summary="Read a review and its revisions",
    openapi_extra=describe(headers=("ETag",)),
)
async def read_review(
    principal: ReviewsReader,
    tx: TenantTx,
    review_id: ReviewId,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> Any:
    """Read a review as it stands, with every revision that led to it."""
    review = await store.get(tx, principal.tenant_id, review_id)
    if review is None:
        raise not_found("review")
    known = _unless_known(response, f'"{review.revision}"', if_none_match)
    return known or review_with_history_out(review, await store.history(tx, principal.tenant_id, review_id))


def _unless_known(response: Response, tag: str, if_none_match: str | None) -> Response | None:
    """Give an answer its entity tag; return a 304 in its place where the client has it already."""
    response.headers["ETag"] = tag
    if if_none_match is None or is_none_match(if_none_match, tag):
        return None
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})


def _tag(page: Sequence[store.Found], following: str | None) -> str:
    """Return the entity tag of a page: a digest of which reviews it holds, each in which revision, and what follows."""
    held = ";".join(f"{each.review.id}/{each.review.revision}" for each in page)
    return f'"{blake2b(f"{held}>{following}".encode(), digest_size=12).hexdigest()}"'
