"""HTTP: where a score goes, and what it takes to be elsewhere."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.http import Principal, Problem, Refusals, Subject, TenantTx, authorize, describe
from plaudit.common.http.times import Instant
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING
from plaudit.scoring.projection import store
from plaudit.scoring.projection.domain.outlook import (
    Crossing,
    Fewest,
    PastDateError,
    Target,
    Wanted,
    Way,
    arrives,
)
from plaudit.scoring.projection.schemas import (
    EXAMPLE,
    ExpectedOut,
    FewestOut,
    LaterScoreOut,
    PaceOut,
    ProjectionOut,
    RaisedOut,
    ReachedOut,
    StarsChangeOut,
    TargetOut,
    WayOut,
)
from plaudit.scoring.scores.api import OF_PROFILES, NamedProfile
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import named

MIN_PER_DAY: Final = 0.001
"""One review in about three years."""
MAX_PER_DAY: Final = 1_000_000.0
PROBLEMS: Final = {"past-date": "A target is to be reached at a time that has passed. Send a later `by`."}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    PastDateError: lambda error: Problem("past-date", 422, "Past date", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["projection"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


@router.get(
    "/v1/score-projections/{subject:path}",
    summary="Project a score",
    openapi_extra=describe(problems={"unknown-subject": 404, **OF_PROFILES, "past-date": 422}, answer=EXAMPLE),
)
async def project_score(
    principal: ScoresReader,
    tx: TenantTx,
    subject: Annotated[Subject, Path(description="The subject, as a path.")],
    profile: NamedProfile,
    target: Annotated[
        float | None,
        Query(
            ge=MIN_RATING,
            le=MAX_RATING,
            description="A score that is wanted, or that must not be fallen below; if not given, the least that shows "
            "half a star more.",
            examples=[4.25],
        ),
    ] = None,
    by: Annotated[
        Instant | None,
        Query(description="When it is wanted; if not given, in 90 days.", examples=["2027-03-01T00:00:00Z"]),
    ] = None,
    per_day: Annotated[
        float | None,
        Query(
            ge=MIN_PER_DAY,
            le=MAX_PER_DAY,
            description="How many reviews are expected a day; if not given, as many as in the last 90 days, or since "
            "the first review where that came later.",
            examples=[2.5],
        ),
    ] = None,
    rating: Annotated[
        float | None,
        Query(
            ge=MIN_RATING,
            le=MAX_RATING,
            description="The mean rating of those that are expected; if not given, that of the last 90 days.",
            examples=[4.6],
        ),
    ] = None,
    source_id: Annotated[
        UUID | None, Query(description="Of this source's reviews alone.", examples=[EXAMPLE_SOURCE_ID])
    ] = None,
) -> ProjectionOut:
    """Return where a score goes if no review comes and at a pace of reviews, and what it takes to reach a target.

    All of it in closed form: reviews fade by half in each half-life of the profile, and the prior never does. The pace
    is that of the last 90 days, or the one of `per_day` and `rating`: a steady stream of that mean rating. Where the
    first review came within them, the days before it do not count: `pace.days` says how many do.
    """
    asked = Wanted(target=target, by=by, per_day=per_day, rating=rating)
    found = await store.project(tx, principal.tenant_id, subject, profile, asked, source_id=source_id)
    names = await sources.named(tx, principal.tenant_id, [] if source_id is None else [str(source_id)])
    return ProjectionOut(
        subject=subject,
        profile=profile.name,
        source_id=source_id,
        **named(names.get(str(source_id))),
        at=found.at,
        score=found.score if found.reviews else None,
        count=found.reviews,
        pace=PaceOut(
            reviews=found.arrived,
            days=found.pace_days,
            per_day=found.pace.per_day,
            rating=found.pace.rating,
        )
        if found.pace
        else None,
        expected=ExpectedOut(per_day=found.expected.per_day, rating=found.expected.rating) if found.expected else None,
        without_reviews=_way_out(found.idle),
        at_pace=_way_out(found.at_pace) if found.at_pace else None,
        target=_target_out(found.target) if found.target else None,
        raised=[RaisedOut(stars=each.stars, reviews=each.reviews, effect=each.points) for each in found.raised],
    )


def _way_out(way: Way) -> WayOut:
    return WayOut(
        limit=way.limit,
        next_stars=_crossing_out(way.next_stars) if way.next_stars else None,
        reaches_target_at=way.reaches_target_at,
        falls_below_target_at=way.falls_below_target_at,
        scores=[LaterScoreOut(at=at, score=score) for at, score in way.scores],
    )


def _crossing_out(crossing: Crossing) -> StarsChangeOut:
    return StarsChangeOut(at=crossing.at, threshold=crossing.threshold, stars=crossing.stars)


def _target_out(target: Target) -> TargetOut:
    return TargetOut(score=target.score, by=target.by, takes=[_fewest_out(each) for each in target.takes])


def _fewest_out(fewest: Fewest) -> FewestOut:
    reached = fewest.at_pace
    return FewestOut(
        rating=fewest.rating,
        now=fewest.now,
        per_day=fewest.per_day,
        at_pace=None if reached is None else ReachedOut(reviews=reached.reviews, at=arrives(reached)),
    )
