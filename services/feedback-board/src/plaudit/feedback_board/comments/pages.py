"""Comments on the public page of a request: a section of it, and the forms to write, edit and take back a comment."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Tx
from plaudit.common.http import TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.pages import Pages
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.comments import commands, store, wording
from plaudit.feedback_board.comments.domain import Comment
from plaudit.feedback_board.holds.commands import names_taken
from plaudit.feedback_board.holds.domain import (
    PersonBlockedError,
    Post,
    PostKind,
    TooFastError,
    check_pace,
    shown_since,
)
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError, MergedRequestError
from plaudit.feedback_board.requests.domain.text import (
    NAME_MAX_CHARACTERS,
    TEXT_MAX_CHARACTERS,
    clean_comment,
    clean_name,
)
from plaudit.feedback_board.requests.domain.visibility import EDITABLE_FOR, Author, TooLateError, Visibility
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import requests, sets
from plaudit.feedback_board.votes.pages import (
    PUBLIC,
    BoardResources,
    CurrentVisit,
    Newcomer,
    Visit,
    find_shown,
    limit_of,
    remember,
    root_of,
    sender_of_form,
)

COMMENTS: Final = 50
"""On one page."""
_REFUSED: Final = (
    InvalidInputError,
    TooLateError,
    TooFastError,
    PersonBlockedError,
    MergedRequestError,
    LimitExceededError,
)
"""What comes back as a form, with what was typed."""

site: Final = Pages("plaudit.feedback_board.comments")
router = APIRouter(prefix="/b/{tenant}/r/{slug}/comments", include_in_schema=False, dependencies=[Depends(anyone)])

Name = Annotated[str, Form()]
FormId = Annotated[str, Form(max_length=64)]
Second = Annotated[str, Form(max_length=8)]
"""Whether the form was shown again because it came back too fast."""
Trap = Annotated[str, Form(alias="website")]


def shown_for(form: str, work: Work) -> timedelta | None:
    """Return how long a form was shown, by its id; None for what no form of ours sent."""
    shown = shown_since(form)
    return None if shown is None else work.tx.now - shown


async def section(
    tx: Tx, visit: Visit, request: domain.Request, parts: BoardResources, cursor: str | None = None
) -> dict[str, Any]:
    """Return what `_response.html` and `_comments.html` show on the page of a request, under the name `talk`."""
    reader = None if visit.visitor is None else visit.visitor.person_key
    of = f"comments:{request.id}"
    after = decode_cursor(cursor, tuple[datetime, UUID], of=of) if cursor else None
    members = await sets.members(tx, visit.tenant_id, request.id)
    found = await store.list_page(tx, visit.tenant_id, members, reader=reader, after=after, limit=COMMENTS + 1)
    listed, following = cut_page(found, COMMENTS, lambda each: (each.created_at, each.id), of=of)
    response = await store.newest_response(tx, visit.tenant_id, request.id)
    return {
        "comments": listed,
        "titles": await _titles(tx, request, listed),
        "total": await store.count_published(tx, visit.tenant_id, members),
        "next": following,
        "is_first": cursor is None,
        "response": response if response is not None and response.text else None,
        "may_edit": lambda comment: comment.is_editable_by(reader, tx.now),
        "is_held": lambda comment: comment.visibility is Visibility.HELD,
        "path": _path(request),
        "form": parts.ids().hex,
        "words": wording,
        "text_max": TEXT_MAX_CHARACTERS,
        "name_max": NAME_MAX_CHARACTERS,
        "editable_minutes": EDITABLE_FOR // timedelta(minutes=1),
    }


@router.post("", dependencies=[Depends(check_origin)])
async def post_comment(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    text: Annotated[str, Form()] = "",
    name: Name = "",
    form: FormId = "",
    second: Second = "",
    trap: Trap = "",
    newcomer: Newcomer = "",
) -> Response:
    """Post a visitor's comment. What is refused comes back with all its words."""
    shown = await find_shown(work.tx, visit, slug)
    found = await root_of(work.tx, shown)
    visitor = sender_of_form(visit, newcomer, work.ids())
    typed = {"text": text, "name": name, "form": form}
    if found != shown:  # merged while somebody wrote: whoever did chooses whether to say it there
        return _form_page(visit, found, typed, MergedRequestError(found.id), None)

    async def post() -> tuple[Comment, str]:
        author = Author(visitor.person_key, clean_name(name))
        cleaned = clean_comment(text)
        look = Post(
            kind=PostKind.COMMENT,
            person_key=author.key,
            text=cleaned,
            name=author.name,
            shown_for=shown_for(form, work),
            least_shown=parts.settings.least_form_time,
            trap=trap,
            names_taken=await names_taken(parts.common_database(), visit.tenant_id, author.name),
        )
        check_pace(look, is_second=bool(second))
        outcome = await commands.post(
            work,
            visit.tenant_id,
            found.id,
            cleaned,
            PUBLIC,
            author=author,
            look=look,
            limit=limit_of(request, parts, visit, "comment", parts.settings.comments_per_hour_per_network),
            key=_form_key(form, found.id, author, cleaned),
        )
        return outcome.comment, "held" if outcome.comment.visibility is Visibility.HELD else "commented"

    answer = await _answered(visit, found, typed, post)
    if answer.status_code == HTTPStatus.SEE_OTHER:
        remember(answer, parts, visit, visitor)
    return answer


@router.get("/{comment_id}")
async def show_comment(visit: CurrentVisit, tx: TenantTx, slug: str, comment_id: UUID) -> Response:
    """Show the forms to edit a comment of one's own and to take it back."""
    found = await root_of(tx, await find_shown(tx, visit, slug))
    comment = await _own_comment(tx, visit, found, comment_id)
    if not comment.is_editable_by(comment.author_key, tx.now):
        return _form_page(visit, found, {"text": comment.text}, TooLateError(), comment)
    return _form_page(visit, found, {"text": comment.text}, None, comment)


@router.post("/{comment_id}", dependencies=[Depends(check_origin)])
async def change_comment(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    comment_id: UUID,
    choice: Annotated[Literal["edit", "take_back"], Form()],
    text: Annotated[str, Form()] = "",
) -> Response:
    """Edit a comment of one's own, or take it back."""
    found = await root_of(work.tx, await find_shown(work.tx, visit, slug))
    comment = await _own_comment(work.tx, visit, found, comment_id)
    person_key = comment.author_key or ""

    async def change() -> tuple[Comment, str]:
        if choice == "take_back":
            outcome = await commands.take_back(work, visit.tenant_id, found.id, comment_id, person_key, PUBLIC)
            return outcome.comment, "taken-back"
        cleaned = clean_comment(text)
        look = Post(kind=PostKind.COMMENT, person_key=person_key, text=cleaned, name=comment.author_name, is_edit=True)
        outcome = await commands.edit(work, visit.tenant_id, found.id, comment_id, cleaned, PUBLIC, look)
        return outcome.comment, "held" if outcome.comment.visibility is Visibility.HELD else "edited"

    return await _answered(visit, found, {"text": text}, change, comment)


async def _answered(
    visit: Visit,
    request: domain.Request,
    typed: dict[str, str],
    work: Callable[[], Any],
    comment: Comment | None = None,
) -> Response:
    """Do what a form asks for and lead to the comment; what is refused comes back as a form with what was typed."""
    try:
        changed, notice = await work()
    except _REFUSED as error:
        return _form_page(visit, request, typed, error, comment)
    place = "comments" if notice == "taken-back" else f"comment-{changed.id}"
    return RedirectResponse(f"{page_path(request)}?{urlencode({'notice': notice})}#{place}", int(HTTPStatus.SEE_OTHER))


async def _own_comment(tx: Tx, visit: Visit, request: domain.Request, comment_id: UUID) -> Comment:
    """Return a visitor's own comment, however old.

    Raises:
        Problem: 404, there is no such comment, or it is somebody else's.
    """
    comment = await store.find(tx, visit.tenant_id, request.id, comment_id)
    reader = None if visit.visitor is None else visit.visitor.person_key
    if comment is None or reader is None or comment.author_key != reader or not comment.is_seen_by(reader):
        raise not_found("comment")
    return comment


def _form_page(
    visit: Visit,
    request: domain.Request,
    typed: dict[str, str],
    error: BoardRefusedError | LimitExceededError | None,
    comment: Comment | None,
) -> Response:
    page = site.response(
        "comment_form.html",
        status=_status_of(error),
        board=visit,
        request=request,
        page_path=page_path(request),
        path=_path(request) if comment is None else f"{_path(request)}/{comment.id}",
        comment=comment,
        typed=typed,
        error=_words_of(error),
        field=error.field if isinstance(error, InvalidInputError) else "",
        is_over=isinstance(error, TooLateError),
        is_second=isinstance(error, TooFastError),
        text_max=TEXT_MAX_CHARACTERS,
        name_max=NAME_MAX_CHARACTERS,
        newcomer=visit.newcomer,
        editable_minutes=EDITABLE_FOR // timedelta(minutes=1),
    )
    page.headers["Cache-Control"] = "private, no-store"
    if isinstance(error, LimitExceededError):
        page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page


async def _titles(tx: Tx, request: domain.Request, listed: Sequence[Comment]) -> dict[UUID, str]:
    """Return the titles of the merged requests where some of these comments were made."""
    others = {(request.tenant_id, each.request_id) for each in listed if each.request_id != request.id}
    return {made_on.id: made_on.title for made_on in (await requests.find_several(tx, others)).values()}


def _words_of(error: Exception | None) -> str:
    match error:
        case None:
            return ""
        case MergedRequestError():
            return wording.MERGED
        case _:
            return str(error)


def _status_of(error: Exception | None) -> int:
    match error:
        case None:
            return HTTPStatus.OK
        case InvalidInputError() | TooFastError():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case LimitExceededError():
            return HTTPStatus.TOO_MANY_REQUESTS
        case _:
            return HTTPStatus.CONFLICT


def _path(request: domain.Request) -> str:
    return f"{page_path(request)}/comments"


def _form_key(form: str, request_id: UUID, author: Author, text: str) -> IdempotencyKey | None:
    """Return the key of a form: sent twice it makes one comment, filled in again it makes another."""
    if not form:
        return None
    fingerprint = sha256(msgspec.json.encode((request_id, author.key, author.name, text))).digest()
    return IdempotencyKey(f"comment:{sha256(form.encode()).hexdigest()}:{fingerprint.hex()}", fingerprint)
