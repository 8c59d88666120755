"""The page where the author of a request edits it or takes it back, within ten minutes."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import TenantTx, Work, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.common.pages.languages import Language
from plaudit.feedback_board.board import commands
from plaudit.feedback_board.board.pages.finding import find_shown
from plaudit.feedback_board.board.pages.frame import board_path, page
from plaudit.feedback_board.holds.domain import PersonBlockedError, Post, PostKind
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.errors import (
    BoardRefusedError,
    HasMergedRequestsError,
    InvalidInputError,
    MergedRequestError,
)
from plaudit.feedback_board.requests.domain.text import clean_text, clean_title
from plaudit.feedback_board.requests.domain.visibility import EDITABLE_FOR, TooLateError, Visibility, is_editable
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.visitors.pages import PUBLIC, BoardResources, CurrentVisit, Visit

_REFUSED: Final = (InvalidInputError, TooLateError, PersonBlockedError, MergedRequestError, HasMergedRequestsError)
"""Why the form comes back, with all its words."""

router = APIRouter(prefix="/b/{tenant}/r/{slug}/edit", include_in_schema=False, dependencies=[Depends(anyone)])


def may_edit(visit: Visit, request: domain.Request, tx: SqlTx) -> bool:
    """Return whether a visitor may still edit a request."""
    is_author = visit.visitor is not None and visit.visitor.person_key == request.author_key
    return is_author and is_editable(request.created_at, tx.now)


@router.get("")
async def show_edit(
    visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources, language: Reading, slug: str
) -> Response:
    """Show the forms to edit a request of one's own and to take it back."""
    found = await _find_own(visit, tx, slug)
    error: BoardRefusedError | None = None if may_edit(visit, found, tx) else TooLateError()
    if found.merged_into is not None:
        error = MergedRequestError(found.merged_into)
    return _page(request, visit, parts, language, found, {"title": found.title, "text": found.text}, error)


@router.post("", dependencies=[Depends(check_origin)])
async def edit_request(
    visit: CurrentVisit,
    work: Work,
    request: Request,
    parts: BoardResources,
    language: Reading,
    slug: str,
    choice: Annotated[Literal["edit", "take_back"], Form()],
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Edit a request of one's own, or take it back."""
    found = await _find_own(visit, work.tx, slug)
    person_key = found.author_key or ""
    try:
        if choice == "take_back":
            await commands.take_back(work, visit.tenant_id, found.id, person_key, PUBLIC)
            return RedirectResponse(
                f"{board_path(visit.tenant_id)}?notice=request-taken-back", int(HTTPStatus.SEE_OTHER)
            )
        draft = domain.Draft(title=clean_title(title), text=clean_text(text))
        words = f"{draft.title}\n{draft.text}"
        look = Post(kind=PostKind.REQUEST, person_key=person_key, text=words, name=found.author_name, is_edit=True)
        edited = await commands.edit(work, visit.tenant_id, found.id, draft, PUBLIC, look)
    except _REFUSED as error:
        return _page(request, visit, parts, language, found, {"title": title, "text": text}, error)
    notice = "held" if edited.visibility is Visibility.HELD else "edited"
    return RedirectResponse(f"{page_path(edited)}?notice={notice}", int(HTTPStatus.SEE_OTHER))


async def _find_own(visit: Visit, tx: SqlTx, slug: str) -> domain.Request:
    """Return a visitor's own request, however old, and merged or not.

    Raises:
        Problem: 404, there is no such request, or it is somebody else's.
    """
    found = await find_shown(tx, visit, slug)
    if visit.visitor is None or found.author_key != visit.visitor.person_key:
        raise not_found("request")
    return found


def _page(
    incoming: Request,
    visit: Visit,
    parts: BoardResources,
    language: Language,
    found: domain.Request,
    typed: dict[str, str],
    error: BoardRefusedError | None,
) -> Response:
    return page(
        incoming,
        visit,
        parts,
        language,
        "edit_request.html",
        path=f"/r/{found.slug}/edit",
        is_unlisted=True,
        status_code=HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        request=found,
        typed=typed,
        error=error,
        is_over=isinstance(error, TooLateError | MergedRequestError),
        editable_minutes=EDITABLE_FOR // timedelta(minutes=1),
    )
