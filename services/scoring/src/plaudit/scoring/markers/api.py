"""HTTP: markers, and what changed around them."""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import (
    IdempotencyKeyHeader,
    Instant,
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    Subject,
    SubjectFilter,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
    not_found,
    unprocessable,
)
from plaudit.common.http.problems import ProblemError
from plaudit.common.idempotency import IdempotencyKey
from plaudit.scoring.markers import commands, store
from plaudit.scoring.markers.domain.answering import observed
from plaudit.scoring.markers.domain.effect import (
    DEFAULT_DAYS,
    KINDS,
    MAX_DAYS,
    OF_ALL,
    OF_ANSWERS,
    Change,
    Figure,
    Of,
    UntoldOriginError,
    Windows,
    change,
    change_of_pace,
    change_of_shares,
    in_words,
    windows,
)
from plaudit.scoring.markers.domain.marker import (
    Draft,
    Listed,
    Marker,
    MarkerKind,
    MarkerTimeError,
    TooManyMarkersError,
    UnknownMarkerError,
)
from plaudit.scoring.markers.schemas import MarkerEffectOut, MarkerIn, MarkerOut, effect_out, marker_out
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.sources import store as sources

PROBLEMS: Final = {
    "too-many-markers": "There are as many markers as a tenant may have. Delete some that nobody needs any more.",
}
"""Slug → meaning and what to do."""


def _time_is_far(error: MarkerTimeError) -> Problem:
    named = ProblemError("body", "/at", "against_the_rules", str(error))
    return unprocessable("invalid-request", "The time lies too far away; `errors` says how far it may.", [named])


def _no_origin(error: UntoldOriginError) -> Problem:
    named = ProblemError("query", "/origin", "against_the_rules", str(error))
    return unprocessable("invalid-request", "The figure is not of one origin; `errors` says why.", [named])


REFUSALS: Final[Refusals] = {
    UntoldOriginError: _no_origin,
    MarkerTimeError: _time_is_far,
    TooManyMarkersError: lambda error: conflict("too-many-markers", str(error)),
    UnknownMarkerError: lambda _: not_found("marker"),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(prefix="/v1/markers", tags=["markers"])
Reader = Annotated[Principal, Depends(authorize("scores:read"))]
Writer = Annotated[Principal, Depends(authorize("markers:write"))]
MarkerId = Annotated[UUID, Path(description="The marker's id.")]


async def find(tx: SqlTx, tenant_id: str, marker_id: UUID) -> Marker:
    """Return a marker.

    Raises:
        UnknownMarkerError: there is none.
    """
    marker = await store.get(tx, tenant_id, marker_id)
    if marker is None:
        raise UnknownMarkerError
    return marker


async def effect_of(
    tx: SqlTx, marker: Marker, figure: Figure, days: int, of: Of = OF_ALL
) -> tuple[Windows, Change, str]:
    """Return what changed around a marker: the windows, the figures, and the same in words.

    Raises:
        UntoldOriginError: of an origin alone, how its reviews are answered is not known.
    """
    spanned = windows(marker.at, days, tx.now)
    found = await _change(tx, marker, figure, spanned, of)
    return spanned, found, in_words(marker.name, figure, found, spanned)


async def _change(tx: SqlTx, marker: Marker, figure: Figure, spanned: Windows, of: Of) -> Change:
    if figure in OF_ANSWERS:
        if of.origin is not None:
            raise UntoldOriginError
        earlier, later = await store.answered_around(tx, marker.tenant_id, marker.subject, spanned, of.source_id)
        # In a thread, so that other requests are answered meanwhile.
        return await asyncio.to_thread(lambda: change_of_shares(observed(figure, earlier), observed(figure, later)))
    before, after = await store.around(tx, marker.tenant_id, marker.subject, spanned, KINDS[figure], of)
    if figure is Figure.PACE:
        return change_of_pace(sum(before.values()), sum(after.values()), spanned.days)
    return change(figure, before, after)


@router.post(
    "",
    status_code=201,
    summary="Note a marker",
    openapi_extra=describe(
        problems={"too-many-markers": 409, "wrong-name": 422}, headers=("Location", "Idempotent-Replayed")
    ),
)
async def create_marker(
    principal: Writer, work: Work, body: MarkerIn, response: Response, idempotency_key: IdempotencyKeyHeader
) -> MarkerOut:
    """Note what was done or happened, so that charts show it and figures can be compared around it."""
    draft = body.draft()
    key = None if idempotency_key is None else _idempotency_key(idempotency_key, draft)
    made = await commands.create(work.tx, work.ids, principal.tenant_id, draft, principal.actor, key=key)
    if made.already:
        response.headers["Idempotent-Replayed"] = "true"
    response.headers["Location"] = f"{router.prefix}/{made.marker.id}"
    return marker_out(made.marker)


@router.get("", summary="List markers")
async def list_markers(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    subject: SubjectFilter = None,
    concerning: Annotated[
        Subject | None,
        Query(
            description="Only those of this subject and of all above it: those that a chart of its scores shows.",
            examples=["acme/berlin"],
        ),
    ] = None,
    kind: Annotated[MarkerKind | None, Query(description="Only those of this kind.")] = None,
    start: Annotated[
        Instant | None,
        Query(alias="from", description="Only those of then or later.", examples=["2026-03-01T00:00:00Z"]),
    ] = None,
    end: Annotated[
        Instant | None, Query(alias="to", description="Only those before.", examples=["2026-04-01T00:00:00Z"])
    ] = None,
) -> Page[MarkerOut]:
    """List markers, the latest first."""
    after = paging.after(tuple[datetime, UUID])
    of = Listed(subject=subject, concerning=concerning, kind=kind, start=start, end=end)
    found = await store.page(tx, principal.tenant_id, after, paging.rows, of=of)
    return paging.page(found, lambda marker: (marker.at, marker.id), marker_out)


@router.get("/{marker_id}", summary="Read a marker")
async def get_marker(principal: Reader, tx: TenantTx, marker_id: MarkerId) -> MarkerOut:
    """Return one marker."""
    return marker_out(await find(tx, principal.tenant_id, marker_id))


@router.delete("/{marker_id}", status_code=204, summary="Delete a marker")
async def delete_marker(principal: Writer, work: Work, marker_id: MarkerId) -> None:
    """Take a marker away; no figure changes."""
    await commands.delete(work.tx, principal.tenant_id, marker_id)


@router.get("/{marker_id}/effect", summary="Read what changed around a marker")
async def read_marker_effect(
    principal: Reader,
    tx: TenantTx,
    marker_id: MarkerId,
    figure: Annotated[Figure, Query(description="What is compared.")] = Figure.MEAN,
    days: Annotated[
        int, Query(ge=1, le=MAX_DAYS, description="How long the windows before and after are.")
    ] = DEFAULT_DAYS,
    source_id: Annotated[
        UUID | None, Query(description="Of this source's reviews alone.", examples=[EXAMPLE_SOURCE_ID])
    ] = None,
    origin: Annotated[
        Literal["organic", "invited", "incentivised"] | None,
        Query(
            description="Of this origin's reviews alone. `organic` leaves out who was asked or rewarded. Not with the "
            "figures of answers.",
            examples=["organic"],
        ),
    ] = None,
) -> MarkerEffectOut:
    """Compare a figure of the reviews that were rated before a marker with one of as long a time after it.

    The reviews are those of the marker's subject and of all below it that stand now, without decay. Means and NPS are
    compared by Welch's interval, shares by Newcombe's, and how many reviews come a day as Poisson means. A change that
    is measurable may have other causes.

    `answered_share`, `answered_within_24_hours` and `recovery_share` are of the reviews that were published in each
    window, as they stood at its end, so that both had as much time to be answered; `n` counts those of which it is
    known whether they are answered, and of `recovery_share` the answered negative ones. Within a day is by the
    estimator of Kaplan and Meier.
    """
    marker = await find(tx, principal.tenant_id, marker_id)
    of = Of(source_id, origin)
    names = await sources.named(tx, principal.tenant_id, [] if source_id is None else [str(source_id)])
    spanned, found, words = await effect_of(tx, marker, figure, days, of)
    return effect_out(marker, figure, of, names.get(str(source_id)), spanned, found, words)


def _idempotency_key(text: str, draft: Draft) -> IdempotencyKey:
    return IdempotencyKey(f"markers:{text}", sha256(b"POST /v1/markers\n" + msgspec.json.encode(draft)).digest())
