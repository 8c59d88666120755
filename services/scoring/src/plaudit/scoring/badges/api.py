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
from plaudit.scoring.badges.domain.badge import Badge, TooManyBadgesError, UnknownBadgeError
from plaudit.scoring.badges.domain.figures import SHOWN
from plaudit.scoring.badges.schemas import BadgeIn, BadgeOut

PROBLEMS: Final = {
    "wrong-name": "What a subject is called cannot be shown. The detail says what would do.",
    "unknown-badge": "The score of the subject is not public. Put a badge to make it so.",
    "too-many-badges": "As many subjects as may be are public. Delete the badge of another one first.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    WrongInputError: lambda error: unprocessable("wrong-name", sentence(error)),
    UnknownBadgeError: lambda error: Problem("unknown-badge", 404, "Not found", str(error)),
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
    return paging.page(found, lambda each: (each.subject,), lambda each: _out(request, each))


@router.get(
    "/v1/badges/{subject:path}", summary="Read a badge", openapi_extra=describe(problems={"unknown-badge": 404})
)
async def read_badge(request: Request, principal: Reader, tx: TenantTx, subject: OfSubject) -> BadgeOut:
    """Return how the score of a subject is shown to everybody, and where."""
    found = await store.find(tx, principal.tenant_id, subject)
    if found is None:
        raise UnknownBadgeError(subject)
    return _out(request, found)


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
    return _out(request, wanted)


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


def _out(request: Request, found: Badge) -> BadgeOut:
    at = addresses(address_of(request.app.state.resources.settings), found, SHOWN.name)
    return BadgeOut(
        subject=found.subject,
        name=found.name,
        kind=found.kind,
        image=at.image,
        page=at.page,
        data=at.data,
        snippet=image_snippet(found, at),
    )
