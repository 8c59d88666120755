"""The form of a vote, on the page of a request and in the lists of requests."""

from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.http import Work
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.origin import check_origin
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.board.pages.budgets import Refused, over_budget
from plaudit.feedback_board.board.pages.finding import find_request
from plaudit.feedback_board.board.pages.frame import row_id
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.requests.domain import request as domain
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
from plaudit.feedback_board.votes import commands
from plaudit.feedback_board.votes.domain import VotingClosedError

LIST_PARAMETERS: Final = ("q", "status", "persona", "sort", "cursor")
"""Of the address of the board: which list it shows."""

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])


@router.post("/r/{slug}/votes", dependencies=[Depends(check_origin)])
async def vote(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    language: Reading,
    choice: Annotated[Literal["vote", "withdraw"], Form()],
    back: Annotated[Literal["request", "board"], Form()] = "request",
    listed: Annotated[str, Form(alias="list", max_length=4096)] = "",
    newcomer: Newcomer = "",
    proof: Proof = "",
) -> Response:
    """Count a visitor's vote, or take it back."""
    found = await find_request(work.tx, visit, slug)
    voter = sender_of_form(visit, newcomer, work.ids())
    command = commands.vote if choice == "vote" else commands.withdraw
    notice = "voted" if choice == "vote" else "withdrawn"
    limit = budget_of(request, parts, visit, Act.VOTE, proof, work.tx.now)
    try:
        outcome = await command(work, visit.tenant_id, found.id, voter.person_key, PUBLIC, limit=limit)
        if choice == "vote" and not outcome.already and visit.person is None:
            network = network_of(request, parts.settings.proxies, visit.tenant_key)
            await commands.count_network(work.tx, visit.tenant_id, found.id, network)
    except VotingClosedError:
        notice = "closed"
    except LimitExceededError as error:
        refused = Refused(
            act=Act.VOTE,
            action=f"{page_path(found)}/votes",
            fields={"choice": choice, "back": back, "list": listed},
            path=f"/r/{found.slug}",
            intent={"vote": found.slug} if choice == "vote" else {},
        )
        return over_budget(request, visit, parts, language, work.tx.now, error, refused)
    response = RedirectResponse(_address_after(found, back, notice, listed), int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, voter if choice == "vote" else visit.visitor)
    return response


def _address_after(request: domain.Request, back: str, notice: str, listed: str) -> str:
    """Return the address of the page that the form was on, at the place of the request.

    Args:
        request: that the form was about.
        back: which page it was on.
        notice: what that page says.
        listed: the query of the list that it was on; of which only what a list is asked for by is kept.
    """
    if back == "request":
        return f"{page_path(request)}?{urlencode({'notice': notice})}"
    query = {"notice": notice, **{name: value for name, value in parse_qsl(listed) if name in LIST_PARAMETERS}}
    return f"/b/{request.tenant_id}?{urlencode(query)}#{row_id(request)}"
