"""HTTP: scores as they stand, stood and will stand, read without a write."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

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
from plaudit.scoring.half_lives.domain import ProfileNotReadyError
from plaudit.scoring.profiles.domain import NAME_PATTERN, TRUST, Origin, Profile, UnknownProfileError
from plaudit.scoring.scores import store
from plaudit.scoring.scores.domain import (
    ProfileChoices,
    TooManyReviewsError,
    UnknownSubjectAskedError,
    UnknownSubjectError,
    moment_of,
    of_origin,
    read_parts,
)
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID, ScoreOut
from plaudit.scoring.sums.domain.decay import DamagedSumsError, unix_us
from plaudit.scoring.sums.domain.parts import Part

REPAIRED_SECONDS: Final = 3_600
"""When to ask again for what is damaged: it is repaired in the night, or by an operator."""
PROBLEMS: Final = {
    "unknown-subject": "Nothing was ever said about the subject. The detail names subjects that may have been meant.",
    "unknown-profile": "There is no profile of this name. The detail names those that there are.",
    "profile-not-ready": "The half-life of the profile is new, and its sums are being filled from the ledger; the "
    "detail says how far that is. Try again in some seconds. Other profiles answer as before.",
    "too-many-reviews": "What is asked for is read review by review, and the subject has too many: another moment "
    "than now by a half-life of the tenant's own, or how long reviews wait for answers. The detail says how many may "
    "be, and what to ask for.",
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
    DamagedSumsError: lambda error: Problem(
        "unavailable", 503, "Not available", str(error), headers={"Retry-After": f"{REPAIRED_SECONDS}"}
    ),
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
        "known by then of that instant. A profile that was changed since counts by its present rules.",
        examples=["2026-03-01T12:00:00Z"],
    ),
]


OfSource = Annotated[UUID | None, Query(description="Of this source's reviews alone.", examples=[EXAMPLE_SOURCE_ID])]
OfOrigin = Annotated[
    Origin | None,
    Query(
        description="Of this origin's reviews alone: a figure that stands beside the public one, never in place of "
        "it. `organic` leaves out who was asked or rewarded.",
        examples=["organic"],
    ),
]
ProfileName = Annotated[
    str, Query(description="The rules that it is computed by.", examples=["trust"], pattern=NAME_PATTERN)
]


async def profile_named(request: Request, tx: TenantTx, profile: ProfileName = TRUST.name) -> Profile:
    """Return the profile that a request names, as `store.find_profile`; the endpoint declares its principal first."""
    principal: Principal = request.state.principal
    return await store.find_profile(tx, principal.tenant_id, profile)


NamedProfile = Annotated[Profile, Depends(profile_named)]


async def profile_choices(request: Request, tx: TenantTx) -> ProfileChoices:
    """Return the profiles that whoever asks may choose from; the endpoint declares its principal first."""
    principal: Principal = request.state.principal
    return await store.choices_of(tx, principal.tenant_id)


Choices = Annotated[ProfileChoices, Depends(profile_choices)]


@router.get("/v1/scores", summary="List scores", openapi_extra=describe(problems=OF_PROFILES))
async def list_scores(
    principal: ScoresReader,
    tx: TenantTx,
    paging: Paging,
    profile: NamedProfile,
    under: SubjectFilter = None,
    source_id: OfSource = None,
    origin: OfOrigin = None,
) -> Page[ScoreOut]:
    """Return the score of every subject that ever had a review, and of every prefix of one, in order.

    One whose reviews are all of other kinds (NPS, CSAT, CES), or of other sources or origins than those that are asked
    for, is among them, without a score.
    """
    (after,) = paging.after(tuple[str]) or ("",)
    found = await store.prefixes_after(tx, principal.tenant_id, after, under, paging.rows)
    of_source = None if source_id is None else str(source_id)
    parts = await store.present_parts(tx, principal.tenant_id, found[: paging.limit], profile, source_id=of_source)
    return paging.page(
        found,
        lambda prefix: (prefix,),
        lambda prefix: _score(prefix, profile, parts.get(prefix, []), tx.now, source_id, origin),
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
    source_id: OfSource = None,
    origin: OfOrigin = None,
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
        raise await store.unknown_subject(tx, principal.tenant_id, subject)
    return _score(subject, profile, parts, moment.at, source_id, origin)


def _score(
    subject: str, profile: Profile, parts: Sequence[Part], at: datetime, source_id: UUID | None, origin: str | None
) -> ScoreOut:
    score = read_parts(profile if origin is None else of_origin(profile, origin), parts, unix_us(at))
    return ScoreOut(
        subject=subject,
        profile=profile.name,
        source_id=source_id,
        origin=origin,
        at=at,
        score=score.score,
        stars=score.stars,
        count=score.count,
        distribution={str(star): count for star, count in score.distribution.items()},
        prior=score.prior,
        effective_reviews=score.effective_reviews,
    )
