"""HTTP: the last event of each subject in pages, or live as server-sent events."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request

from plaudit.common.db import SqlTx
from plaudit.common.http import Paging, Principal, Subject, SubjectFilter, TenantTx, authorize, describe
from plaudit.common.http.event_stream import Feed, LastEventId, StreamedEvent, described, event_stream, is_asked_for
from plaudit.scoring.publishing import store
from plaudit.scoring.publishing.domain import BEGINNING, Place
from plaudit.scoring.publishing.events import TYPE
from plaudit.scoring.publishing.schemas import ScoreEventOut, ScoreEventPageOut

EVENTS: Final = "/v1/score-events"

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]
ExactSubject = Annotated[Subject | None, Query(description="Only this subject, and nothing below it.")]


@router.get(
    EVENTS,
    response_model=ScoreEventPageOut,
    responses=described(
        'id: AgXw…\nevent: score.changed\ndata: {"subject": "acme", "number": 1772875862118204, …}\n\n'
    ),
    summary="Read how scores stand, or follow them live",
    openapi_extra=describe(problems={"invalid-cursor": 422, "too-much-at-once": 429}),
)
async def read_score_events(
    request: Request,
    principal: ScoresReader,
    tx: TenantTx,
    paging: Paging,
    subject: ExactSubject = None,
    under: SubjectFilter = None,
    last_event_id: LastEventId = None,
) -> Any:
    """Read the last event of each subject, in the order of the events: what `scores.v1` holds.

    With `Accept: text/event-stream` the answer is a live stream instead: the scores that change, within two seconds,
    each with an `id` for `Last-Event-ID`, and a comment every ten seconds. A subject that changes often comes once a
    second, with all its changes. It begins with the `id` of its place, and ends after ten minutes; browsers come back
    by themselves. Read all pages, then follow from the `last_event_id` of the last one: nothing is missed.

    Where the database was restored from a backup, a `cursor` or `Last-Event-ID` may be of events that it no longer has.
    It is refused then (422 `invalid-cursor`), and so is a stream from it; one that is open ends: read all pages anew.
    """
    feed = feed_of(principal.tenant_id, paging.of, subject, under)
    if is_asked_for(request):
        begin = await (feed.reached(tx, feed.place_of(last_event_id)) if last_event_id else feed.end(tx))
        return event_stream(request, principal.tenant_id, feed, begin)
    after = await feed.reached(tx, paging.after(Place) or BEGINNING)
    found = await store.events_after(tx, principal.tenant_id, after, subject, under, paging.rows)
    page = paging.page(found, lambda each: each.place, lambda each: ScoreEventOut.model_validate_json(each.data))
    shown = found[: paging.limit]
    return ScoreEventPageOut(
        items=page.items, next=page.next, last_event_id=feed.id_of(shown[-1].place if shown else after)
    )


def feed_of(tenant_id: str, name: str, subject: str | None, under: str | None) -> Feed[Place]:
    """Return the events of a tenant's scores as a feed.

    Args:
        tenant_id: whose.
        name: of the list with its filters.
        subject: only this subject.
        under: only this subject and what is below it.
    """

    async def following(tx: SqlTx, *, after: Place, limit: int) -> Sequence[StreamedEvent[Place]]:
        found = await store.events_after(tx, tenant_id, after, subject, under, limit)
        return [StreamedEvent(each.place, TYPE, each.data.decode()) for each in found]

    return Feed(f"{name} live", Place, following, store.end)
