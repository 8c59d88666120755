"""HTTP: what one review does to the scores of its subject and of all above it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Subject, TenantTx, authorize
from plaudit.common.http.times import Instant
from plaudit.scoring.explanation.domain.effect import CountedReview, Effect, effect
from plaudit.scoring.explanation.schemas import EffectOut, EffectsOut
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, TRUST
from plaudit.scoring.scores import store
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit.scoring.sums.domain.parts import merge_for, parts_for

router = APIRouter(tags=["explanation"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


async def effects_on(tx: SqlTx, tenant_id: str, subject: str, review: CountedReview) -> list[tuple[str, Effect]]:
    """Return what a review does to the score of its subject and of every prefix of it, its own subject first.

    What it does not count for is left out: it was removed, or it has come a moment ago.
    """
    paths = prefixes(subject)[::-1]
    sums = await store.sums_of(tx, tenant_id, paths)
    merged = {path: merge_for(TRUST, parts_for(sums.get(path, []), TRUST.half_life_us)) for path in paths}
    found = [(path, effect(merged[path], review, unix_us(tx.now), TRUST)) for path in paths]
    return [(path, each) for path, each in found if each is not None]


@router.get("/v1/score-effects", summary="Read what a review does to scores")
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
) -> EffectsOut:
    """Compare the scores of a subject and of all above it, now, with what they would be without one review.

    The review is one that counts: its subject, its rating and `rated_at` stand in its events and at `GET /v1/reviews`.
    The review is not looked up: for one that is removed, or that came a moment ago and is not counted yet, the
    figures are what another one would do. The list is empty where no review of that star counts.
    """
    review = CountedReview(rating=rating, rated_at_us=unix_us(rated_at))
    found = await effects_on(tx, principal.tenant_id, subject, review)
    return EffectsOut(profile=TRUST.name, items=[_effect_out(path, each) for path, each in found])


def _effect_out(subject: str, found: Effect) -> EffectOut:
    return EffectOut(
        subject=subject,
        score=found.present.score,
        score_without=found.without.score,
        effect=found.points,
        count=found.present.count,
    )
