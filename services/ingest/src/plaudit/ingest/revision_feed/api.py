"""The feed of revisions: page by page up to a stated position on the bus, or live as server-sent events."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from plaudit.common.contracts.topics import REVIEWS
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, authorize, decode_cursor, describe, encode_cursor
from plaudit.common.http.event_stream import Feed, LastEventId, StreamedEvent, described, event_stream, is_asked_for
from plaudit.common.http.paging import CURSOR_PATTERN, DEFAULT_PAGE_ITEMS, MAX_CURSOR_CHARS, MAX_PAGE_ITEMS
from plaudit.common.row_numbers import RevisionNumber, TransactionNumber
from plaudit.ingest.revision_feed import store
from plaudit.ingest.revision_feed.domain import (
    BEGINNING,
    MAX_FIGURED_ITEMS,
    PAGES_AHEAD,
    Extent,
    FedRevision,
    Place,
)
from plaudit.ingest.revision_feed.schemas import (
    FiguredPage,
    FiguredPageOut,
    RevisionPageOut,
    ToldPage,
    figured_revision,
    told_position,
    told_revision,
)

_PAGES: Final = "/v1/review-revisions"
_FIGURES: Final = "/v1/review-revisions/figures"
_STREAM: Final = "/v1/review-revisions live"

Told = TypeVar("Told")

router = APIRouter(tags=["reviews"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]
After = Annotated[
    str | None,
    Query(
        description="The `next` of the page before; without it, the feed begins with the first revision.",
        json_schema_extra={"pattern": CURSOR_PATTERN, "maxLength": MAX_CURSOR_CHARS},
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS, description="How many items a page has at most.")]
FiguredLimit = Annotated[int, Query(ge=1, le=MAX_FIGURED_ITEMS, description="How many items a page has at most.")]


@router.get(
    "/v1/review-revisions",
    response_model=RevisionPageOut,
    responses=described('id: AgXw…\nevent: review.created\ndata: {"review_id": "…", "revision": 1, …}\n\n'),
    summary="Read all revisions, or follow them live",
    openapi_extra=describe(problems={"invalid-cursor": 422, "too-much-at-once": 429}),
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

    Where the database was restored from a backup, `after` or `Last-Event-ID` may be of revisions that it no longer has.
    It is refused then (422 `invalid-cursor`), and so is a stream from it; one that is open ends: read all pages anew.
    """
    partitions = request.app.state.resources.settings.partitions
    feed = _feed(principal.tenant_id, partitions)
    if is_asked_for(request):
        begin = await (feed.reached(tx, feed.place_of(last_event_id)) if last_event_id else feed.end(tx))
        return event_stream(request, principal.tenant_id, feed, begin)
    extent, place = await _begin(tx, feed, after, _PAGES)
    tell = partial(told_revision, partitions=partitions)
    cut = await _cut(tx, principal.tenant_id, extent, place, limit, tell)
    page = ToldPage(
        items=cut.items,
        position=told_position(extent),
        next=None if cut.next is None else _encode(extent, cut.next, _PAGES),
    )
    # Whoever rebuilds from the feed reads all of it: what is written here is not made into other objects on the way.
    return Response(msgspec.json.encode(page), media_type="application/json")


@router.get(
    "/v1/review-revisions/figures",
    response_model=FiguredPageOut,
    summary="Read of all revisions what figures are made of",
    openapi_extra=describe(problems={"invalid-cursor": 422}),
)
async def read_figured_revisions(
    request: Request, principal: Reader, tx: TenantTx, after: After = None, limit: FiguredLimit = DEFAULT_PAGE_ITEMS
) -> Any:
    """Read of every revision of every review what figures are made of, oldest commit first.

    It is the feed of `/v1/review-revisions` without words and persons, in larger pages, for whoever makes figures of
    millions of reviews anew. It ends, and goes on by events, as that one does.

    A page says what follows it by `next`. The pages of `ahead` can be asked for at the same time.
    """
    partitions = request.app.state.resources.settings.partitions
    extent, place = await _begin(tx, _feed(principal.tenant_id, partitions), after, _FIGURES)
    tell = partial(figured_revision, partitions=partitions)
    cut = await _cut(tx, principal.tenant_id, extent, place, limit, tell)
    ahead = [] if cut.next is None else await store.ahead(tx, principal.tenant_id, cut.next, limit, PAGES_AHEAD)
    places = [place for place in ahead if extent.holds(place.xid)]
    page = FiguredPage(
        items=cut.items,
        position=told_position(extent),
        next=None if cut.next is None else _encode(extent, cut.next, _FIGURES),
        ahead=[_encode(extent, place, _FIGURES) for place in places],
    )
    return Response(msgspec.json.encode(page), media_type="application/json")


class _Cut(NamedTuple, Generic[Told]):
    """A page that is cut from the feed."""

    items: list[Told]
    next: Place | None


async def _begin(tx: SqlTx, feed: Feed[Place], after: str | None, of: str) -> tuple[Extent, Place]:
    if after is None:
        return await store.published(tx, REVIEWS.name), BEGINNING
    extent, place = _decode(after, of)
    await feed.reached(tx, extent.end)
    return extent, place


async def _cut(
    tx: SqlTx, tenant_id: str, extent: Extent, after: Place, limit: int, tell: Callable[[FedRevision], Told]
) -> _Cut[Told]:
    """Return the page behind a place, each revision told when it is found: no state of it is held for longer."""
    items: list[Told] = []
    last: FedRevision | None = None
    for found in await store.following(tx, tenant_id, after, limit + 1):
        if not extent.holds(found.xid):
            break
        if last is not None and len(items) == limit:
            return _Cut(items, last.place)
        items.append(tell(found))
        last = found
    return _Cut(items, None)


def _encode(extent: Extent, place: Place, of: str) -> str:
    return encode_cursor(extent.until, extent.is_within, extent.epoch, dict(extent.sequences), *place, of=of)


def _decode(after: str, of: str) -> tuple[Extent, Place]:
    until, is_within, epoch, sequences, xid, review_id, revision = decode_cursor(
        after, tuple[int, bool, int, dict[str, int], TransactionNumber, UUID, RevisionNumber], of=of
    )
    return Extent(until, is_within, epoch, sequences), Place(xid, review_id, revision)


def _feed(tenant_id: str, partitions: int) -> Feed[Place]:
    async def following(tx: SqlTx, *, after: Place, limit: int) -> Sequence[StreamedEvent[Place]]:
        found = await store.following(tx, tenant_id, after, limit)
        return [
            StreamedEvent(each.place, each.type, msgspec.json.encode(told_revision(each, partitions)).decode())
            for each in found
        ]

    return Feed(_STREAM, Place, following, store.end)
