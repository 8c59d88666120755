"""The vote form of the public pages."""

from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Tx
from plaudit.common.http import Work, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.http.origin import check_origin
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.text import SLUG
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.visitors.pages import (
    PUBLIC,
    BoardResources,
    CurrentVisit,
    Newcomer,
    Proof,
    Visit,
    limit_of,
    over_budget,
    proven_limit,
    remember,
    sender_of_form,
)
from plaudit.feedback_board.votes import commands
from plaudit.feedback_board.votes.domain import VotingClosedError

VOTE: Final = "vote"
"""The kind of the budget."""

__all__ = [
    "PUBLIC",
    "BoardResources",
    "CurrentVisit",
    "Newcomer",
    "Visit",
    "find_request",
    "limit_of",
    "remember",
    "router",
    "row_id",
    "sender_of_form",
]

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])


@router.post("/r/{slug}/votes", dependencies=[Depends(check_origin)])
async def vote(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    choice: Annotated[Literal["vote", "withdraw"], Form()],
    back: Annotated[Literal["request", "board"], Form()] = "request",
    cursor: Annotated[str, Form(max_length=2048)] = "",
    newcomer: Newcomer = "",
    proof: Proof = "",
) -> Response:
    """Count a visitor's vote, or take it back."""
    found = await find_request(work.tx, visit, slug)
    voter = sender_of_form(visit, newcomer, work.ids())
    settings = parts.settings
    limit = limit_of(
        request, parts, visit, VOTE, settings.votes_per_hour_per_network, settings.votes_per_hour_per_person
    )
    limit = proven_limit(parts, visit, limit, proof, work.tx.now)
    command = commands.vote if choice == "vote" else commands.withdraw
    notice = "voted" if choice == "vote" else "withdrawn"
    try:
        await command(work, visit.tenant_id, found.id, voter.person_key, PUBLIC, limit=limit)
    except VotingClosedError:
        notice = "closed"
    except LimitExceededError as error:
        return over_budget(
            parts,
            visit,
            error,
            work.tx.now,
            kind=VOTE,
            action=f"{page_path(found)}/votes",
            fields={"choice": choice, "back": back, "cursor": cursor},
            shown={},
            back=page_path(found),
            intent={"vote": slug} if choice == "vote" else {},
        )
    response = RedirectResponse(_address_after(found, back, notice, cursor), int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, voter if choice == "vote" else visit.visitor)
    return response


async def find_request(tx: Tx, visit: Visit, slug: str) -> domain.Request:
    """Return the request at an address.

    Raises:
        Problem: 404, there is no such request.
        AnswerInsteadError: 303, it is merged into another one, and all its addresses lead to the page of that one. It
            is kept by no cache, since a merge can be undone.
    """
    found = await requests.find_by_slug(tx, visit.tenant_id, slug) if SLUG.fullmatch(slug) else None
    if found is None:
        raise not_found("request")
    if found.merged_into is not None:
        raise AnswerInsteadError(await _lead_to_root(tx, found.tenant_id, found.merged_into))
    return found


async def _lead_to_root(tx: Tx, tenant_id: str, root_id: UUID) -> Response:
    root = await requests.find(tx, tenant_id, root_id)
    assert root is not None, "a foreign key keeps it"
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(f"{page_path(root)}?notice=merged", int(HTTPStatus.SEE_OTHER), headers)


def row_id(request: domain.Request) -> str:
    """Return the fragment of a request's row in a list."""
    return f"request-{request.slug}"


def _address_after(request: domain.Request, back: str, notice: str, cursor: str) -> str:
    """Return the address of the page that the form was on, at the place of the request."""
    if back == "request":
        return f"{page_path(request)}?{urlencode({'notice': notice})}"
    query = {"notice": notice, **({"cursor": cursor} if cursor else {})}
    return f"/b/{request.tenant_id}?{urlencode(query)}#{row_id(request)}"
