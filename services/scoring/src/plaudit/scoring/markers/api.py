"""HTTP: markers, and what changed around them."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import (
    IdempotencyKeyHeader,
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
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
from plaudit.scoring.markers.domain.effect import (
    DEFAULT_DAYS,
    KINDS,
    MAX_DAYS,
    Change,
    Figure,
    Windows,
    change,
    in_words,
    windows,
)
from plaudit.scoring.markers.domain.marker import (
    Draft,
    Marker,
    MarkerKind,
    MarkerTimeError,
    TooManyMarkersError,
    UnknownMarkerError,
)
from plaudit.scoring.markers.schemas import MarkerEffectOut, MarkerIn, MarkerOut, effect_out, marker_out

PROBLEMS: Final = {
    "too-many-markers": "There are as many markers as a tenant may have. Delete some that nobody needs any more.",
}
"""Slug → meaning and what to do."""


def _time_is_far(error: MarkerTimeError) -> Problem:
    named = ProblemError("body", "/at", "against_the_rules", str(error))
    return unprocessable("invalid-request", "The time lies too far away; `errors` says how far it may.", [named])


REFUSALS: Final[Refusals] = {
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


async def effect_of(tx: SqlTx, marker: Marker, figure: Figure, days: int) -> tuple[Windows, Change, str]:
    """Return what changed around a marker: the windows, the figures, and the same in words."""
    spanned = windows(marker.at, days, tx.now)
    found = change(figure, *await store.around(tx, marker.tenant_id, marker.subject, spanned, KINDS[figure]))
    return spanned, found, in_words(marker.name, figure, found, spanned)


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
    kind: Annotated[MarkerKind | None, Query(description="Only those of this kind.")] = None,
) -> Page[MarkerOut]:
    """List markers, the latest first."""
    after = paging.after(tuple[datetime, UUID])
    found = await store.page(tx, principal.tenant_id, after, paging.rows, subject=subject, kind=kind)
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
) -> MarkerEffectOut:
    """Compare a figure of the reviews that were rated before a marker with one of as long a time after it.

    The reviews are those of the marker's subject and of all below it that stand now, without decay. Means and NPS are
    compared by Welch's interval, shares by Newcombe's. A change that is measurable may have other causes.
    """
    marker = await find(tx, principal.tenant_id, marker_id)
    return effect_out(marker, figure, *await effect_of(tx, marker, figure, days))


def _idempotency_key(text: str, draft: Draft) -> IdempotencyKey:
    return IdempotencyKey(f"markers:{text}", sha256(b"POST /v1/markers\n" + msgspec.json.encode(draft)).digest())
