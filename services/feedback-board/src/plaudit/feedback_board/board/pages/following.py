"""The form on the page of a request that follows it, or stops."""

from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.http import Work
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.board.pages.budgets import Refused, over_budget
from plaudit.feedback_board.board.pages.finding import find_request
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.notifications.commands import following
from plaudit.feedback_board.notifications.domain.followers import State
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.settings import Act
from plaudit.feedback_board.visitors.pages import (
    PUBLIC,
    BoardResources,
    CurrentVisit,
    Newcomer,
    Proof,
    budget_of,
    remember,
    sender_of_form,
)

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])


@router.post("/r/{slug}/followers", dependencies=[Depends(check_origin)])
async def follow(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    language: Reading,
    choice: Annotated[Literal["follow", "stop"], Form()],
    newcomer: Newcomer = "",
    proof: Proof = "",
) -> Response:
    """Let a visitor hear what becomes of a request, or no more. It counts against the budget of votes."""
    found = await find_request(work.tx, visit, slug)
    visitor = sender_of_form(visit, newcomer, work.ids())
    state = State.FOLLOWING if choice == "follow" else State.STOPPED
    limit = budget_of(request, parts, visit, Act.VOTE, proof, work.tx.now)
    try:
        await following.choose(work, visit.tenant_id, found.id, visitor.person_key, state, PUBLIC, limit=limit)
    except LimitExceededError as error:
        refused = Refused(
            act=Act.VOTE,
            action=f"{page_path(found)}/followers",
            fields={"choice": choice},
            path=f"/r/{found.slug}",
            intent={},
        )
        return over_budget(request, visit, parts, language, work.tx.now, error, refused)
    notice = urlencode({"notice": "followed" if state is State.FOLLOWING else "unfollowed"})
    response = RedirectResponse(f"{page_path(found)}?{notice}#follow", int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, visitor)
    return response
