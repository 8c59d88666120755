"""HTTP: what is worth knowing of a subject beside its score."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Subject, TenantTx, authorize, describe
from plaudit.scoring.answers import store as answers
from plaudit.scoring.answers.domain.figures import DAYS, MAX_DAYS, MIN_DAYS, Answers, answers_of
from plaudit.scoring.figures import store
from plaudit.scoring.figures.domain.figures import EFFORT, Aged, Figures, figures_of, weights_of
from plaudit.scoring.figures.schemas import AN_ANSWER, FiguresOut, figures_out
from plaudit.scoring.profiles.domain import DAY_US, Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.api import OF_MOMENTS, At, KnownAt, NamedProfile
from plaudit.scoring.scores.domain import Moment, moment_of
from plaudit.scoring.scores.schemas import EXAMPLE_SOURCE_ID
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sums.domain.traits import TRAITS

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


async def figures_at(
    tx: SqlTx, tenant_id: str, subject: str, profile: Profile, moment: Moment, source_id: UUID | None = None
) -> tuple[Figures, Aged | None]:
    """Return the figures of a subject and everything below it at a moment.

    Raises:
        UnknownSubjectError: it never had a review.
    """
    source = None if source_id is None else str(source_id)
    parts = await scores.parts_of(tx, tenant_id, subject, moment, profile, source_id=source)
    if not parts and not await scores.is_known(tx, tenant_id, subject):
        raise await scores.unknown_subject(tx, tenant_id, subject)
    asked = (tx, tenant_id, subject, moment, profile)
    has_efforts = any(TRAITS[part.traits].kind in EFFORT for part in parts)
    efforts = await store.replies(*asked, weights_of(profile, EFFORT), source_id) if has_efforts else []
    aged = await store.aged(*asked, weights_of(profile, profile.kinds), source_id)
    return figures_of(profile, parts, moment.at_us, efforts), aged


async def answers_at(
    tx: SqlTx, tenant_id: str, subject: str, at_us: int, days: int = DAYS, source_id: UUID | None = None
) -> Answers:
    """Return the figures of the answers to a subject's reviews, and to those of everything below it, at an instant."""
    found = await answers.of_sources(tx, tenant_id, subject, days * DAY_US, at_us, source_id)
    known_since_us = await answers.known_since_us(tx)
    # In a thread, so that other requests are answered meanwhile.
    return await asyncio.to_thread(answers_of, days, known_since_us, found)


@router.get(
    "/v1/score-figures/{subject:path}",
    summary="Read figures beside a score",
    openapi_extra=describe(problems={"unknown-subject": 404, **OF_MOMENTS}, answer=AN_ANSWER),
)
async def read_figures(
    principal: ScoresReader,
    tx: TenantTx,
    subject: Annotated[Subject, Path(description="The subject, as a path.")],
    profile: NamedProfile,
    at: At = None,
    known_at: KnownAt = None,
    source_id: Annotated[
        UUID | None, Query(description="Of this source's reviews alone.", examples=[EXAMPLE_SOURCE_ID])
    ] = None,
    days: Annotated[
        int,
        Query(
            ge=MIN_DAYS,
            le=MAX_DAYS,
            description="`answers` are figures of the reviews that were published in so many days up to the instant.",
            examples=[DAYS],
        ),
    ] = DAYS,
) -> FiguresOut:
    """Return how sure the score of a subject is, how its reviews are distributed, how many come and how old they are.

    NPS, CSAT and CES fade as the profile says, and are never mixed into stars. Intervals have a confidence of 95 %:
    Wilson's of a share, that of Rocks of an NPS, Student's of a mean, each of the effective number of replies.

    `answers` say how many reviews the company answers and how soon; reviews that wait are censored at their age, so
    that they count. What is told there does not depend on the profile. With `known_at` they are null: what was known
    of answers at an instant is not kept.
    """
    moment = moment_of(at, known_at, tx.now)
    figures, aged = await figures_at(tx, principal.tenant_id, subject, profile, moment, source_id)
    answered = None
    if known_at is None:
        answered = await answers_at(tx, principal.tenant_id, subject, moment.at_us, days, source_id)
    named = await sources.named(tx, principal.tenant_id, [source_id for source_id, _ in figures.by_source])
    return figures_out(subject, profile.name, moment.at, figures, aged, answered, named)
