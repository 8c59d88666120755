"""Parts of a board for frames on other sites: the roadmap, and the form of a new request.

Only the sites that the settings name may frame them, and no other page of the board may be framed. Browsers keep our
cookies from frames, so who sends the form is a visitor of its own.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Tx
from plaudit.common.http import TenantTx, Work
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.common.pages.languages import Language
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.board.pages.budgets import over_budget
from plaudit.feedback_board.board.pages.frame import board_path, page
from plaudit.feedback_board.board.pages.posting import NOTHING_TYPED, REQUEST_REFUSED, SentRequest, put_request
from plaudit.feedback_board.board.pages.routes import FRONT_COLUMN_REQUESTS, list_columns
from plaudit.feedback_board.embeds import store as embeds
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.text import SLUG
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.store import counts as request_counts
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.visitors.pages import BoardResources, CurrentVisit, Visit, remember

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; {}img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {}"
)

router = APIRouter(prefix="/b/{tenant}/embed", include_in_schema=False, dependencies=[Depends(anyone)])


@router.get("/roadmap")
async def show_roadmap(
    visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources, language: Reading
) -> Response:
    """Show the roadmap in a frame; its links open outside of it."""
    return await _framed(
        request,
        visit,
        tx,
        parts,
        language,
        "embed_roadmap.html",
        path="/roadmap",
        columns=await list_columns(tx, visit.tenant_id, FRONT_COLUMN_REQUESTS),
        counts=await request_counts.by_status(tx, visit.tenant_id),
    )


@router.get("/request")
async def show_form(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    made: Annotated[str, Query(max_length=200)] = "",
    notice: Annotated[Literal["held"] | None, Query()] = None,
) -> Response:
    """Show the form of a new request in a frame and, once it was sent, what it has made."""
    found = await requests.find_by_slug(tx, visit.tenant_id, made) if SLUG.fullmatch(made) else None
    return await _form(request, visit, tx, parts, language, made=found, notice=notice)


@router.post("/request", dependencies=[Depends(check_origin)])
async def make_request(
    visit: CurrentVisit, work: Work, request: Request, parts: BoardResources, language: Reading, sent: SentRequest
) -> Response:
    """Put a visitor's request on the board as the page of the board does, and come back to the frame."""
    try:
        made, visitor = await put_request(visit, work, request, parts, sent)
    except REQUEST_REFUSED as error:
        return await _form(request, visit, work.tx, parts, language, typed=sent.again(error))
    except LimitExceededError as error:
        refused = sent.refused(f"{board_path(visit.tenant_id)}/embed/request", path="/embed/request", target="_blank")
        answer = over_budget(request, visit, parts, language, work.tx.now, error, refused)
        return await _as_frame(visit, work.tx, answer, "script-src 'self'; ")
    # Frames of other sites have no cookie, so that the author of a held request could not see its page from here.
    query = {"notice": "held"} if made.visibility is Visibility.HELD else {"made": made.slug}
    address = f"{board_path(visit.tenant_id)}/embed/request?{urlencode(query)}"
    response = RedirectResponse(address, int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, visitor)
    return response


async def _form(
    request: Request,
    visit: Visit,
    tx: Tx,
    parts: BoardResources,
    language: Language,
    *,
    made: domain.Request | None = None,
    notice: str | None = None,
    typed: dict[str, Any] = NOTHING_TYPED,
) -> Response:
    return await _framed(
        request,
        visit,
        tx,
        parts,
        language,
        "embed_request.html",
        path="",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if typed["error"] else HTTPStatus.OK,
        made=made,
        notice=notice,
        typed=typed,
        alike=(),
        form=typed["second"] or parts.ids().hex,
        form_action=f"{board_path(visit.tenant_id)}/embed/request",
    )


async def _framed(
    request: Request,
    visit: Visit,
    tx: Tx,
    parts: BoardResources,
    language: Language,
    template: str,
    **context: Any,
) -> Response:
    """Answer with a page that the sites which the settings name may frame, and nobody else."""
    answer = page(request, visit, parts, language, template, target="_blank", is_unlisted=True, **context)
    return await _as_frame(visit, tx, answer)


async def _as_frame(visit: Visit, tx: Tx, answer: Response, scripts: str = "") -> Response:
    """Let the sites which the settings name frame an answer, and nobody else; `scripts` is what it says of these."""
    allowed = await embeds.find(tx, visit.tenant_id)
    answer.headers["Content-Security-Policy"] = _POLICY.format(scripts, allowed.frame_ancestors)
    # For sites that ask a policy of all that they embed.
    answer.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
