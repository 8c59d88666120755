"""Export: a stream of lines, read page by page, so that neither side holds more than a page."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from plaudit.common.db import Database, Role
from plaudit.common.http import DriverTx, Principal, authorize, read_apart
from plaudit.common.http.files import Format, Group, as_file, content_of_file, written
from plaudit.ingest.export.schemas import HEAD, csv_row
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.api import AskedFilters, silent_sources
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.reviews.schemas import review_out
from plaudit.ingest.reviews.store import Found

ROWS: Final = 500
_ORDER: Final = Order.OLDEST

router = APIRouter(tags=["reviews"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]


@router.get(
    "/v1/reviews/export",
    response_class=StreamingResponse,
    responses={200: {"content": content_of_file(HEAD, '{"id": "…", "rating": 4.0, …}')}},
    summary="Export reviews",
)
async def export_reviews(
    request: Request,
    principal: Reader,
    tx: DriverTx,
    filters: AskedFilters,
    file_format: Annotated[
        Literal["jsonl", "csv"],
        Query(alias="format", description="A JSON object on each line, as lists show reviews, or CSV."),
    ] = "jsonl",
) -> StreamingResponse:
    """Export all reviews that a list with these filters holds, the oldest first; there is no limit to their number.

    In CSV, ratings are on their own scale, and a text that a spreadsheet could take for a formula has a quote in front,
    which our import takes off again.
    """
    silent = await silent_sources(request, tx, principal.tenant_id) if filters.answered else frozenset[UUID]()
    first = await store.page(tx, principal.tenant_id, filters, None, ROWS, order=_ORDER, silent=silent)
    database = request.app.state.resources.database(Role.API)
    groups = _groups(_pages(database, principal.tenant_id, filters, silent, first))
    form = Format(file_format)
    return as_file(written(groups, HEAD, form), "reviews", form)


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


async def _groups(pages: AsyncIterator[list[Found]]) -> AsyncIterator[Group[Review]]:
    async for page in pages:
        yield Group([each.review for each in page if isinstance(each.review, Review)], review_out, csv_row)
