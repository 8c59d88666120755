"""HTTP: scores as they stand at this instant, read without a write."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import Role
from plaudit.common.http.app import resources
from plaudit.common.http.auth import Principal, authorize
from plaudit.common.http.paging import Page, decode_cursor, encode_cursor
from plaudit.common.http.problems import unprocessable
from plaudit.common.process import Resources
from plaudit.scoring import store
from plaudit.scoring.consumer import EPOCH
from plaudit.scoring.domain.decay import Sums, merge
from plaudit.scoring.domain.profile import TRUST
from plaudit.scoring.domain.score import read
from plaudit.scoring.settings import ScoringSettings

MAX_PAGE = 500
DEFAULT_PAGE = 50

router = APIRouter(tags=["scores"])
Reader = Annotated[Principal, Depends(authorize("scores:read"))]
Context = Annotated[Resources[ScoringSettings], Depends(resources)]


class ScoreOut(BaseModel):
    """The score of a subject and everything below it, at one instant."""

    subject: str
    profile: str
    at: datetime = Field(description="The instant that the score holds for, to the microsecond.")
    score: float | None = Field(description="From 1 to 5; null while there are no reviews.")
    stars: float | None = Field(description="The nearest half star, ties up.")
    count: int = Field(description="Published reviews.")
    distribution: dict[str, int] = Field(description="Published reviews by star.")
    prior: float = Field(description="What the score moves to with no new reviews.")
    effective_reviews: float = Field(description="How many reviews of equal weight would say as much.")


@router.get("/v1/scores", summary="List scores")
async def list_scores(
    who: Reader,
    context: Context,
    under: Annotated[str | None, Query(description="Only this subject and what is below it.")] = None,
    cursor: Annotated[str | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
) -> Page[ScoreOut]:
    """Return the score of every subject that ever had a review, and of every prefix of one, in order."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    if under is not None:
        _check(under)
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        found = await store.prefixes_after(tx, who.tenant_id, after, under, limit + 1)
        rows = await store.rows_of_many(tx, who.tenant_id, found[:limit])
        at = tx.now
    items = [_score(prefix, rows.get(prefix, []), at) for prefix in found[:limit]]
    return Page(items=items, next=encode_cursor(found[limit - 1]) if len(found) > limit else None)


@router.get("/v1/scores/{subject:path}", summary="Read a score")
async def read_score(subject: str, who: Reader, context: Context) -> ScoreOut:
    """Return the score of a subject and everything below it, as it stands now.

    A subject without reviews has a null score, no stars, and the prior.
    """
    _check(subject)
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        rows = await store.rows_of(tx, who.tenant_id, subject)
        at = tx.now
    return _score(subject, rows, at)


def _check(subject: str) -> None:
    if not is_subject(subject):
        raise unprocessable("invalid-subject", f"{SUBJECT_RULE[0].upper()}{SUBJECT_RULE[1:]}.")


def _score(subject: str, rows: list[tuple[int, Sums]], at: datetime) -> ScoreOut:
    figure = read(merge(rows), (at - EPOCH) // timedelta(microseconds=1), TRUST)
    return ScoreOut(
        subject=subject,
        profile=TRUST.name,
        at=at,
        score=figure.score,
        stars=figure.stars,
        count=figure.count,
        distribution={str(star): count for star, count in figure.distribution.items()},
        prior=figure.prior,
        effective_reviews=figure.n_eff,
    )
