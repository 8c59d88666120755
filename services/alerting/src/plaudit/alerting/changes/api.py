"""HTTP: that clocks and alerts have changed, live or since a place."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request

from plaudit.alerting.changes import store
from plaudit.alerting.changes.domain import Place
from plaudit.alerting.changes.schemas import ChangeOut, ChangesOut
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, authorize, describe
from plaudit.common.http.event_stream import Feed, LastEventId, StreamedEvent, described, event_stream, is_asked_for
from plaudit.common.http.paging import CURSOR_PATTERN, MAX_CURSOR_CHARS, MAX_PAGE_ITEMS

CHANGES: Final = "/v1/clocks/changes"
TYPE: Final = "clocks.changed"

router = APIRouter(tags=["clocks"])
Reader = Annotated[Principal, Depends(authorize("clocks:read"))]
After = Annotated[
    str | None,
    Query(
        description="The `next` of an earlier answer; without it, what changes from now on.",
        json_schema_extra={"pattern": CURSOR_PATTERN, "maxLength": MAX_CURSOR_CHARS},
    ),
]


@router.get(
    CHANGES,
    response_model=ChangesOut,
    responses=described('id: AgXw…\nevent: clocks.changed\ndata: {"at":"2026-03-02T09:00:00Z"}\n\n'),
    summary="Learn that clocks or alerts have changed, or follow it live",
    openapi_extra=describe(problems={"invalid-cursor": 422, "too-much-at-once": 429}),
)
async def read_changes(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    after: After = None,
    last_event_id: LastEventId = None,
) -> Any:
    """Say when clocks or alerts of the tenant changed, so that a list that is shown can be read again.

    With `Accept: text/event-stream` the answer is a live stream instead: an event within a second of a change, with an
    `id` for `Last-Event-ID`, and a comment every ten seconds. It ends after ten minutes; browsers come back by
    themselves. Changes are kept for a day, the last one for ever: who comes later learns that there was one.

    Where the database was restored from a backup, a place may be one that it has not come to. It is refused then
    (422 `invalid-cursor`).
    """
    feed = _feed(principal.tenant_id)
    if is_asked_for(request):
        begin = await (feed.reached(tx, feed.place_of(last_event_id)) if last_event_id else feed.end(tx))
        return event_stream(request, principal.tenant_id, feed, begin)
    if after is None:
        return ChangesOut(items=[], next=feed.id_of(await feed.end(tx)))
    place = await feed.reached(tx, feed.place_of(after))
    found = await store.after(tx, principal.tenant_id, place, MAX_PAGE_ITEMS)
    return ChangesOut(
        items=[ChangeOut(at=noted_at) for _, noted_at in found], next=feed.id_of(found[-1][0] if found else place)
    )


def _feed(tenant_id: str) -> Feed[Place]:
    async def following(tx: SqlTx, *, after: Place, limit: int) -> Sequence[StreamedEvent[Place]]:
        found = await store.after(tx, tenant_id, after, limit)
        return [StreamedEvent(place, TYPE, msgspec.json.encode({"at": at}).decode()) for place, at in found]

    return Feed(CHANGES, Place, following, store.end)
