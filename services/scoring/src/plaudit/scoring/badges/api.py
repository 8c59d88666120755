"""HTTP: which scores everybody may see."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    Subject,
    TenantTx,
    authorize,
    conflict,
    describe,
    unprocessable,
)
from plaudit.common.refusals import WrongInputError, sentence
from plaudit.common.settings import address_of
from plaudit.scoring.badges import commands, store
from plaudit.scoring.badges.domain.addresses import addresses, image_snippet
from plaudit.scoring.badges.domain.badge import Badge, TooManyBadgesError, UnfitProfileError, UnknownBadgeError
from plaudit.scoring.badges.schemas import BadgeIn, BadgeOut, BadgeProfileIn, BadgeProfileOut
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.scores.api import OF_PROFILES

PROBLEMS: Final = {
    "wrong-name": "What a subject is called cannot be shown. The detail says what would do.",
    "unknown-badge": "The score of the subject is not public. Put a badge to make it so.",
    "unfit-profile": "Badges leave no review out, so the profile must count stars and thumbs. Choose another one.",
    "too-many-badges": "As many subjects as may be are public. Delete the badge of another one first.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    WrongInputError: lambda error: unprocessable("wrong-name", sentence(error)),
    UnknownBadgeError: lambda error: Problem("unknown-badge", 404, "Not found", str(error)),
    UnfitProfileError: lambda error: unprocessable("unfit-profile", str(error)),
    TooManyBadgesError: lambda error: conflict("too-many-badges", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["badges"])
Reader = Annotated[Principal, Depends(authorize("scores:read"))]
Writer = Annotated[Principal, Depends(authorize("scores:write"))]
OfSubject = Annotated[Subject, Path(description="The subject, as a path.")]


@router.get("/v1/badges", summary="List badges")
async def list_badges(request: Request, principal: Reader, tx: TenantTx, paging: Paging) -> Page[BadgeOut]:
    """List the subjects whose scores everybody may see, in order. Nothing is public that is not among them."""
    (after,) = paging.after(tuple[str]) or ("",)
    found = await store.list_after(tx, principal.tenant_id, after, paging.rows)
    profile = await profiles.shown_by_badges(tx, principal.tenant_id)
    return paging.page(found, lambda each: (each.subject,), lambda each: _out(request, each, profile))


@router.get(
    "/v1/badges/{subject:path}", summary="Read a badge", openapi_extra=describe(problems={"unknown-badge": 404})
)
async def read_badge(request: Request, principal: Reader, tx: TenantTx, subject: OfSubject) -> BadgeOut:
    """Return how the score of a subject is shown to everybody, and where."""
    found = await store.find(tx, principal.tenant_id, subject)
    if found is None:
        raise UnknownBadgeError(subject)
    return _out(request, found, await profiles.shown_by_badges(tx, principal.tenant_id))


@router.put(
    "/v1/badges/{subject:path}",
    summary="Make a score public",
    openapi_extra=describe(problems={"too-many-badges": 409, "wrong-name": 422}),
)
async def put_badge(request: Request, principal: Writer, tx: TenantTx, subject: OfSubject, body: BadgeIn) -> BadgeOut:
    """Let everybody see the score of a subject, with its reviews by star, without a key.

    A subject that has no review yet may be public, too: its badge says so. A second time, it is the name and the kind
    that change.
    """
    wanted = commands.badge(principal.tenant_id, subject, body.name, body.kind, principal.actor)
    await commands.allow(tx, wanted)
    return _out(request, wanted, await profiles.shown_by_badges(tx, principal.tenant_id))


@router.delete(
    "/v1/badges/{subject:path}",
    status_code=204,
    summary="Make a score private",
    openapi_extra=describe(problems={"unknown-badge": 404}),
)
async def delete_badge(principal: Writer, tx: TenantTx, subject: OfSubject) -> Response:
    """Let nobody see the score of a subject any more. Browsers may show what they have for five minutes."""
    await commands.forbid(tx, principal.tenant_id, subject)
    return Response(status_code=204)


@router.get("/v1/badge-profile", summary="Read the profile of badges")
async def read_badge_profile(principal: Reader, tx: TenantTx) -> BadgeProfileOut:
    """Return the profile by which all badges show scores: `trust`, unless another one was chosen."""
    return BadgeProfileOut(profile=await profiles.shown_by_badges(tx, principal.tenant_id))


@router.put(
    "/v1/badge-profile",
    summary="Choose the profile of badges",
    openapi_extra=describe(problems={**OF_PROFILES, "unfit-profile": 422}),
)
async def choose_badge_profile(principal: Writer, tx: TenantTx, body: BadgeProfileIn) -> BadgeProfileOut:
    """Let all badges show scores by one profile, which counts stars and thumbs: one that every tenant has, or your own.

    It is the same for all subjects, and each badge leads to how it is calculated. While badges show a profile, it
    cannot be deleted, nor get a half-life that is to be filled first (409 `profile-shown`).
    """
    chosen = await commands.choose_profile(tx, principal.tenant_id, body.profile, principal.actor)
    return BadgeProfileOut(profile=chosen.name)


def _out(request: Request, found: Badge, profile: str) -> BadgeOut:
    at = addresses(address_of(request.app.state.resources.settings), found, profile)
    return BadgeOut(
        subject=found.subject,
        name=found.name,
        kind=found.kind,
        image=at.image,
        page=at.page,
        data=at.data,
        how=at.how,
        snippet=image_snippet(found, at),
    )
