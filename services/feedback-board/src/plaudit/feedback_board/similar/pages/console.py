"""In the console: requests that look like the same, and how many forms became a vote for a similar request."""

from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import Tx
from plaudit.common.http import Principal, Work
from plaudit.common.sessions import done, staff
from plaudit.feedback_board.requests.api import actor_of
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.similar import commands, store

REQUESTS: Final = "/console/requests"
DEFLECTION_DAYS: Final = 90

router = APIRouter(include_in_schema=False)
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]


@router.post(f"{REQUESTS}/{{request_id}}/not-the-same")
async def reject_duplicate(
    request: Request, principal: Writer, work: Work, request_id: UUID, other: Annotated[UUID, Form()]
) -> Response:
    """Say that two requests are not the same, so that they are never proposed as duplicates again."""
    await commands.reject_duplicate(work, principal.tenant_id, request_id, other, actor_of(principal))
    return done(request, f"{REQUESTS}/{request_id}", "These two are not proposed as duplicates again.")


async def section(tx: Tx, tenant_id: str, selected: domain.Request | None) -> dict[str, Any]:
    """Return what `_duplicates.html` and `_deflection.html` show on the console's page of requests."""
    # Until the end of this moment, which belongs to the time.
    until = tx.now + timedelta(microseconds=1)
    return {
        "duplicates": await commands.find_duplicates(tx, selected) if selected else [],
        "deflection": await store.deflection(tx, tenant_id, until - timedelta(days=DEFLECTION_DAYS), until),
        "deflection_days": DEFLECTION_DAYS,
    }
