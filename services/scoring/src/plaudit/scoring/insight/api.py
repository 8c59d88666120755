"""HTTP: what people complain about and praise, and what changed."""

import asyncio
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Problem, Refusals, Subject, TenantTx, authorize, describe
from plaudit.scoring.insight import store
from plaudit.scoring.insight.domain.kept import ALL, Polarity
from plaudit.scoring.insight.domain.report import Insight, Sample, WeekCounts, insight_of
from plaudit.scoring.insight.domain.sample import ALL_DRAWS, Group, draws_below, group_of
from plaudit.scoring.insight.domain.standing_out import MAX_TERMS
from plaudit.scoring.insight.domain.window import UnknownSubjectError, Window, WrongWindowError, window_of
from plaudit.scoring.insight.domain.wording import named, wanted, worded
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


async def read(
    tx: SqlTx, tenant_id: str, subject: str, persona: str, source_id: UUID | None, window: Window, limit: int
) -> Insight:
    """Return what reviews of a subject and of all below it tell.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        subject: what they are about.
        persona: of the writers; the empty text for all.
        source_id: where they come from, None for everywhere.
        window: the days.
        limit: most terms of each list.

    Raises:
        UnknownSubjectError: no review that counts was ever about it.
    """
    where = (tenant_id, subject, persona)
    counted = await store.counts_of_weeks(tx, *where, source_id, window)
    if not counted:
        paths = await store.known(tx, tenant_id, prefixes(subject))
        if subject not in paths:
            raise UnknownSubjectError(subject, paths)
    looked_at = counted if source_id is None else await store.counts_of_weeks(tx, *where, None, window)
    now, before = window, Window(window.before, window.start)
    bounds: list[int] = []
    groups: list[asyncio.Task[Group]] = []
    async with asyncio.TaskGroup() as tasks:
        for polarity, days, is_now in (
            (Polarity.LOW, now, True),
            (Polarity.HIGH, now, True),
            (Polarity.LOW, before, False),
        ):
            bound = draws_below(_with_terms(counted, polarity, is_now), _with_terms(looked_at, polarity, is_now))
            reviews = await store.sampled(tx, *where, source_id, polarity, days, bound)
            bounds.append(bound)
            # In threads, while the next ones are read, and while other requests go on.
            groups.append(tasks.create_task(asyncio.to_thread(group_of, reviews, window.end)))
    low, high, low_before = (each.result() for each in groups)
    sample = Sample(low, high, low_before, is_whole=set(bounds) == {ALL_DRAWS})
    found = await asyncio.to_thread(insight_of, window, counted, sample, limit)
    wordings = await store.wordings(tx, tenant_id, wanted(found))
    return worded(found, wordings, await store.origins(tx, tenant_id, named(found)))


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
    found = await read(tx, principal.tenant_id, subject, persona or ALL, source_id, window, limit)
    names = await sources.named(tx, principal.tenant_id, [] if source_id is None else [str(source_id)])
    return insight_out(found, subject, persona, (source_id, names.get(str(source_id))), limit)


def _with_terms(counted: list[WeekCounts], polarity: Polarity, is_now: bool) -> int:
    """Return how many reviews of one polarity and side have terms."""
    found = (each.counts for each in counted if each.topic == ALL and each.is_now == is_now)
    return sum(each.low_with_terms if polarity is Polarity.LOW else each.high_with_terms for each in found)
