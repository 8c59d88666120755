"""HTTP: markers, and what changed around them."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response

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
from plaudit.scoring.figures.api import no_origin
from plaudit.scoring.figures.domain.catalogue import FIGURES, STANDING, Figure, units_of
from plaudit.scoring.markers import commands, store
from plaudit.scoring.markers.domain.effect import (
    DEFAULT_DAYS,
    MAX_DAYS,
    Of,
    OtherOriginError,
)
from plaudit.scoring.markers.domain.marker import (
    Draft,
    Listed,
    MarkerKind,
    MarkerTimeError,
    TooManyMarkersError,
    UnknownMarkerError,
)
from plaudit.scoring.markers.schemas import MarkerEffectOut, MarkerIn, MarkerOut, effect_out, marker_out
from plaudit.scoring.scores.api import OF_MOMENTS, NamedProfile, OfOrigin, OfSource
from plaudit.scoring.sources import store as sources

PROBLEMS: Final = {
    "too-many-markers": "There are as many markers as a tenant may have. Delete some that nobody needs any more.",
}
"""Slug → meaning and what to do."""


def _time_is_far(error: MarkerTimeError) -> Problem:
    named = ProblemError("body", "/at", "against_the_rules", str(error))
    return unprocessable("invalid-request", "The time lies too far away; `errors` says how far it may.", [named])


REFUSALS: Final[Refusals] = {
    OtherOriginError: no_origin,
    MarkerTimeError: _time_is_far,
    TooManyMarkersError: lambda error: conflict("too-many-markers", str(error)),
    UnknownMarkerError: lambda _: not_found("marker"),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(prefix="/v1/markers", tags=["markers"])
Reader = Annotated[Principal, Depends(authorize("scores:read"))]
Writer = Annotated[Principal, Depends(authorize("markers:write"))]
MarkerId = Annotated[UUID, Path(description="The marker's id.")]


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
    return marker_out(await store.find(tx, principal.tenant_id, marker_id))


@router.delete("/{marker_id}", status_code=204, summary="Delete a marker")
async def delete_marker(principal: Writer, work: Work, marker_id: MarkerId) -> None:
    """Take a marker away; no figure changes."""
    await commands.delete(work.tx, principal.tenant_id, marker_id)


@router.get(
    "/{marker_id}/effect",
    summary="Read what changed around a marker",
    openapi_extra=describe(problems=OF_MOMENTS),
)
async def read_marker_effect(
    principal: Reader,
    tx: TenantTx,
    marker_id: MarkerId,
    profile: NamedProfile,
    figure: Annotated[Figure, Query(description=f"What is compared. {units_of(FIGURES)}")] = Figure.MEAN,
    days: Annotated[
        int, Query(ge=1, le=MAX_DAYS, description="How long the windows before and after are.")
    ] = DEFAULT_DAYS,
    source_id: OfSource = None,
    origin: OfOrigin = None,
) -> MarkerEffectOut:
    """Compare any figure before a marker with the same after it, of equal windows.

    Figures of ratings are of the reviews that were rated in each window, of the marker's subject and all below it, that
    stand now, without decay. Means and NPS are compared by Welch's interval, shares by Newcombe's, how many reviews
    come a day as Poisson means, and positive reviews for each negative one by the odds of Wilson's limits.

    Figures of answers, `answered_share` to `recovery_share`, are of the reviews that were published in each window, as
    they stood at its end, so that both had as much time to be answered; `n` counts those of which it is known whether
    they are answered, and of `recovery_share` the answered negative ones. Shares within a time and the median are by
    the estimator of Kaplan and Meier, the median's interval by Brookmeyer and Crowley. They are of all origins alone.

    Figures of all reviews that count by a `profile`, such as `score`, `effective_reviews` and how old the weight is,
    are those of the last instant before the marker and of the window after it. Both are of the same older reviews, so
    the interval of the difference is wider than it need be. The median age has Woodruff's interval, shares of the
    weight have Wilson's of as many reviews as are effective, which are counted as Poisson's. The age of the newest one
    is known exactly and has no interval: it changed measurably if it became more than 39 times as long, or a 39th,
    which at one pace it does in one of twenty cases.

    Where the first review came after the window before began, how many come a day is of the days since then, one day
    at least, and not known where none came before the marker.

    A change that is measurable may have other causes.
    """
    marker = await store.find(tx, principal.tenant_id, marker_id)
    of = Of(source_id, origin)
    names = await sources.named(tx, principal.tenant_id, [] if source_id is None else [str(source_id)])
    spanned, found, words = await store.effect_of(tx, marker, figure, days, profile, of)
    read_by = profile.name if figure in STANDING else None
    return effect_out(marker, figure, read_by, of, names.get(str(source_id)), spanned, found, words)


def _idempotency_key(text: str, draft: Draft) -> IdempotencyKey:
    return IdempotencyKey(f"markers:{text}", sha256(b"POST /v1/markers\n" + msgspec.json.encode(draft)).digest())
