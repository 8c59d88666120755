"""HTTP: scores as they stand, stood and will stand, read without a write."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from plaudit.common.db import SqlTx
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    Subject,
    SubjectFilter,
    TenantTx,
    authorize,
    conflict,
    describe,
    unprocessable,
)
from plaudit.common.http.times import Instant
from plaudit.common.names import nearest
from plaudit.scoring.half_lives.domain import ProfileNotReadyError
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.profiles.domain import BUILT_IN, NAME_PATTERN, TRUST, Profile, UnknownProfileError
from plaudit.scoring.scores import store
from plaudit.scoring.scores.domain import (
    ProfileChoices,
    TooManyReviewsError,
    UnknownSubjectAskedError,
    UnknownSubjectError,
    moment_of,
    read_parts,
)
from plaudit.scoring.scores.schemas import ScoreOut
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit.scoring.sums.domain.parts import Part

MAX_COMPARED_SUBJECTS: Final = 1_000
MAX_NAMED_SUBJECTS: Final = 3
EXAMPLE_SOURCE_ID: Final = "01956d00-0000-7000-8000-000000000001"
PROBLEMS: Final = {
    "unknown-subject": "Nothing was ever said about the subject. The detail names subjects that may have been meant.",
    "unknown-profile": "There is no profile of this name. The detail names those that there are.",
    "profile-not-ready": "The half-life of the profile is new, and its sums are being filled from the ledger; the "
    "detail says how far that is. Try again in some seconds. Other profiles answer as before.",
    "too-many-reviews": "The profile has a half-life of the tenant's own, by which another moment than now is read "
    "review by review, and the subject has too many. The detail says how many may be, and what to ask for.",
}
"""Slug → meaning and what to do."""
OF_PROFILES: Final = {"unknown-profile": 422, "profile-not-ready": 409}
"""Slug → status, of the problems of every operation that takes a `NamedProfile`."""
OF_MOMENTS: Final = {**OF_PROFILES, "too-many-reviews": 422}
"""The same of every operation that may read another moment than now by it."""
REFUSALS: Final[Refusals] = {
    UnknownSubjectError: lambda error: Problem("unknown-subject", 404, "Not found", str(error)),
    UnknownSubjectAskedError: lambda error: Problem("unknown-subject", 422, "Unknown subject", str(error)),
    UnknownProfileError: lambda error: Problem("unknown-profile", 422, "Unknown profile", str(error)),
    ProfileNotReadyError: lambda error: conflict("profile-not-ready", str(error)),
    TooManyReviewsError: lambda error: unprocessable("too-many-reviews", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]
At = Annotated[
    Instant | None,
    Query(
        description="The score at this instant: of what had taken effect where the reviews stand, with the age that it "
        "had then. After the present, the score as it will be if no review comes.",
        examples=["2026-03-01T12:00:00Z"],
    ),
]
KnownAt = Annotated[
    Instant | None,
    Query(
        description="The score as it was shown at this instant: of what had been received by then. With `at`, what was "
        "known by then of that instant.",
        examples=["2026-03-01T12:00:00Z"],
    ),
]


ProfileName = Annotated[
    str, Query(description="The rules that it is computed by.", examples=["trust"], pattern=NAME_PATTERN)
]


async def profile_named(request: Request, tx: TenantTx, profile: ProfileName = TRUST.name) -> Profile:
    """Return the profile that a request names, as `find_profile`; the endpoint declares its principal first."""
    principal: Principal = request.state.principal
    return await find_profile(tx, principal.tenant_id, profile)


NamedProfile = Annotated[Profile, Depends(profile_named)]


async def profile_choices(request: Request, tx: TenantTx) -> ProfileChoices:
    """Return the profiles that whoever asks may choose from; the endpoint declares its principal first."""
    principal: Principal = request.state.principal
    return await store.choices_of(tx, principal.tenant_id)


Choices = Annotated[ProfileChoices, Depends(profile_choices)]


async def find_profile(tx: SqlTx, tenant_id: str, name: str) -> Profile:
    """Return a profile by its name: one that every tenant has, or one of the tenant's own.

    Raises:
        UnknownProfileError: there is none of this name.
        ProfileNotReadyError: its half-life is being filled.
    """
    if (built_in := BUILT_IN.get(name)) is not None:
        return built_in
    found = await store.own_profile(tx, tenant_id, name)
    if found is None:
        own = await profiles.present(tx, tenant_id)
        raise UnknownProfileError(name, (*BUILT_IN, *(each.name for each in own)))
    profile, progress = found
    if not progress.is_ready:
        raise ProfileNotReadyError(name, progress)
    return profile


@router.get("/v1/scores", summary="List scores", openapi_extra=describe(problems=OF_PROFILES))
async def list_scores(
    principal: ScoresReader,
    tx: TenantTx,
    paging: Paging,
    profile: NamedProfile,
    under: SubjectFilter = None,
) -> Page[ScoreOut]:
    """Return the score of every subject that ever had a review, and of every prefix of one, in order.

    One whose reviews are all of other kinds (NPS, CSAT, CES) is among them, without a score.
    """
    (after,) = paging.after(tuple[str]) or ("",)
    found = await store.prefixes_after(tx, principal.tenant_id, after, under, paging.rows)
    parts = await store.present_parts(tx, principal.tenant_id, found[: paging.limit], profile)
    return paging.page(
        found, lambda prefix: (prefix,), lambda prefix: _score(prefix, profile, parts.get(prefix, []), tx.now)
    )


@router.get(
    "/v1/scores/{subject:path}",
    summary="Read a score",
    openapi_extra=describe(problems={"unknown-subject": 404, **OF_MOMENTS}),
)
async def read_score(
    principal: ScoresReader,
    tx: TenantTx,
    subject: Annotated[Subject, Path(description="The subject, as a path.")],
    profile: NamedProfile,
    at: At = None,
    known_at: KnownAt = None,
    source_id: Annotated[
        UUID | None, Query(description="Of this source's reviews alone.", examples=[EXAMPLE_SOURCE_ID])
    ] = None,
    origin: Annotated[
        Literal["organic", "invited", "incentivised"] | None,
        Query(
            description="Of this origin's reviews alone: a figure that stands beside the public one, never in place of "
            "it. `organic` leaves out who was asked or rewarded.",
            examples=["organic"],
        ),
    ] = None,
) -> ScoreOut:
    """Return the score of a subject and everything below it, as it stands now, stood or will stand.

    A subject whose reviews are all removed, or are all of other kinds (NPS, CSAT, CES), has a null score, no stars,
    and the prior. 404 `unknown-subject` for one that never had a review; the detail names those that may have been
    meant, or one that is known.

    By a half-life of the tenant's own, another moment than now is read review by review, about a second for a million,
    and of 2,000,000 at most.
    """
    moment = moment_of(at, known_at, tx.now)
    of_source = None if source_id is None else str(source_id)
    parts = await store.parts_of(tx, principal.tenant_id, subject, moment, profile, source_id=of_source)
    if not parts and not await store.is_known(tx, principal.tenant_id, subject):
        raise await unknown_subject(tx, principal.tenant_id, subject)
    if origin is not None:
        profile = replace(profile, origins=frozenset({origin}))
    return _score(subject, profile, parts, moment.at, origin)


async def unknown_asked(tx: SqlTx, tenant_id: str, subject: str) -> UnknownSubjectAskedError:
    """Return the error of a query that names known subjects."""
    return UnknownSubjectAskedError(str(await unknown_subject(tx, tenant_id, subject)))


async def unknown_subject(tx: SqlTx, tenant_id: str, subject: str) -> UnknownSubjectError:
    """Return the error that names known subjects, found at the first segment that is not known.

    It is for a subject that never had a review; whoever asks has looked that up.
    """
    segments = subject.split("/")
    known = ""
    for depth, segment in enumerate(segments, start=1):
        children = {
            child.rpartition("/")[2]: child
            for child in await store.children_of(tx, tenant_id, known, MAX_COMPARED_SUBJECTS)
        }
        if segment not in children:
            near = [children[name] for name in nearest(segment, children, MAX_NAMED_SUBJECTS)]
            whole = ["/".join((child, *segments[depth:])) for child in near]
            found = await store.sums_of(tx, tenant_id, whole)
            meant = [each for each in whole if each in found] or near or ([known] if known else [])
            return UnknownSubjectError(subject, meant, min(children.values(), default=""))
        known = children[segment]
    return UnknownSubjectError(subject, [known])


def _score(subject: str, profile: Profile, parts: Sequence[Part], at: datetime, origin: str | None = None) -> ScoreOut:
    score = read_parts(profile, parts, unix_us(at))
    return ScoreOut(
        subject=subject,
        profile=profile.name,
        origin=origin,
        at=at,
        score=score.score,
        stars=score.stars,
        count=score.count,
        distribution={str(star): count for star, count in score.distribution.items()},
        prior=score.prior,
        effective_reviews=score.effective_reviews,
    )
