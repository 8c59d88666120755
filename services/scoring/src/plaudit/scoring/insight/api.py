"""HTTP: what people complain about and praise, and what changed."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.http import Principal, Problem, Refusals, Subject, TenantTx, authorize, describe
from plaudit.scoring.insight import store
from plaudit.scoring.insight.domain.kept import ALL
from plaudit.scoring.insight.domain.standing_out import MAX_TERMS
from plaudit.scoring.insight.domain.window import UnknownSubjectError, WrongWindowError, window_of
from plaudit.scoring.insight.schemas import Day, InsightOut, Persona, insight_out
from plaudit.scoring.sources import store as sources

DEFAULT_LIMIT: Final = 10
PROBLEMS: Final = {
    "wrong-window": "The days that are asked for are too few, too many, or none. The detail says how many may be.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    UnknownSubjectError: lambda error: Problem("unknown-subject", 404, "Not found", str(error)),
    WrongWindowError: lambda error: Problem("wrong-window", 422, "These days cannot be looked at", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["insight"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


@router.get(
    "/v1/insight/{subject:path}",
    summary="Read what people complain about and praise",
    openapi_extra=describe(problems={"unknown-subject": 404, "wrong-window": 422}),
)
async def read_insight(
    principal: ScoresReader,
    tx: TenantTx,
    subject: Annotated[Subject, Path(description="The subject, as a path.")],
    start: Annotated[
        Day | None, Query(alias="from", description="The first day, in UTC; by default 90 days before `to`.")
    ] = None,
    end: Annotated[
        Day | None, Query(alias="to", description="The day after the last one; by default tomorrow.")
    ] = None,
    persona: Annotated[Persona | None, Query(description="Only writers that say this of themselves.")] = None,
    source_id: Annotated[UUID | None, Query(description="Only reviews from this source.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_TERMS, description="Most topics and terms of each list.")] = DEFAULT_LIMIT,
) -> InsightOut:
    """Tell what reviews of a subject, and of all below it, complain about and praise, and what changed.

    Complaints are reviews of 1 to 2 stars, praise of 4 to 5, both of the kinds stars and thumbs, by the day of their
    rating. They are compared with each other, and complaints with those of as many days before. A topic is one of
    fifteen that ingest finds in English and German texts. A term is a word, or two side by side, that stands out by
    its log-odds; it is told only when at least five people use it. Names, addresses and numbers are no terms. That
    nothing stands out, or changed measurably, is an answer: the notes say so. Of all low-rated reviews, and of each
    topic's, `solved` says how many are solved and `ease` how easily, by those who said so, with intervals.
    404 `unknown-subject` where no review with stars or thumbs was ever about it; the detail names what is known.
    """
    window = window_of(start, end, tx.now.date())
    found = await store.read(tx, principal.tenant_id, subject, persona or ALL, source_id, window, limit)
    names = await sources.named(tx, principal.tenant_id, [] if source_id is None else [str(source_id)])
    return insight_out(found, subject, persona, (source_id, names.get(str(source_id))), limit)
