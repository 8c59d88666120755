"""HTTP: scores as they stand at this instant, read without a write."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from plaudit.common.http import Page, Paging, Principal, Subject, SubjectFilter, TenantTx, authorize
from plaudit.scoring.profiles.domain import TRUST
from plaudit.scoring.scores import store
from plaudit.scoring.scores.domain import read
from plaudit.scoring.scores.schemas import ScoreOut
from plaudit.scoring.sums.domain.decay import Sums, merge, unix_us

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


@router.get("/v1/scores", summary="List scores")
async def list_scores(
    principal: ScoresReader,
    tx: TenantTx,
    paging: Paging,
    under: SubjectFilter = None,
) -> Page[ScoreOut]:
    """Return the score of every subject that ever had a review, and of every prefix of one, in order."""
    (after,) = paging.after(tuple[str]) or ("",)
    found = await store.prefixes_after(tx, principal.tenant_id, after, under, paging.rows)
    sums = await store.sums_of(tx, principal.tenant_id, found[: paging.limit])
    return paging.page(found, lambda prefix: (prefix,), lambda prefix: _score(prefix, sums.get(prefix, []), tx.now))


@router.get("/v1/scores/{subject:path}", summary="Read a score")
async def read_score(
    principal: ScoresReader, tx: TenantTx, subject: Annotated[Subject, Path(description="The subject, as a path.")]
) -> ScoreOut:
    """Return the score of a subject and everything below it, as it stands now.

    A subject without reviews has a null score, no stars, and the prior.
    """
    sums = await store.sums_of(tx, principal.tenant_id, [subject])
    return _score(subject, sums.get(subject, []), tx.now)


def _score(subject: str, rows: list[tuple[int, Sums]], at: datetime) -> ScoreOut:
    score = read(merge(rows), unix_us(at), TRUST)
    return ScoreOut(
        subject=subject,
        profile=TRUST.name,
        at=at,
        score=score.score,
        stars=score.stars,
        count=score.count,
        distribution={str(star): count for star, count in score.distribution.items()},
        prior=score.prior,
        effective_reviews=score.effective_reviews,
    )
