"""The console's page of what one review does to scores. The page of a review leads here."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from plaudit.common.http import Principal, Subject, TenantTx
from plaudit.common.http.times import Instant
from plaudit.common.sessions import ConsolePages, staff
from plaudit.scoring.explanation.api import effects_on
from plaudit.scoring.explanation.domain.effect import CountedReview
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, TRUST
from plaudit.scoring.sums.domain.decay import unix_us

EFFECT: Final = "/console/scores/effect"

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.explanation")
Staff = Annotated[Principal, Depends(staff("scores:read"))]


@router.get(EFFECT)
async def show_effect(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    subject: Subject,
    rating: Annotated[float, Query(ge=MIN_RATING, le=MAX_RATING)],
    rated_at: Instant,
) -> Response:
    """Show the scores of a subject and of all above it with and without one review."""
    review = CountedReview(rating=rating, rated_at_us=unix_us(rated_at))
    return await console.response(
        request,
        principal,
        tx,
        "effect.html",
        further=("Effect of a review",),
        subject=subject,
        rating=rating,
        rated_at=rated_at,
        effects=await effects_on(tx, principal.tenant_id, subject, review),
        profile=TRUST,
    )
