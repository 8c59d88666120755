"""HTTP: where a score goes, and what it takes to be elsewhere."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Problem, Refusals, Subject, TenantTx, authorize, describe
from plaudit.common.http.times import Instant
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, Profile
from plaudit.scoring.projection import store
from plaudit.scoring.projection.domain.outlook import (
    PACE_DAYS,
    Crossing,
    Fewest,
    Outlook,
    PastDateError,
    Target,
    Way,
    arrives,
    outlook,
)
from plaudit.scoring.projection.schemas import (
    EXAMPLE,
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
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import OF_PROFILES, NamedProfile
from plaudit.scoring.scores.domain import Moment
from plaudit.scoring.sums.domain.parts import merge_for, newest_us

PROBLEMS: Final = {"past-date": "A target is to be reached at a time that has passed. Send a later `by`."}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    PastDateError: lambda error: Problem("past-date", 422, "Past date", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["projection"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


async def project(
    tx: SqlTx, tenant_id: str, subject: str, profile: Profile, *, target: float | None, by: datetime | None
) -> Outlook:
    """Return where the score of a subject goes, and what it takes to be elsewhere.

    Raises:
        PastDateError: the target is wanted before now.
        UnknownSubjectError: the subject never had a review.
    """
    parts = await scores.parts_of(tx, tenant_id, subject, Moment(at=tx.now, is_now=True), profile)
    if not parts:
        raise await scores.unknown_subject(tx, tenant_id, subject)
    arrived = await store.arrived(tx, tenant_id, subject, tx.now - timedelta(days=PACE_DAYS), tx.now)
    merged = merge_for(profile, parts)
    return outlook(profile, merged, newest_us(parts, profile), arrived, tx.now, target=target, by=by)


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
            description="A score that is wanted; if not given, the least that shows half a star more.",
            examples=[4.25],
        ),
    ] = None,
    by: Annotated[
        Instant | None,
        Query(description="When it is wanted; if not given, in 90 days.", examples=["2027-03-01T00:00:00Z"]),
    ] = None,
) -> ProjectionOut:
    """Return where a score goes if no review comes and at the present pace, and what it takes to reach a target.

    All of it in closed form: reviews fade by half in each half-life of the profile, and the prior never does. At the
    present pace means that the reviews of the last 90 days go on as a steady stream of their mean rating.
    """
    found = await project(tx, principal.tenant_id, subject, profile, target=target, by=by)
    return ProjectionOut(
        subject=subject,
        profile=profile.name,
        at=found.at,
        score=found.score if found.reviews else None,
        count=found.reviews,
        pace=PaceOut(reviews=found.arrived, per_day=found.pace.per_day, rating=found.pace.rating)
        if found.pace
        else None,
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
