"""My feedback, and your data: what the board holds of who looks at it."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Tx
from plaudit.common.http import TenantTx, Work, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.feedback_board.accounts import store
from plaudit.feedback_board.accounts.pages.signing_in import SIGN_IN_FIRST, Email, mail_link, sign_in_page
from plaudit.feedback_board.accounts.pages.view import CurrentView, View
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.visitors import store as visitor_store
from plaudit.feedback_board.visitors.api import OpenedVault
from plaudit.feedback_board.visitors.domain.link import Intent, Purpose
from plaudit.feedback_board.visitors.domain.visitor import clean_display_name

SHOWN: Final = 100
"""Rows of each list."""

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])


@router.get("/me")
async def show_my_feedback(view: CurrentView, tx: TenantTx) -> Response:
    """Show what a visitor asked for, votes for and said."""
    return await _my_feedback(view, tx)


@router.post("/me", dependencies=[Depends(check_origin)])
async def set_name(view: CurrentView, work: Work, name: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Set the name that a person is shown under."""
    person = view.visit.person
    if person is None:
        return sign_in_page(view, error=SIGN_IN_FIRST, status=HTTPStatus.UNAUTHORIZED, next_path=f"{view.home}/me")
    try:
        cleaned = clean_display_name(name)
    except InvalidInputError as error:
        return await _my_feedback(view, work.tx, error=error, name=name)
    await visitor_store.set_name(work.tx, view.visit.tenant_id, person.person_key, cleaned)
    return RedirectResponse(f"{view.home}/me", int(HTTPStatus.SEE_OTHER))


@router.get("/your-data")
async def show_your_data(view: CurrentView) -> Response:
    """Show what is collected, why, and where it lives, and the form to have it sent or deleted."""
    return _your_data_page(view)


@router.post("/your-data", dependencies=[Depends(check_origin)])
async def ask_for_your_data(
    view: CurrentView,
    work: Work,
    vault: OpenedVault,
    choice: Annotated[Purpose, Form()],
    email: Email = "",
) -> Response:
    """Mail a link to an address, with which its owner exports or deletes their data."""
    if choice is Purpose.SIGN_IN:
        raise not_found("choice")

    def refused(error: Exception | str, status: int, retry_after: int = 0) -> Response:
        return _your_data_page(view, error=error, status=status, email=email, retry_after=retry_after)

    return await mail_link(view, work, vault, email, choice, "", Intent(), refused)


@router.get("/your-data/deletions/{deletion_id}")
async def show_receipt(view: CurrentView, tx: TenantTx, deletion_id: UUID) -> Response:
    """Show how far a deletion is; the page knows nothing of the person."""
    deletion = await visitor_store.find_deletion(tx, view.visit.tenant_id, deletion_id)
    if deletion is None:
        raise not_found("receipt")
    return view.page("receipt.html", f"/your-data/deletions/{deletion_id}", deletion=deletion, number=deletion_id)


async def _my_feedback(
    view: View, tx: Tx, *, error: InvalidInputError | None = None, name: str | None = None
) -> Response:
    if view.visit.visitor is None:
        return sign_in_page(view, error=SIGN_IN_FIRST, next_path=f"{view.home}/me")
    person = view.visit.tenant_id, view.visit.visitor.person_key
    return view.page(
        "me.html",
        "/me",
        HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        here="me",
        made=await store.made(tx, *person, SHOWN),
        voted=await store.voted(tx, *person, SHOWN),
        followed=await store.followed(tx, *person, SHOWN),
        said=await store.said(tx, *person, SHOWN),
        most=SHOWN,
        name=view.visit.display_name if name is None else name,
        error=error,
    )


def _your_data_page(
    view: View,
    *,
    error: Exception | str = "",
    status: int = HTTPStatus.OK,
    email: str = "",
    retry_after: int = 0,
) -> Response:
    return view.page(
        "your_data.html",
        "/your-data",
        status,
        retry_after=retry_after,
        error=error,
        email=email,
        sends_mails=view.sends_mails,
        days=round(view.parts.settings.board_session_days),
    )
