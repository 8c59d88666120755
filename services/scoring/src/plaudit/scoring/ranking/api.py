"""HTTP: which subjects stand best and worst."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Refusals,
    SubjectFilter,
    TenantTx,
    authorize,
    describe,
    unprocessable,
)
from plaudit.scoring.ranking import store
from plaudit.scoring.ranking.domain import (
    MAX_DEPTH,
    By,
    Order,
    Ranked,
    TooManySubjectsError,
    ranked,
)
from plaudit.scoring.ranking.schemas import RankedOut, ranked_out
from plaudit.scoring.scores.api import OF_PROFILES, NamedProfile
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.sums.domain.decay import unix_us

MAX_MINIMUM: Final = 1_000_000
PROBLEMS: Final = {
    "too-many-subjects": "More subjects lie there than are compared. Rank those below one of them, or a lesser depth.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    TooManySubjectsError: lambda error: unprocessable("too-many-subjects", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


@router.get(
    "/v1/score-ranking",
    summary="Rank subjects",
    openapi_extra=describe(problems={"unknown-subject": 422, **OF_PROFILES, "too-many-subjects": 422}),
)
async def rank_subjects(
    principal: ScoresReader,
    tx: TenantTx,
    paging: Paging,
    profile: NamedProfile,
    under: SubjectFilter = None,
    depth: Annotated[
        int, Query(ge=1, le=MAX_DEPTH, description="How many segments below it, or from the top, the subjects lie.")
    ] = 1,
    by: Annotated[By, Query(description="The figure that they are ranked by.")] = By.SCORE,
    order: Annotated[Order, Query(description="Which come first.")] = Order.BEST,
    minimum: Annotated[
        int, Query(ge=1, le=MAX_MINIMUM, description="Only subjects with so many published reviews, or more.")
    ] = 1,
    source_id: Annotated[
        UUID | None, Query(description="By this source's reviews alone.", examples=[EXAMPLE_SOURCE_ID])
    ] = None,
) -> Page[RankedOut]:
    """Return the subjects below one, the best or the worst first; equal ones share a rank, and stand by name.

    `wilson` is the lower bound of the share of four and five stars, and `score_lower_bound` that of the score: with
    them, a subject of few reviews does not come first among the best by chance. Among the worst it would: the worst are
    ranked by `wilson_upper_bound` and `score_upper_bound`. Later pages are read at the instant of the first one.
    """
    after = paging.after(tuple[int, float, str])
    at_us = after[0] if after else unix_us(tx.now)
    standing_there = await store.standings(tx, principal.tenant_id, under, depth, profile, at_us, source_id=source_id)
    found = ranked(standing_there, by=by, order=order, minimum=minimum)
    first = 0 if after is None else sum(each.place <= after[1:] for each in found)
    rows: Sequence[Ranked] = found[first : first + paging.rows]
    return paging.page(rows, lambda each: (at_us, *each.place), ranked_out)
