"""Export: a stream of lines, read page by page, so that neither side holds more than a page."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from plaudit.common.db import Database, Role
from plaudit.common.http import DriverTx, Principal, authorize, read_apart
from plaudit.ingest.export.domain import HEAD, Format, csv_lines, csv_row
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.api import AskedFilters, silent_sources
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.reviews.schemas import review_out
from plaudit.ingest.reviews.store import Found

ROWS: Final = 500
_MEDIA_TYPES: Final = {Format.JSONL: "application/jsonl", Format.CSV: "text/csv"}
_ORDER: Final = Order.OLDEST

router = APIRouter(tags=["reviews"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]


@router.get(
    "/v1/reviews/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "application/jsonl": {"schema": {"type": "string"}, "example": '{"id": "…", "rating": 4.0, …}\n'},
                "text/csv": {"schema": {"type": "string"}, "example": f"{','.join(HEAD)}\r\n"},
            }
        }
    },
    summary="Export reviews",
)
async def export_reviews(
    request: Request,
    principal: Reader,
    tx: DriverTx,
    filters: AskedFilters,
    file_format: Annotated[
        Format, Query(alias="format", description="A JSON object on each line, as lists show reviews, or CSV.")
    ] = Format.JSONL,
) -> StreamingResponse:
    """Export all reviews that a list with these filters holds, the oldest first; there is no limit to their number.

    In CSV, ratings are on their own scale, and a text that a spreadsheet could take for a formula has a quote in front,
    which our import takes off again.
    """
    silent = await silent_sources(request, tx, principal.tenant_id) if filters.answered else frozenset[UUID]()
    first = await store.page(tx, principal.tenant_id, filters, None, ROWS, order=_ORDER, silent=silent)
    database = request.app.state.resources.database(Role.API)
    pages = _pages(database, principal.tenant_id, filters, silent, first)
    return StreamingResponse(
        _lines(
            pages,
            _jsonl if file_format is Format.JSONL else _csv,
            "" if file_format is Format.JSONL else csv_lines([HEAD]),
        ),
        media_type=_MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="reviews.{file_format.value}"'},
    )


async def _pages(
    database: Database, tenant_id: str, filters: Filters, silent: frozenset[UUID], found: list[Found]
) -> AsyncIterator[list[Found]]:
    """Yield pages, each of a transaction of its own: however long a client takes, none stays open."""
    yield found
    while len(found) == ROWS:
        read = partial(
            store.page,
            tenant_id=tenant_id,
            filters=filters,
            after=found[-1].place,
            limit=ROWS,
            order=_ORDER,
            silent=silent,
        )
        found = await read_apart(database, tenant_id, read)
        yield found


async def _lines(
    pages: AsyncIterator[list[Found]], written: Callable[[Sequence[Review]], str], head: str
) -> AsyncIterator[str]:
    if head:
        yield head
    async for page in pages:
        if page:
            yield written([each.review for each in page if isinstance(each.review, Review)])


def _jsonl(reviews: Sequence[Review]) -> str:
    return "".join(f"{review_out(review).model_dump_json()}\n" for review in reviews)


def _csv(reviews: Sequence[Review]) -> str:
    return csv_lines(map(csv_row, reviews))
