"""Comments on the public page of a request: a section of it, and the forms to write, edit and take back a comment."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Tx
from plaudit.common.http import TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.common.pages.languages import Language
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.board.pages import wording
from plaudit.feedback_board.board.pages.budgets import Refused, over_budget
from plaudit.feedback_board.board.pages.finding import find_shown, root_of
from plaudit.feedback_board.board.pages.frame import page
from plaudit.feedback_board.board.pages.posting import FormId, Second, Trap, key_of_form, look_at
from plaudit.feedback_board.comments import commands, store
from plaudit.feedback_board.comments.domain import Comment
from plaudit.feedback_board.holds.domain import PersonBlockedError, Post, PostKind, TooFastError
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError, MergedRequestError
from plaudit.feedback_board.requests.domain.text import clean_comment, clean_name
from plaudit.feedback_board.requests.domain.visibility import EDITABLE_FOR, Author, TooLateError, Visibility
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import requests, sets
from plaudit.feedback_board.settings import Act
from plaudit.feedback_board.visitors.domain.visitor import Known
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

COMMENTS: Final = 50
"""On one page."""
_REFUSED: Final = (
    InvalidInputError,
    TooLateError,
    TooFastError,
    PersonBlockedError,
    MergedRequestError,
)
"""What comes back as a form, with what was typed."""

router = APIRouter(prefix="/b/{tenant}/r/{slug}/comments", include_in_schema=False, dependencies=[Depends(anyone)])


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
        "editable_minutes": EDITABLE_FOR // timedelta(minutes=1),
    }


@router.post("", dependencies=[Depends(check_origin)])
async def post_comment(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    language: Reading,
    text: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    form: FormId = "",
    second: Second = "",
    trap: Trap = "",
    newcomer: Newcomer = "",
    proof: Proof = "",
) -> Response:
    """Post a visitor's comment. What is refused comes back with all its words."""
    shown = await find_shown(work.tx, visit, slug)
    found = await root_of(work.tx, shown)
    visitor = sender_of_form(visit, newcomer, work.ids())

    async def post() -> tuple[Comment, str]:
        posted = await put_comment(
            visit,
            work,
            request,
            parts,
            found,
            visitor,
            text=text,
            name=name,
            form=form,
            trap=trap,
            is_second=bool(second),
            proof=proof,
        )
        return posted, "held" if posted.visibility is Visibility.HELD else "commented"

    forms = _Forms(request, visit, parts, language, found, {"text": text, "name": name, "form": form})
    if found != shown:  # merged while somebody wrote: whoever did chooses whether to say it there
        return forms.show(MergedRequestError(found.id))
    try:
        answer = await forms.answered(post)
    except LimitExceededError as error:
        refused = Refused(
            act=Act.COMMENT,
            action=_path(found),
            fields={"form": form, "second": second, "website": trap},
            shown={"text": text, "name": name},
            path=f"/r/{found.slug}",
            intent={"comment": found.slug, "text": text, "name": name, "form": form},
        )
        return over_budget(request, visit, parts, language, work.tx.now, error, refused)
    if answer.status_code == HTTPStatus.SEE_OTHER:
        remember(answer, parts, visit, visitor)
    return answer


async def put_comment(
    visit: Visit,
    work: Work,
    request: Request,
    parts: BoardResources,
    found: domain.Request,
    visitor: Known,
    *,
    text: str,
    name: str,
    form: str,
    trap: str = "",
    is_second: bool = True,
    proof: str = "",
) -> Comment:
    """Post a visitor's comment on a root, or let it wait for a look.

    Raises:
        InvalidInputError: something cannot be taken.
        TooFastError: the form came back sooner than people write, for the first time.
        PersonBlockedError: the visitor may not post.
        LimitExceededError: the budget is used up.
    """
    author = Author(visitor.person_key, clean_name(name))
    cleaned = clean_comment(text)
    look = await look_at(
        PostKind.COMMENT,
        visit,
        work,
        parts,
        visitor,
        text=cleaned,
        name=author.name,
        form=form,
        trap=trap,
        is_second=is_second,
    )
    outcome = await commands.post(
        work,
        visit.tenant_id,
        found.id,
        cleaned,
        PUBLIC,
        author=author,
        look=look,
        limit=budget_of(request, parts, visit, Act.COMMENT, proof, work.tx.now),
        key=key_of_form("comment", form, (found.id, author.key, author.name, cleaned)),
    )
    return outcome.comment


@router.get("/{comment_id}")
async def show_comment(
    visit: CurrentVisit,
    tx: TenantTx,
    slug: str,
    comment_id: UUID,
    request: Request,
    parts: BoardResources,
    language: Reading,
) -> Response:
    """Show the forms to edit a comment of one's own and to take it back."""
    found = await root_of(tx, await find_shown(tx, visit, slug))
    comment = await _own_comment(tx, visit, found, comment_id)
    forms = _Forms(request, visit, parts, language, found, {"text": comment.text}, comment)
    return forms.show(None if comment.is_editable_by(comment.author_key, tx.now) else TooLateError())


@router.post("/{comment_id}", dependencies=[Depends(check_origin)])
async def change_comment(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    comment_id: UUID,
    request: Request,
    parts: BoardResources,
    language: Reading,
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

    forms = _Forms(request, visit, parts, language, found, {"text": text}, comment)
    return await forms.answered(change)


@dataclass(frozen=True, slots=True)
class _Forms:
    """The page of a comment's forms, with what was typed into them."""

    incoming: Request
    visit: Visit
    parts: BoardResources
    language: Language
    request: domain.Request
    typed: dict[str, str]
    comment: Comment | None = None
    """The one that is changed; None for a new one."""

    async def answered(self, work: Callable[[], Awaitable[tuple[Comment, str]]]) -> Response:
        """Do what a form asks for and lead to the comment; what is refused comes back with what was typed."""
        try:
            changed, notice = await work()
        except _REFUSED as error:
            return self.show(error)
        place = "comments" if notice == "taken-back" else f"comment-{changed.id}"
        query = urlencode({"notice": notice})
        return RedirectResponse(f"{page_path(self.request)}?{query}#{place}", int(HTTPStatus.SEE_OTHER))

    def show(self, error: BoardRefusedError | None) -> Response:
        """Show the forms, and why they come back."""
        action = _path(self.request) if self.comment is None else f"{_path(self.request)}/{self.comment.id}"
        answer = page(
            self.incoming,
            self.visit,
            self.parts,
            self.language,
            "comment_form.html",
            path=f"/r/{self.request.slug}",
            is_unlisted=True,
            status_code=_status_of(error),
            request=self.request,
            form_action=action,
            comment=self.comment,
            typed=self.typed,
            error=wording.MERGED_MEANWHILE if isinstance(error, MergedRequestError) else error,
            is_over=isinstance(error, TooLateError),
            is_second=isinstance(error, TooFastError),
            editable_minutes=EDITABLE_FOR // timedelta(minutes=1),
        )
        answer.headers["Cache-Control"] = "private, no-store"
        return answer


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


async def _titles(tx: Tx, request: domain.Request, listed: Sequence[Comment]) -> dict[UUID, str]:
    """Return the titles of the merged requests where some of these comments were made."""
    others = {(request.tenant_id, each.request_id) for each in listed if each.request_id != request.id}
    return {made_on.id: made_on.title for made_on in (await requests.find_several(tx, others)).values()}


def _status_of(error: Exception | None) -> HTTPStatus:
    match error:
        case None:
            return HTTPStatus.OK
        case InvalidInputError() | TooFastError():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case _:
            return HTTPStatus.CONFLICT


def _path(request: domain.Request) -> str:
    return f"{page_path(request)}/comments"
