"""On the public pages: similar requests while somebody types, and a vote for one in place of a new request."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.http import TenantTx, Work
from plaudit.common.http.auth import anyone
from plaudit.common.http.json import json_response
from plaudit.common.http.origin import check_origin
from plaudit.common.pages import Pages
from plaudit.common.pages.static import StaticFiles
from plaudit.feedback_board.requests.domain.status import DECIDED
from plaudit.feedback_board.requests.domain.text import TITLE_MAX_CHARACTERS
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.similar import commands, wording
from plaudit.feedback_board.similar.commands import Similar
from plaudit.feedback_board.similar.schemas import public_similar_out
from plaudit.feedback_board.votes.domain import VotingClosedError
from plaudit.feedback_board.votes.pages import (
    PUBLIC,
    BoardResources,
    CurrentVisit,
    Newcomer,
    find_request,
    limit_of,
    remember,
    sender_of_form,
)

MAX_FORM_CHARACTERS: Final = 64
MAX_NEWCOMER_CHARACTERS: Final = 256
STATIC: Final = StaticFiles.of_package("plaudit.feedback_board.similar.pages", "/similar-static")
FormId = Annotated[str, Form(max_length=MAX_FORM_CHARACTERS)]
"""A form's field: the id of the form of a new request that the page has."""

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])
site: Final = Pages("plaudit.feedback_board.similar")


def section(alike: Sequence[Similar]) -> dict[str, Any]:
    """Return what the sections of a page with the form of a new request need."""
    return {
        "alike": alike,
        "alike_words": wording,
        "similar_script": STATIC.url("similar.js"),
    }


@router.get("/similar")
async def show_similar(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    q: Annotated[str, Query(max_length=TITLE_MAX_CHARACTERS)] = "",
    form: Annotated[str, Query(max_length=MAX_FORM_CHARACTERS)] = "",
    newcomer: Annotated[str, Query(max_length=MAX_NEWCOMER_CHARACTERS)] = "",
) -> Response:
    """Show requests that are similar to what stands in the form: a part of a page, or JSON for who asks for that."""
    found = await commands.find_similar(tx, visit.tenant_id, q)
    if "application/json" in request.headers.get("accept", ""):
        answer = json_response({"items": [public_similar_out(each).model_dump(mode="json") for each in found]})
    else:
        answer = site.response(
            "similar.html",
            board={"tenant_id": visit.tenant_id, "newcomer": newcomer if visit.newcomer else ""},
            form=form,
            said=wording.announced(len(found)),
            decided=DECIDED,
            page_path=page_path,
            status_words=wording.STATUS_WORDS,
            **section(found),
        )
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Accept, Cookie"
    return answer


@router.post("/r/{slug}/votes-instead", dependencies=[Depends(check_origin)])
async def vote_instead(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    form: FormId = "",
    newcomer: Newcomer = "",
) -> Response:
    """Count a visitor's vote for a similar request, in place of the request that was in the form."""
    found = await find_request(work.tx, visit, slug)
    voter = sender_of_form(visit, newcomer, work.ids())
    limit = limit_of(request, parts, visit, "vote", parts.settings.votes_per_hour_per_network)
    notice = "voted"
    try:
        await commands.vote_instead(work, visit.tenant_id, found.id, voter.person_key, PUBLIC, form, limit=limit)
    except VotingClosedError:
        notice = "closed"
    response = RedirectResponse(f"{page_path(found)}?notice={notice}", int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, voter)
    return response


def find_same(found: Sequence[Similar]) -> bool:
    """Say whether any of these probably asks for the same."""
    return any(each.is_same for each in found)
