"""On the public pages: similar requests while somebody types, and a vote for one in place of a new request."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Role, Tx
from plaudit.common.http import TenantTx, Work
from plaudit.common.http.auth import anyone
from plaudit.common.http.json import json_response
from plaudit.common.http.origin import check_origin
from plaudit.common.pages.static import StaticFiles
from plaudit.common.rate_limits import LimitExceededError, spend
from plaudit.feedback_board.board.pages.budgets import Refused, over_budget
from plaudit.feedback_board.board.pages.finding import find_request
from plaudit.feedback_board.board.pages.frame import page
from plaudit.feedback_board.board.pages.posting import RequestForm
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.requests.domain.text import TITLE_MAX_CHARACTERS, clean_text, clean_title
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.settings import Act
from plaudit.feedback_board.similar import commands
from plaudit.feedback_board.similar.commands import Similar
from plaudit.feedback_board.similar.schemas import public_similar_out
from plaudit.feedback_board.visitors.pages import (
    PUBLIC,
    BoardResources,
    CurrentVisit,
    Newcomer,
    Proof,
    Visit,
    budget_of,
    remember,
    sender_of_form,
)
from plaudit.feedback_board.votes.domain import VotingClosedError

MAX_FORM_CHARACTERS: Final = 64
MAX_NEWCOMER_CHARACTERS: Final = 256
STATIC: Final = StaticFiles.of_package("plaudit.feedback_board.similar.pages", "/similar-static")
FormId = Annotated[str, Form(max_length=MAX_FORM_CHARACTERS)]
"""A form's field: the id of the form of a new request that the page has."""

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])


def section(alike: Sequence[Similar]) -> dict[str, Any]:
    """Return what the sections of a page with the form of a new request need."""
    return {"alike": alike, "similar_script": STATIC.url("similar.js")}


async def find_same(tx: Tx, visit: Visit, sent: RequestForm) -> Sequence[Similar]:
    """Return what is similar to a request that is sent, if any of it probably asks for the same, and note that.

    Raises:
        InvalidInputError: the words cannot be taken.
    """
    title, _ = clean_title(sent.title), clean_text(sent.text)
    alike = [] if sent.confirmed else await commands.find_similar(tx, visit.tenant_id, title)
    if not any(each.is_same for each in alike):
        return []
    await commands.note_asked(tx, visit.tenant_id, sent.form)
    return alike


@router.get("/similar")
async def show_similar(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    q: Annotated[str, Query(max_length=TITLE_MAX_CHARACTERS)] = "",
    form: Annotated[str, Query(max_length=MAX_FORM_CHARACTERS)] = "",
    newcomer: Annotated[str, Query(max_length=MAX_NEWCOMER_CHARACTERS)] = "",
) -> Response:
    """Show requests that are similar to what stands in the form: a part of a page, or JSON for who asks for that."""
    async with parts.database(Role.API).change(visit.tenant_id) as counting:
        await spend(counting, visit.tenant_id, budget_of(request, parts, visit, Act.SIMILAR, "", counting.now))
    found = await commands.find_similar(tx, visit.tenant_id, q)
    if "application/json" in request.headers.get("accept", ""):
        answer = json_response({"items": [public_similar_out(each).model_dump(mode="json") for each in found]})
        answer.headers["Cache-Control"] = "private, no-cache"
    else:
        known = replace(visit, newcomer=newcomer if visit.newcomer else "")
        answer = page(request, known, parts, language, "similar.html", form=form, **section(found))
    answer.headers["Vary"] = "Accept, Cookie, Accept-Language"
    return answer


@router.post("/r/{slug}/votes-instead", dependencies=[Depends(check_origin)])
async def vote_instead(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    language: Reading,
    form: FormId = "",
    newcomer: Newcomer = "",
    proof: Proof = "",
) -> Response:
    """Count a visitor's vote for a similar request, in place of the request that was in the form."""
    found = await find_request(work.tx, visit, slug)
    voter = sender_of_form(visit, newcomer, work.ids())
    limit = budget_of(request, parts, visit, Act.VOTE, proof, work.tx.now)
    notice = "voted"
    try:
        await commands.vote_instead(work, visit.tenant_id, found.id, voter.person_key, PUBLIC, form, limit=limit)
    except VotingClosedError:
        notice = "closed"
    except LimitExceededError as error:
        refused = Refused(
            act=Act.VOTE,
            action=f"{page_path(found)}/votes-instead",
            fields={"form": form},
            path=f"/r/{found.slug}",
            intent={"vote": found.slug},
        )
        return over_budget(request, visit, parts, language, work.tx.now, error, refused)
    response = RedirectResponse(f"{page_path(found)}?notice={notice}", int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, voter)
    return response
