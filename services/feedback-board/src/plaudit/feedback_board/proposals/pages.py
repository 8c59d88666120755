"""In the console: reviews that seem to be about a request, to accept and reject, and whether a complaint recurs."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, Work
from plaudit.common.sessions import done, staff
from plaudit.feedback_board.proposals.commands import deciding as commands
from plaudit.feedback_board.proposals.domain.proposal import Decision
from plaudit.feedback_board.proposals.store import deciding as store
from plaudit.feedback_board.requests.api import actor_of
from plaudit.feedback_board.requests.domain import request as domain

REQUESTS: Final = "/console/requests"
SHOWN: Final = 5
"""Of a request, the most alike ones."""
_SAID: Final = {
    Decision.ACCEPTED: "The review is linked.",
    Decision.REJECTED: "This review is not proposed for this request again.",
}

router = APIRouter(include_in_schema=False)
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]


@router.post(f"{REQUESTS}/{{request_id}}/proposals/{{proposal_id}}")
async def decide_proposal(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    proposal_id: UUID,
    decision: Annotated[Decision, Form()],
) -> Response:
    """Accept or reject the proposal to link a review."""
    await commands.decide(work, principal.tenant_id, proposal_id, decision, actor_of(principal))
    return done(request, f"{REQUESTS}/{request_id}", _SAID[decision])


async def section(tx: SqlTx, selected: domain.Request | None) -> dict[str, Any]:
    """Return what `_proposals.html` and `_recurrence.html` show on the console's page of requests."""
    if selected is None:
        return {"proposals": [], "recurrence": None}
    return {
        "proposals": await store.list_open(tx, selected.tenant_id, selected.id, None, SHOWN),
        "recurrence": await commands.measure_recurrence(tx, selected),
    }
