"""HTTP: why a score moved, and what one review does to the scores of its subject and of all above it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

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
from plaudit.scoring.explanation.domain.effect import CountedReview, Effect, UntoldWeightError, fresh_weight
from plaudit.scoring.explanation.domain.window import (
    LARGEST_REVIEWS,
    Explanation,
    MovingReview,
    ReversedWindowError,
    Standing,
    by_source,
    by_stars,
)
from plaudit.scoring.explanation.schemas import (
    HAPPENED_OUT,
    EffectOut,
    EffectsOut,
    ExplanationOut,
    MovingReviewOut,
    PartOut,
    SourcePartOut,
    StandingOut,
    TopicPartOut,
)
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, Origin
from plaudit.scoring.scores.api import OF_MOMENTS, OF_PROFILES, NamedProfile, OfOrigin, OfSource
from plaudit.scoring.scores.domain import of_origin
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.sources.domain import Source, named
from plaudit.scoring.sums.domain.decay import unix_us

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


@router.get(
    "/v1/score-explanations/{subject:path}",
    summary="Explain why a score moved",
    openapi_extra=describe(
        problems={"unknown-subject": 404, **OF_MOMENTS, "reversed-window": 422},
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
    source_id: OfSource = None,
    origin: OfOrigin = None,
) -> ExplanationOut:
    """Return why a score moved from one instant to another, in parts that add up exactly.

    `before.score + ageing + sum of the parts' effects = after.score`, where the prior stands for a score while there
    are no reviews. The two scores are those that `GET /v1/scores/{subject}?known_at=` tells of the two instants:
    what was received after the first and until the second is a part. Ageing is what the reviews that were known at
    the first instant lost in weight. `parts` tell the change by what became of which stars, `sources` tell the same
    change by source, and `topics` by what the reviews mention: the effect of a review is split equally between its
    topics. Each of the three lists adds up with ageing. A review that was erased counts in them as a removal does, and
    is not named. No part is more than the four stars that a score can move, but where reviews came and went again in
    the window: then two parts may each be more, and together they are what those reviews did. Where no review is left,
    `after.score` is null, and the parts lead to the prior.
    """
    until = ends or tx.now
    window = (begins or usual_beginning(until), until)
    if origin is not None:
        profile = of_origin(profile, origin)
    of_source = None if source_id is None else str(source_id)
    found = await store.explain_window(tx, principal.tenant_id, subject, profile, window, reviews, of_source)
    return _explanation_out(found, await store.names_of(tx, principal.tenant_id, found), source_id, origin)


def usual_beginning(ends: datetime) -> datetime:
    """Return when a window begins that says only when it ends: `USUAL_WINDOW` before, or as long as there is time."""
    return ends - min(USUAL_WINDOW, ends - datetime.min.replace(tzinfo=UTC))


Verified = Annotated[
    bool | None, Query(description="Whether the review is verified: where the profile weighs by it.", examples=[True])
]
ByOrigin = Annotated[
    Origin | None,
    Query(description="The review's origin: where the profile weighs by it.", examples=["organic"]),
]
BySource = Annotated[
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
    origin: ByOrigin = None,
    source_id: BySource = None,
) -> EffectsOut:
    """Compare the scores of a subject and of all above it, now, with what they would be without one review.

    The review is one that counts: its subject, its rating and `rated_at` stand in its events and at `GET /v1/reviews`.
    The review is not looked up: for one that is removed, or that came a moment ago and is not counted yet, the
    figures are what another one would do. A subject is left out where the review cannot be one of those that count:
    there is none of that star, or all of that star weigh less than it would. A profile that weighs by verification,
    origin or source needs these of the review, too.
    """
    weight = fresh_weight(
        profile, verified=verified, origin=origin, source_id=None if source_id is None else str(source_id)
    )
    review = CountedReview(rating=rating, rated_at_us=unix_us(rated_at), weight=weight)
    found = await store.effects_on(tx, principal.tenant_id, subject, review, profile)
    return EffectsOut(profile=profile.name, items=[_effect_out(path, each) for path, each in found])


def _effect_out(subject: str, found: Effect) -> EffectOut:
    return EffectOut(
        subject=subject,
        score=found.present.score,
        score_without=found.without.score,
        effect=found.points,
        count=found.present.count,
    )


def _explanation_out(
    found: Explanation, names: Mapping[str, Source], source_id: UUID | None, origin: str | None
) -> ExplanationOut:
    return ExplanationOut(
        subject=found.subject,
        profile=found.profile.name,
        source_id=source_id,
        origin=origin,
        before=_standing_out(found.first),
        after=_standing_out(found.second),
        prior=found.profile.prior_value,
        change=found.change.after - found.change.before,
        ageing=found.change.ageing,
        parts=[
            PartOut(
                happened=HAPPENED_OUT[stars.happened],
                stars_before=stars.before,
                stars_after=stars.after,
                count=each.changes,
                effect=each.effect,
            )
            for stars, each in found.by(by_stars).items()
        ],
        sources=_source_parts_out(found, names),
        topics=[
            TopicPartOut(topic=topic, count=each.changes, effect=each.effect) for topic, each in found.topics.items()
        ],
        reviews=[_review_out(review, points, names) for review, points in found.reviews],
    )


def _source_parts_out(found: Explanation, names: Mapping[str, Source]) -> list[SourcePartOut]:
    """Return what each source did, and all others than those with the largest effects together."""
    moving = list(found.by(by_source).items())
    largest, others = moving[:MAX_SOURCES], moving[MAX_SOURCES:]
    parts = [
        SourcePartOut(source_id=source_id, **named(names.get(source_id)), count=each.changes, effect=each.effect)
        for source_id, each in largest
    ]
    if others:
        count, effects = sum(each.changes for _, each in others), fsum(each.effect for _, each in others)
        parts.append(SourcePartOut(source_id=None, **named(None), count=count, effect=effects))
    return parts


def _review_out(review: MovingReview, points: float, names: Mapping[str, Source]) -> MovingReviewOut:
    return MovingReviewOut(
        review_id=review.review_id,
        source_id=review.source_id,
        **named(names.get(review.source_id)),
        happened=[HAPPENED_OUT[each] for each in review.happened],
        stars_before=review.before,
        stars_after=review.after,
        origin=review.origin,
        effect=points,
    )


def _standing_out(standing: Standing) -> StandingOut:
    return StandingOut(at=standing.at, score=standing.score, count=standing.reviews)
