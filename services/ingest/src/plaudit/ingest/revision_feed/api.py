"""The feed of revisions: page by page up to a stated position on the bus, or live as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from plaudit.common.contracts.topics import REVIEWS
from plaudit.common.db import Database, Role
from plaudit.common.http import Principal, TenantTx, authorize, decode_cursor, describe, encode_cursor, read_apart
from plaudit.common.http.paging import CURSOR_PATTERN, DEFAULT_PAGE_ITEMS, MAX_CURSOR_CHARS, MAX_PAGE_ITEMS
from plaudit.common.http.problems import unavailable
from plaudit.ingest.revision_feed import store
from plaudit.ingest.revision_feed.domain import BEGINNING, Extent, Place
from plaudit.ingest.revision_feed.schemas import RevisionPageOut, fed_revision_out, position_out

EVENT_STREAM: Final = "text/event-stream"
MAX_STREAMS: Final = 100
"""Open at once in one process; each asks the database once a pause."""
PAUSE_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 10.0
"""A client that has left is noticed by what it does not take."""
STREAM_AGE: Final = timedelta(minutes=10)
"""Then it ends, and its client comes back with its last id: so a key that is revoked is asked for again."""
REVISIONS_OF_A_STEP: Final = 100
_PAGES: Final = "/v1/review-revisions"
_STREAM: Final = "/v1/review-revisions live"

router = APIRouter(tags=["reviews"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]
After = Annotated[
    str | None,
    Query(
        description="The `next` of the page before; without it, the feed begins with the first revision.",
        json_schema_extra={"pattern": CURSOR_PATTERN, "maxLength": MAX_CURSOR_CHARS},
    ),
]
LastEventId = Annotated[
    str | None, Header(description="Of a stream: the id of the last event that came; it goes on from there.")
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS, description="How many items a page has at most.")]


@router.get(
    "/v1/review-revisions",
    response_model=RevisionPageOut,
    responses={
        200: {
            "content": {
                EVENT_STREAM: {
                    "schema": {"type": "string"},
                    "example": 'id: AgXw…\nevent: review.created\ndata: {"review_id": "…", "revision": 1, …}\n\n',
                }
            }
        }
    },
    summary="Read all revisions, or follow them live",
    openapi_extra=describe(problems={"invalid-cursor": 422}),
)
async def read_revisions(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    after: After = None,
    limit: Limit = DEFAULT_PAGE_ITEMS,
    last_event_id: LastEventId = None,
) -> Any:
    """Read every revision of every review, oldest commit first, to rebuild what is made of events.

    The feed ends at what was published when its first page was read; `position` says where that is on the bus. Read
    all pages, then consume `reviews.v1` and apply in each partition what has a higher `sequence`: nothing is missed and
    nothing counts twice.

    With `Accept: text/event-stream` the answer is a live stream instead: new revisions within a second, each with an
    `id` for `Last-Event-ID`, and a comment every ten seconds. It begins with the `id` of its place, and ends after ten
    minutes; browsers come back by themselves.
    """
    partitions = request.app.state.resources.settings.partitions
    if EVENT_STREAM in request.headers.get("accept", ""):
        place = _place_of(last_event_id) if last_event_id else await store.end(tx)
        return _stream(request, principal.tenant_id, place, partitions)
    extent, place = (await store.published(tx, REVIEWS.name), BEGINNING) if after is None else _decode(after)
    found = await store.following(tx, principal.tenant_id, place, limit + 1)
    held = [each for each in found if extent.holds(each.place.xid)]
    return RevisionPageOut(
        items=[fed_revision_out(each, partitions) for each in held[:limit]],
        position=position_out(extent),
        next=_encode(extent, held[limit - 1].place) if len(held) > limit else None,
    )


def _encode(extent: Extent, place: Place) -> str:
    return encode_cursor(extent.until, extent.is_within, extent.epoch, dict(extent.sequences), *place, of=_PAGES)


def _decode(after: str) -> tuple[Extent, Place]:
    until, is_within, epoch, sequences, xid, review_id, revision = decode_cursor(
        after, tuple[int, bool, int, dict[str, int], int, UUID, int], of=_PAGES
    )
    return Extent(until, is_within, epoch, sequences), Place(xid, review_id, revision)


def _id_of(place: Place) -> str:
    return encode_cursor(*place, of=_STREAM)


def _place_of(event_id: str) -> Place:
    return Place(*decode_cursor(event_id, tuple[int, UUID, int], of=_STREAM))


class Streams:
    """How many streams are open in this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self.open = 0


def _stream(request: Request, tenant_id: str, place: Place, partitions: int) -> Response:
    """Answer with a live stream behind a place.

    Raises:
        Problem: 503 while too many are open.
    """
    streams: Streams = request.app.state.revision_streams
    if streams.open >= MAX_STREAMS:
        raise unavailable("Too many live views are open. Try again, or ask for pages by `after`.")

    def is_over() -> bool:
        draining: bool = request.app.built_edge().draining
        return draining

    database = request.app.state.resources.database(Role.API)
    return StreamingResponse(
        _counted(streams, _events(database, tenant_id, place, partitions, is_over)),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _counted(streams: Streams, events: AsyncIterator[str]) -> AsyncIterator[str]:
    streams.open += 1
    try:
        async for event in events:
            yield event
    finally:
        streams.open -= 1


async def _events(
    database: Database, tenant_id: str, place: Place, partitions: int, is_over: Callable[[], bool]
) -> AsyncIterator[str]:
    """Yield what is new until the stream is old or the process stops.

    Nothing is read ahead of a slow client.
    """
    now = asyncio.get_running_loop().time
    ends_at, beat_at = now() + STREAM_AGE.total_seconds(), now() + HEARTBEAT_SECONDS
    # Without an id, a client that no event has come to would come back at another place, and miss what was in between.
    yield f"id: {_id_of(place)}\nretry: {PAUSE_SECONDS * 1000:.0f}\n\n"
    while now() < ends_at and not is_over():
        read = partial(store.following, tenant_id=tenant_id, after=place, limit=REVISIONS_OF_A_STEP)
        found = await read_apart(database, tenant_id, read)
        for each in found:
            place = each.place
            data = fed_revision_out(each, partitions).model_dump_json()
            yield f"id: {_id_of(place)}\nevent: {each.type}\ndata: {data}\n\n"
        if found:
            beat_at = now() + HEARTBEAT_SECONDS
        elif now() >= beat_at:
            beat_at = now() + HEARTBEAT_SECONDS
            yield ": still here\n\n"
        if len(found) < REVISIONS_OF_A_STEP:
            await asyncio.sleep(PAUSE_SECONDS)
