"""HTTP: why a score moved, and what one review does to the scores of its subject and of all above it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import fsum
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import SqlTx, Tx
from plaudit.common.http import (
    Principal,
    Problem,
    Refusals,
    Subject,
    TenantTx,
    authorize,
    describe,
    unprocessable,
)
from plaudit.common.http.times import Instant
from plaudit.scoring.explanation import store
from plaudit.scoring.explanation.domain.changes import Share, score_of, start
from plaudit.scoring.explanation.domain.effect import CountedReview, Effect, UntoldWeightError, effect, fresh_weight
from plaudit.scoring.explanation.domain.window import (
    LARGEST_REVIEWS,
    Explanation,
    ReversedWindowError,
    Standing,
    by_source,
    by_stars,
    explained,
    prior_of,
)
from plaudit.scoring.explanation.schemas import (
    EffectOut,
    EffectsOut,
    ExplanationOut,
    MovingReviewOut,
    PartOut,
    SourcePartOut,
    StandingOut,
)
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, STAR_KINDS, Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import EXAMPLE_SOURCE_ID, OF_PROFILES, NamedProfile, unknown_subject
from plaudit.scoring.scores.domain import Moment, instant_of
from plaudit.scoring.sums.domain.decay import landmark_us, unix_us
from plaudit.scoring.sums.domain.parts import Part, merge_for, newest_us

USUAL_WINDOW: Final = timedelta(days=30)
"""How long before its end a window begins that says only when it ends."""
MAX_REVIEWS: Final = 100
MAX_SOURCES: Final = 100
"""How many sources are told apart: those with the largest effects. All others are one item."""
PROBLEMS: Final = {
    "untold-weight": "The profile weighs a review by what is not told of it; the detail names that. Send it.",
    "reversed-window": "The window of time ends before it begins, or at the same instant. Send a later `to`.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    UntoldWeightError: lambda error: unprocessable("untold-weight", str(error)),
    ReversedWindowError: lambda error: Problem("reversed-window", 422, "Reversed window", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["explanation"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


async def effects_on(
    tx: SqlTx, tenant_id: str, subject: str, review: CountedReview, profile: Profile
) -> list[tuple[str, Effect]]:
    """Return what a review in stars does to the score of its subject and of every prefix of it, its own subject first.

    What it does not count for is left out: it was removed, or it has come a moment ago, or the profile counts others.
    """
    paths = prefixes(subject)[::-1] if profile.kinds & STAR_KINDS else []
    parts = await scores.present_parts(tx, tenant_id, paths, profile)
    found = []
    for path in paths:
        of_path = parts.get(path, [])
        at_us = instant_of(profile, newest_us(of_path, profile), unix_us(tx.now))
        found.append((path, effect(merge_for(profile, of_path), review, at_us, profile)))
    return [(path, each) for path, each in found if each is not None]


async def explain_window(
    tx: SqlTx, tenant_id: str, subject: str, profile: Profile, window: tuple[datetime, datetime], reviews: int
) -> Explanation:
    """Return why a score moved between two instants, as it was shown at each.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        profile: by which rules.
        window: the two instants.
        reviews: name at most so many of those with the largest effects.

    Raises:
        ReversedWindowError: the second instant is not after the first.
        UnknownSubjectError: the subject never had a review.
    """
    begins, ends = window
    if begins >= ends:
        raise ReversedWindowError(begins, ends)
    parts = await scores.parts_of(tx, tenant_id, subject, Moment(at=begins, known_at=begins), profile)
    asked = store.Window(tenant_id, subject, begins, ends)
    first_us, second_us = await _read_at(tx, asked, profile, parts)
    merged = merge_for(profile, parts)
    held_us = 0 if profile.half_life_us is None else landmark_us(merged.landmark, profile.half_life_us)
    known = Share(merged.sums.a, merged.sums.b) if merged.sums.n > 0 else Share(0.0, 0.0)
    begun = start(known, held_us, first_us, second_us, profile.half_life_us, prior_of(profile))
    aged = score_of(begun.share, prior_of(profile))
    told, moving = await store.moves(tx, asked, profile, second_us, aged=aged, reviews=reviews)
    if not (parts or told) and not await scores.is_known(tx, tenant_id, subject):
        raise await unknown_subject(tx, tenant_id, subject)
    first = Standing(begins, begun.score, max(merged.sums.n, 0))
    return explained(subject, profile, begun, (first, ends), told, moving)


async def _read_at(tx: Tx, window: store.Window, profile: Profile, parts: Sequence[Part]) -> tuple[int, int]:
    """Return the instants that the two scores are read at, in microseconds since the Unix epoch."""
    first_us, second_us = unix_us(window.begins), unix_us(window.ends)
    if not profile.is_frozen:
        return first_us, second_us
    newest = newest_us(parts, profile)
    came = await store.newest_us(tx, window, profile)
    newest_then = max((each for each in (newest, came) if each is not None), default=None)
    return instant_of(profile, newest, first_us), instant_of(profile, newest_then, second_us)


@router.get(
    "/v1/score-explanations/{subject:path}",
    summary="Explain why a score moved",
    openapi_extra=describe(
        problems={"unknown-subject": 404, "unknown-profile": 422, "reversed-window": 422},
        answer={"after": {"at": "2026-03-31T00:00:00Z", "score": 3.6875, "count": 1}},
    ),
)
async def explain_score(
    principal: ScoresReader,
    tx: TenantTx,
    subject: Annotated[Subject, Path(description="The subject, as a path.")],
    profile: NamedProfile,
    begins: Annotated[
        Instant | None,
        Query(
            alias="from",
            description="The first instant; if not given, 30 days before the second. What was known then counts as it "
            "was shown then.",
            examples=["2026-03-01T00:00:00Z"],
        ),
    ] = None,
    ends: Annotated[
        Instant | None,
        Query(alias="to", description="The second instant; if not given, now.", examples=["2026-03-31T00:00:00Z"]),
    ] = None,
    reviews: Annotated[
        int, Query(ge=0, le=MAX_REVIEWS, description="How many reviews are named, of those that moved it most.")
    ] = LARGEST_REVIEWS,
) -> ExplanationOut:
    """Return why a score moved from one instant to another, in parts that add up exactly.

    `before.score + ageing + sum of the parts' effects = after.score`, where the prior stands for a score while there
    are no reviews. The two scores are those that `GET /v1/scores/{subject}?known_at=` tells of the two instants:
    what was received after the first and until the second is a part. Ageing is what the reviews that were known at
    the first instant lost in weight. `parts` tell the change by what became of which stars, `sources` tell the same
    change by source; each list adds up with ageing.
    """
    until = ends or tx.now
    window = (begins or until - USUAL_WINDOW, until)
    return _explanation_out(await explain_window(tx, principal.tenant_id, subject, profile, window, reviews))


Verified = Annotated[
    bool | None, Query(description="Whether the review is verified: where the profile weighs by it.", examples=[True])
]
OfOrigin = Annotated[
    Literal["organic", "invited", "incentivised"] | None,
    Query(description="The review's origin: where the profile weighs by it.", examples=["organic"]),
]
OfSource = Annotated[
    UUID | None,
    Query(description="The review's source: where the profile weighs by it.", examples=[EXAMPLE_SOURCE_ID]),
]


@router.get(
    "/v1/score-effects",
    summary="Read what a review does to scores",
    openapi_extra=describe(problems={**OF_PROFILES, "untold-weight": 422}),
)
async def read_effects(
    principal: ScoresReader,
    tx: TenantTx,
    subject: Annotated[Subject, Query(description="What the review is about.", examples=["acme"])],
    rating: Annotated[
        float,
        Query(ge=MIN_RATING, le=MAX_RATING, description="Its rating on the scale of 1 to 5.", examples=[5]),
    ],
    rated_at: Annotated[
        Instant,
        Query(description="When the rating was given: it is weighed by that.", examples=["2026-11-28T09:00:00Z"]),
    ],
    profile: NamedProfile,
    verified: Verified = None,
    origin: OfOrigin = None,
    source_id: OfSource = None,
) -> EffectsOut:
    """Compare the scores of a subject and of all above it, now, with what they would be without one review.

    The review is one that counts: its subject, its rating and `rated_at` stand in its events and at `GET /v1/reviews`.
    The review is not looked up: for one that is removed, or that came a moment ago and is not counted yet, the
    figures are what another one would do. The list is empty where no review of that star counts. A profile that
    weighs by verification, origin or source needs these of the review, too.
    """
    weight = fresh_weight(
        profile, verified=verified, origin=origin, source_id=None if source_id is None else str(source_id)
    )
    review = CountedReview(rating=rating, rated_at_us=unix_us(rated_at), weight=weight)
    found = await effects_on(tx, principal.tenant_id, subject, review, profile)
    return EffectsOut(profile=profile.name, items=[_effect_out(path, each) for path, each in found])


def _effect_out(subject: str, found: Effect) -> EffectOut:
    return EffectOut(
        subject=subject,
        score=found.present.score,
        score_without=found.without.score,
        effect=found.points,
        count=found.present.count,
    )


def _explanation_out(found: Explanation) -> ExplanationOut:
    sources = list(found.by(by_source).items())
    named, others = sources[:MAX_SOURCES], sources[MAX_SOURCES:]
    parts = [SourcePartOut(source_id=source_id, count=each.changes, effect=each.effect) for source_id, each in named]
    if others:
        count, effects = sum(each.changes for _, each in others), fsum(each.effect for _, each in others)
        parts.append(SourcePartOut(source_id=None, count=count, effect=effects))
    return ExplanationOut(
        subject=found.subject,
        profile=found.profile.name,
        before=_standing_out(found.first),
        after=_standing_out(found.second),
        prior=found.profile.prior_value,
        change=found.change.after - found.change.before,
        ageing=found.change.ageing,
        parts=[
            PartOut(
                happened=stars.happened,
                stars_before=stars.before,
                stars_after=stars.after,
                count=each.changes,
                effect=each.effect,
            )
            for stars, each in found.by(by_stars).items()
        ],
        sources=parts,
        reviews=[
            MovingReviewOut(
                review_id=review.review_id,
                source_id=review.source_id,
                happened=list(review.happened),
                stars_before=review.before,
                stars_after=review.after,
                effect=points,
            )
            for review, points in found.reviews
        ],
    )


def _standing_out(standing: Standing) -> StandingOut:
    return StandingOut(at=standing.at, score=standing.score, count=standing.reviews)
