"""The console's pages of answers: what waits for somebody, and one review with its answer and the forms for it."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.ingest.answers import commands, store
from plaudit.ingest.answers.api import Interfaces
from plaudit.ingest.answers.domain import (
    MAX_NAME_CHARS,
    AnswerState,
    AnswerTooLongError,
    AnswerUnderWayError,
    Draft,
    InvalidAnswerError,
    NoOpenAnswerError,
    ReviewGoneError,
    UnknownReviewError,
    Via,
    WrittenAnswer,
)
from plaudit.ingest.platforms.answering import Answering
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.reviews.pages import REVIEWS, is_web_address, stars_of, title_of
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.pages.shared import title_of_platform

ROWS: Final = 20
ANSWERS: Final = "/console/answers"
SHOWN: Final[Mapping[str, tuple[str, AnswerState | None, Via | None]]] = {
    "": ("to be given by hand", AnswerState.SUBMITTED, Via.BY_HAND),
    "sending": ("being sent", AnswerState.SUBMITTED, Via.PLATFORM),
    "rejected": ("rejected", AnswerState.REJECTED, None),
    "published": ("published", AnswerState.PUBLISHED, None),
}
"""Choice → its words, and what the list then holds."""
NOTHING: Final = {
    "": "Nothing waits for you.",
    "sending": "Nothing is being sent.",
    "rejected": "No answer was rejected.",
    "published": "No answer was published yet.",
}
WAYS: Final = {
    Via.PLATFORM.value: "send it through the platform",
    Via.BY_HAND.value: "somebody posts it there by hand",
    Via.ELSEWHERE.value: "it is published there already",
}
LOOKS: Final = {AnswerState.SUBMITTED: "warn", AnswerState.PUBLISHED: "good", AnswerState.REJECTED: "bad"}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.answers")
Staff = Annotated[Principal, Depends(staff("reviews:read"))]
Responder = Annotated[Principal, Depends(staff("reviews:read", "answers:write"))]
Show = Annotated[str, Query()]


@router.get(ANSWERS)
async def show_answers(
    request: Request, principal: Staff, tx: TenantTx, show: Show = "", cursor: Cursor = None
) -> Response:
    """Show the answers that wait for somebody, or others, the latest first."""
    return await _page(request, principal, tx, show, cursor)


@router.get(f"{ANSWERS}/{{review_id}}")
async def show_answer(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    review_id: UUID,
    interfaces: Interfaces,
    show: Show = "",
    cursor: Cursor = None,
) -> Response:
    """Show one review with its answer beside the list."""
    review = await _review(tx, principal, review_id)
    return await _page(request, principal, tx, show, cursor, review, interfaces.get(review.state.source.platform))


@router.post(f"{ANSWERS}/{{review_id}}")
async def answer(
    request: Request,
    principal: Responder,
    work: Work,
    review_id: UUID,
    interfaces: Interfaces,
    vault: OpenedVault,
    text: Annotated[str, Form()] = "",
    via: Annotated[str, Form()] = Via.PLATFORM.value,
    answered_by: Annotated[str, Form()] = "",
) -> Response:
    """Submit an answer."""
    review = await _review(work.tx, principal, review_id)
    way = Via(via) if via in WAYS else Via.BY_HAND
    draft = Draft(text=text, via=way, answered_by=answered_by[:MAX_NAME_CHARS] or None)
    interface = interfaces.get(review.state.source.platform)
    typed = {"text": text, "via": via, "answered_by": answered_by}
    try:
        made, _ = await commands.submit(
            work, principal.tenant_id, review_id, draft, principal.actor, interfaces=interfaces, vault=vault
        )
    except (InvalidAnswerError, AnswerTooLongError, AnswerUnderWayError, ReviewGoneError) as error:
        field = error.field if isinstance(error, InvalidAnswerError) else "text"
        words = f"The answer {error}." if isinstance(error, InvalidAnswerError) else sentence(error)
        refused = Typed(typed, {field: words})
        return await _page(request, principal, work.tx, "", None, review, interface, refused)
    return done(request, f"{ANSWERS}/{review_id}", _said(made))


@router.post(f"{ANSWERS}/{{review_id}}/published")
async def note_published(
    request: Request, principal: Responder, work: Work, review_id: UUID, answered_by: Annotated[str, Form()] = ""
) -> Response:
    """Note that the answer was given by hand."""
    path = f"{ANSWERS}/{review_id}"
    name = answered_by.strip()[:MAX_NAME_CHARS] or None
    try:
        await commands.note_published(work, principal.tenant_id, review_id, None, name, principal.actor)
    except UnknownReviewError as error:
        raise not_found("review") from error
    except (NoOpenAnswerError, AnswerUnderWayError) as error:
        return done(request, path, sentence(error), is_good=False)
    return done(request, path, "The answer is published. It counts from now on.")


async def _review(tx: SqlTx, principal: Principal, review_id: UUID) -> Review:
    review = await reviews.get(tx, principal.tenant_id, review_id)
    if review is None:
        raise not_found("review")
    return review


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    show: str,
    cursor: str | None,
    chosen: Review | None = None,
    interface: Answering | None = None,
    typed: Typed = NOTHING_TYPED,
) -> Response:
    show = show if show in SHOWN else ""
    tenant_id = principal.tenant_id
    list_path = ANSWERS + (f"?{urlencode({'show': show})}" if show else "")
    after = decode_cursor(cursor, tuple[datetime, UUID], of=list_path) if cursor else None
    _, state, via = SHOWN[show]
    found = await store.page(tx, tenant_id, state, via, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.written_at, each.id), of=list_path)
    return await console.response(
        request,
        principal,
        tx,
        "answers.html",
        status=typed.status if typed.errors else HTTPStatus.OK,
        further=(title_of(chosen),) if chosen else (),
        answers=listed,
        show=show,
        shown={value: words for value, (words, _, _) in SHOWN.items()},
        nothing=NOTHING[show],
        list_path=list_path,
        query=list_path.removeprefix(ANSWERS),
        next=following,
        is_first=cursor is None,
        selected=chosen,
        written=None if chosen is None else await store.latest_of(tx, tenant_id, chosen.id),
        interface=interface,
        ways=_ways(chosen, interface),
        limit=_limit(interface),
        typed=typed,
        may_answer=principal.may("answers:write"),
        title_of=title_of,
        platform_title=partial(title_of_platform, request),
        stars_of=stars_of,
        looks=LOOKS,
        is_web_address=is_web_address,
        answers_path=ANSWERS,
        reviews_path=REVIEWS,
    )


def _ways(review: Review | None, interface: Answering | None) -> dict[str, str]:
    """Return the ways that an answer to a review can take, the first one chosen."""
    if review is None or interface is not None:
        return dict(WAYS)
    return {value: words for value, words in WAYS.items() if value != Via.PLATFORM}


def _limit(interface: Answering | None) -> str:
    if interface is None:
        return "Customers will read it."
    most = f"{interface.max_chars:,} characters" if interface.max_bytes is None else f"{interface.max_bytes:,} bytes"
    return f"Customers will read it. {interface.title} takes {most}."


def _said(answer: WrittenAnswer) -> str:
    """Return what became of an answer that was just submitted."""
    if answer.state is AnswerState.PUBLISHED:
        return "The answer is noted as published."
    if answer.via is Via.PLATFORM:
        return "The answer is on its way to the platform. It counts when it is published there."
    because = f", because {answer.note}" if answer.note else ""
    return f"The answer waits to be posted by hand{because}. It counts when somebody says that it is published."
