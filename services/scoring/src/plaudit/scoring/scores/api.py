"""HTTP: scores as they stand at this instant, read without a write."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path

from plaudit.common.db import SqlTx
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    Subject,
    SubjectFilter,
    TenantTx,
    authorize,
    describe,
)
from plaudit.common.names import nearest
from plaudit.scoring.profiles.domain import TRUST
from plaudit.scoring.scores import store
from plaudit.scoring.scores.domain import UnknownSubjectError, read
from plaudit.scoring.scores.schemas import ScoreOut
from plaudit.scoring.sums.domain.decay import Sums, merge, unix_us

MAX_COMPARED_SUBJECTS: Final = 1_000
MAX_NAMED_SUBJECTS: Final = 3
PROBLEMS: Final = {
    "unknown-subject": "Nothing was ever said about the subject. The detail names subjects that may have been meant.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    UnknownSubjectError: lambda error: Problem("unknown-subject", 404, "Not found", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["scores"])
ScoresReader = Annotated[Principal, Depends(authorize("scores:read"))]


@router.get("/v1/scores", summary="List scores")
async def list_scores(
    principal: ScoresReader,
    tx: TenantTx,
    paging: Paging,
    under: SubjectFilter = None,
) -> Page[ScoreOut]:
    """Return the score of every subject that ever had a review, and of every prefix of one, in order.

    One whose reviews are all of other kinds (NPS, CSAT, CES) is among them, without a score.
    """
    (after,) = paging.after(tuple[str]) or ("",)
    found = await store.prefixes_after(tx, principal.tenant_id, after, under, paging.rows)
    sums = await store.sums_of(tx, principal.tenant_id, found[: paging.limit])
    return paging.page(found, lambda prefix: (prefix,), lambda prefix: _score(prefix, sums.get(prefix, []), tx.now))


@router.get(
    "/v1/scores/{subject:path}", summary="Read a score", openapi_extra=describe(problems={"unknown-subject": 404})
)
async def read_score(
    principal: ScoresReader, tx: TenantTx, subject: Annotated[Subject, Path(description="The subject, as a path.")]
) -> ScoreOut:
    """Return the score of a subject and everything below it, as it stands now.

    A subject whose reviews are all removed, or are all of other kinds (NPS, CSAT, CES), has a null score, no stars,
    and the prior. 404 `unknown-subject` for one that never had a review; the detail names those that may have been
    meant, or one that is known.
    """
    sums = await store.sums_of(tx, principal.tenant_id, [subject])
    if subject not in sums and not await store.without_score(tx, principal.tenant_id, [subject]):
        raise await _unknown(tx, principal.tenant_id, subject)
    return _score(subject, sums.get(subject, []), tx.now)


async def _unknown(tx: SqlTx, tenant_id: str, subject: str) -> UnknownSubjectError:
    """Return the error that names known subjects, found at the first segment that is not known."""
    segments = subject.split("/")
    known = ""
    for depth, segment in enumerate(segments, start=1):
        children = {
            child.rpartition("/")[2]: child
            for child in await store.children_of(tx, tenant_id, known, MAX_COMPARED_SUBJECTS)
        }
        if segment not in children:
            near = [children[name] for name in nearest(segment, children, MAX_NAMED_SUBJECTS)]
            whole = ["/".join((child, *segments[depth:])) for child in near]
            found = {*await store.sums_of(tx, tenant_id, whole), *await store.without_score(tx, tenant_id, whole)}
            meant = [each for each in whole if each in found] or near or ([known] if known else [])
            return UnknownSubjectError(subject, meant, min(children.values(), default=""))
        known = children[segment]
    return UnknownSubjectError(subject, [known])


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
