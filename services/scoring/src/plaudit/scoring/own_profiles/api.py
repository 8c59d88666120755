"""HTTP: profiles of a tenant's own, beside those that every tenant has."""

import re
from collections.abc import Collection
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    TenantTx,
    authorize,
    conflict,
    describe,
    unprocessable,
)
from plaudit.common.http.headers import strong_tags
from plaudit.common.http.problems import ProblemError, precondition_failed
from plaudit.common.names import nearest
from plaudit.common.row_numbers import RevisionNumber
from plaudit.scoring.own_profiles import commands
from plaudit.scoring.own_profiles.domain import (
    BuiltInProfileError,
    NoProfileError,
    ProfileChangedError,
    ShownProfileError,
    TooManyProfilesError,
)
from plaudit.scoring.own_profiles.schemas import (
    ProfileIn,
    ProfileOut,
    ProfileRevisionOut,
    ProfilesOut,
    built_in_out,
    own_out,
    revision_out,
)
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.profiles.domain import BUILT_IN, NAME_PATTERN, InvalidProfileError, ProfileRevision
from plaudit.scoring.scores import store as scores

_ETAG: Final = re.compile(r'"([0-9]{1,9})"')
_ANY_REVISION: Final = range(1, 10**9)
PROBLEMS: Final = {
    "built-in-profile": "Every tenant has a profile of this name, and nobody changes it. Choose another name.",
    "invalid-profile": "A parameter breaks a rule that ties it to others; `errors` names it. Correct it.",
    "profile-shown": "Badges show the profile, and could not show it so. `PUT /v1/badge-profile` chooses another one.",
    "too-many-profiles": "The tenant has as many profiles as it may have. Change or delete one.",
}
"""Slug → meaning and what to do."""


def invalid_profile(error: InvalidProfileError) -> Problem:
    """Return the answer to a profile that cannot be."""
    told = ProblemError("body", f"/{error.parameter}", "invalid_profile", error.rule)
    return unprocessable("invalid-profile", f"{error.rule[:1].upper()}{error.rule[1:]}.", [told])


REFUSALS: Final[Refusals] = {
    BuiltInProfileError: lambda error: conflict("built-in-profile", str(error)),
    TooManyProfilesError: lambda error: conflict("too-many-profiles", str(error)),
    ShownProfileError: lambda error: conflict("profile-shown", str(error)),
    ProfileChangedError: lambda error: precondition_failed(str(error)),
    NoProfileError: lambda error: Problem("not-found", 404, "Not found", str(error)),
    InvalidProfileError: invalid_profile,
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["profiles"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]
ScoresWriter = Annotated[Principal, Depends(authorize("scores:write"))]
Name = Annotated[str, Path(description="The profile's name.", pattern=NAME_PATTERN, examples=["fast"])]
IfMatch = Annotated[str | None, Header(description="Do it only if the profile's entity tag is still one of these.")]


@router.get("/v1/score-profiles", summary="List score profiles")
async def list_profiles(principal: ScoresReader, tx: TenantTx) -> ProfilesOut:
    """List the profiles that every tenant has, and the tenant's own: at most 20."""
    own = await scores.own_profiles(tx, principal.tenant_id)
    return ProfilesOut(items=[*map(built_in_out, BUILT_IN.values()), *(own_out(*each) for each in own)])


@router.get(
    "/v1/score-profiles/{profile_name}",
    summary="Read a score profile",
    openapi_extra=describe(problems={"not-found": 404}, headers=("ETag",)),
)
async def read_profile(principal: ScoresReader, tx: TenantTx, profile_name: Name, response: Response) -> ProfileOut:
    """Read a profile, and whether scores can be read by it. A built-in one has revision 0 in its entity tag."""
    if (built_in := BUILT_IN.get(profile_name)) is not None:
        response.headers["ETag"] = '"0"'
        return built_in_out(built_in)
    return await _answer(tx, principal.tenant_id, profile_name, response)


@router.put(
    "/v1/score-profiles/{profile_name}",
    summary="Set a score profile",
    openapi_extra=describe(
        problems={"built-in-profile": 409, "too-many-profiles": 409, "profile-shown": 409, "invalid-profile": 422},
        headers=("ETag",),
    ),
)
async def set_profile(
    principal: ScoresWriter,
    tx: TenantTx,
    profile_name: Name,
    body: ProfileIn,
    response: Response,
    if_match: IfMatch = None,
) -> ProfileOut:
    """Make a profile, or change all of it, as a new revision; the same again changes nothing.

    Weights, prior and kinds count at once. A half-life that none of the tenant's profiles had before is filled from the
    ledger: until that is done, scores by this profile answer 409 `profile-not-ready`, and other profiles as before.
    """
    await commands.set_profile(
        tx, principal.tenant_id, body.profile(profile_name), principal.actor, expected_revisions=_revisions(if_match)
    )
    return await _answer(tx, principal.tenant_id, profile_name, response)


@router.delete(
    "/v1/score-profiles/{profile_name}",
    status_code=204,
    summary="Delete a score profile",
    openapi_extra=describe(problems={"not-found": 404, "built-in-profile": 409, "profile-shown": 409}),
)
async def delete_profile(principal: ScoresWriter, tx: TenantTx, profile_name: Name, if_match: IfMatch = None) -> None:
    """Delete a profile that no badge shows. Its revisions stay; what was kept for its half-life goes after a day."""
    await commands.delete_profile(
        tx, principal.tenant_id, profile_name, principal.actor, expected_revisions=_revisions(if_match)
    )


@router.get(
    "/v1/score-profiles/{profile_name}/revisions",
    summary="List revisions of a score profile",
    openapi_extra=describe(problems={"not-found": 404}),
)
async def list_profile_revisions(
    principal: ScoresReader, tx: TenantTx, profile_name: Name, paging: Paging
) -> Page[ProfileRevisionOut]:
    """List who set what and when, the latest first, also of a profile that is deleted. A built-in one has none."""
    (before,) = paging.after(tuple[RevisionNumber]) or (None,)
    found = await profiles.revisions(tx, principal.tenant_id, profile_name, before, paging.rows)
    if not found and before is None and profile_name not in BUILT_IN:
        raise await _unknown(tx, principal.tenant_id, profile_name)
    return paging.page(found, lambda each: (each.revision,), revision_out)


async def _answer(tx: SqlTx, tenant_id: str, name: str, response: Response) -> ProfileOut:
    """Return a profile of the tenant's own as it stands."""
    for revision, profile, progress in await scores.own_profiles(tx, tenant_id):
        if revision.name == name:
            response.headers["ETag"] = _etag(revision)
            return own_out(revision, profile, progress)
    raise await _unknown(tx, tenant_id, name)


async def _unknown(tx: SqlTx, tenant_id: str, name: str) -> NoProfileError:
    own = [each.name for each in await profiles.present(tx, tenant_id)]
    return NoProfileError(name, nearest(name, [*BUILT_IN, *own]))


def _etag(revision: ProfileRevision) -> str:
    return f'"{revision.revision}"'


def _revisions(if_match: str | None) -> Collection[int] | None:
    """Return the revisions of which the header If-Match wants one; with `*`, any of a profile that there is."""
    if if_match is None:
        return None
    tags = strong_tags(if_match)
    return _ANY_REVISION if tags is None else {int(match[1]) for match in map(_ETAG.fullmatch, tags) if match}
