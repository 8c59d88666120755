"""HTTP: why a score moved, and what one review does to the scores of its subject and of all above it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from plaudit.scoring.cells import store as cells
from plaudit.scoring.explanation import store
from plaudit.scoring.explanation.domain.changes import Share, start
from plaudit.scoring.explanation.domain.effect import CountedReview, Effect, UntoldWeightError, effect, fresh_weight
from plaudit.scoring.explanation.domain.window import (
    LARGEST_REVIEWS,
    Explanation,
    MovingReview,
    ReversedWindowError,
    Standing,
    by_source,
    by_stars,
    explained,
    newest_of,
    prior_of,
    shares_of,
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
from plaudit.scoring.moves import store as moves
from plaudit.scoring.moves.domain import Moved, ShownPieces, ShownStretch, pieces
from plaudit.scoring.profiles.domain import DAY_US, MAX_RATING, MIN_RATING, STAR_KINDS, Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import OF_MOMENTS, OF_PROFILES, NamedProfile
from plaudit.scoring.scores.domain import Moment, instant_of, of_origin
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import Source, named
from plaudit.scoring.sums.domain.decay import landmark_us, unix_us
from plaudit.scoring.sums.domain.parts import merge_for, newest_us

LOOKED_AT: Final = 1_000
"""Of new reviews, so many are looked at first. It is enough where one in a hundred has the rating that moves most."""
MAX_LOOKED_AT: Final = 64_000
MAX_HALF_LIVES: Final = 500
"""Sums of days are not read as of an instant so long before: their weights would be nothing."""
ROUNDING: Final = 1e-9
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
    tx: SqlTx,
    tenant_id: str,
    subject: str,
    profile: Profile,
    window: tuple[datetime, datetime],
    reviews: int,
    source_id: str | None = None,
) -> Explanation:
    """Return why a score moved between two instants, as it was shown at each.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        profile: by which rules.
        window: the two instants.
        reviews: name at most so many of those with the largest effects.
        source_id: of this source's reviews alone; of all by default.

    Raises:
        ReversedWindowError: the second instant is not after the first.
        UnknownSubjectError: the subject never had a review.
    """
    begins, ends = window
    if begins >= ends:
        raise ReversedWindowError(begins, ends)
    moment = Moment(at=begins, known_at=begins)
    parts = await scores.parts_of(tx, tenant_id, subject, moment, profile, source_id=source_id)
    stretch = ShownStretch(unix_us(begins), unix_us(ends))
    known = await _known(tx, tenant_id, subject, profile, stretch, source_id)
    first_us, second_us = stretch
    if profile.is_frozen:
        newest = newest_us(parts, profile)
        came = newest_of(profile, await known.moved(second_us))
        newest_then = max((each for each in (newest, came) if each is not None), default=None)
        first_us, second_us = instant_of(profile, newest, first_us), instant_of(profile, newest_then, second_us)
    merged = merge_for(profile, parts)
    held_us = 0 if profile.half_life_us is None else landmark_us(merged.landmark, profile.half_life_us)
    share = Share(merged.sums.a, merged.sums.b) if merged.sums.n > 0 else Share(0.0, 0.0)
    begun = start(share, held_us, first_us, second_us, profile.half_life_us, prior_of(profile))
    told, topics = shares_of(profile, await known.moved(second_us))
    if not (parts or told) and not await scores.is_known(tx, tenant_id, subject):
        raise await scores.unknown_subject(tx, tenant_id, subject)
    first = Standing(begins, begun.score, max(merged.sums.n, 0))
    found = explained(subject, profile, begun, (first, ends), told, topics)
    if not (reviews and told):
        return found
    asked = store.Asked(tenant_id, subject, stretch, second_us, profile, found.change.middle, source_id)
    return found.with_reviews(await _largest(tx, asked, reviews, is_large=known.is_large))


@dataclass(frozen=True, slots=True)
class _Known:
    """Where what came to be known of a subject in a window is read from."""

    tx: Tx
    tenant_id: str
    subject: str
    half_life_us: int | None
    pieces: ShownPieces
    is_large: bool
    source_id: str | None

    async def moved(self, read_us: int) -> list[Moved]:
        """Return what it was, as it weighs at an instant in microseconds since the Unix epoch."""
        found, is_large = self.pieces, self.is_large
        if found.spans and self.half_life_us and (found.window.until_us - read_us > MAX_HALF_LIVES * self.half_life_us):
            found = ShownPieces(found.window, [], [found.window])
        moved = await moves.read(
            self.tx, self.tenant_id, self.subject, found, read_us, self.half_life_us, is_large=is_large
        )
        return [each for each in moved if self.source_id in {None, each.source_id}]


async def _known(
    tx: Tx, tenant_id: str, subject: str, profile: Profile, window: ShownStretch, source_id: str | None
) -> _Known:
    until = await moves.summed_until(tx, tenant_id, subject, window.after_us // DAY_US)
    found = ShownPieces(window, [], [window])
    if until is not None and (profile.half_life_us is None or profile.half_life_us in moves.HALF_LIVES):
        found = pieces(window, until.next_day, until.changed)
    is_large = until is not None or await cells.is_celled(tx, tenant_id, subject)
    return _Known(tx, tenant_id, subject, profile.half_life_us, found, is_large, source_id)


async def _largest(tx: Tx, asked: store.Asked, limit: int, *, is_large: bool) -> list[MovingReview]:
    """Return the reviews with the largest effects, the largest first.

    Of a large subject only reviews that may be among them are looked at: candidates and a bound for all others. There
    are enough candidates once as many as are wanted have effects that no other can have.
    """
    if not is_large:
        return await store.largest(tx, asked, limit, is_large=False)
    wanted, looked_at = 2 * limit, LOOKED_AT
    found: list[MovingReview] = []
    while looked_at <= MAX_LOOKED_AT:
        new = await store.newest_new(tx, asked, wanted, looked_at)
        found = found or await store.largest_of(tx, asked, new.review_ids, limit)
        again = await store.changed_again(tx, asked, wanted, _effect_of_last(asked, found, limit))
        found = await store.largest_of(tx, asked, {*new.review_ids, *again.review_ids}, limit)
        bound = max(new.bound, again.bound) * (1 - ROUNDING)
        if len(found) == limit and _effect_of_last(asked, found, limit) >= bound:
            return found
        if new.are_all and again.are_all:
            break
        wanted, looked_at = 4 * wanted, 8 * looked_at
    return await store.largest(tx, asked, limit, is_large=True)


def _effect_of_last(asked: store.Asked, found: Sequence[MovingReview], limit: int) -> float:
    """Return what the last of enough reviews did to the sums; nothing where there are not enough."""
    return abs(found[-1].share.a - asked.middle * found[-1].share.b) if len(found) == limit else 0.0


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
    source_id: Annotated[
        UUID | None, Query(description="Of this source's reviews alone.", examples=[EXAMPLE_SOURCE_ID])
    ] = None,
    origin: Annotated[
        Literal["organic", "invited", "incentivised"] | None,
        Query(
            description="Of this origin's reviews alone: scores that stand beside the public ones, never in place of "
            "them. `organic` leaves out who was asked or rewarded.",
            examples=["organic"],
        ),
    ] = None,
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
    found = await explain_window(tx, principal.tenant_id, subject, profile, window, reviews, of_source)
    return _explanation_out(found, await names_of(tx, principal.tenant_id, found), source_id, origin)


def usual_beginning(ends: datetime) -> datetime:
    """Return when a window begins that says only when it ends: `USUAL_WINDOW` before, or as long as there is time."""
    return ends - min(USUAL_WINDOW, ends - datetime.min.replace(tzinfo=UTC))


async def names_of(tx: Tx, tenant_id: str, found: Explanation) -> dict[str, Source]:
    """Return id → source, of the sources of an explanation that reviews have told of."""
    return await sources.named(tx, tenant_id, {group.source_id for group in found.counts})


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
    figures are what another one would do. A subject is left out where the review cannot be one of those that count:
    there is none of that star, or all of that star weigh less than it would. A profile that weighs by verification,
    origin or source needs these of the review, too.
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
