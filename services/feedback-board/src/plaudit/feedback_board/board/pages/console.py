"""The console's page of requests: the list, and beside it one request with the forms for its status and its size."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.http.auth import anyone
from plaudit.common.pages.navigation import HOME
from plaudit.common.people.naming import namer
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.text import isolated
from plaudit.feedback_board.board.pages import wording
from plaudit.feedback_board.board.pages.asked import CURSOR_TYPES
from plaudit.feedback_board.links import store as links
from plaudit.feedback_board.merges import pages as merges
from plaudit.feedback_board.requests import commands
from plaudit.feedback_board.requests.api import actor_key_of, actor_of
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.activity import PUBLIC_KINDS, decimal_text
from plaudit.feedback_board.requests.domain.errors import (
    BoardRefusedError,
    InvalidInputError,
    RevisionError,
    TransitionError,
    UnknownRequestError,
)
from plaudit.feedback_board.requests.domain.order import Order, sort_key
from plaudit.feedback_board.requests.domain.priority import IMPACTS, MAX_EFFORT_WEEKS, MIN_EFFORT_WEEKS, Sizing
from plaudit.feedback_board.requests.domain.reach import REACH_WINDOW
from plaudit.feedback_board.requests.domain.snapshot import is_old
from plaudit.feedback_board.requests.domain.status import TRANSITIONS, UNDECIDED, Needs, Status
from plaudit.feedback_board.requests.domain.text import (
    REASON_MAX_CHARACTERS,
    REASON_MIN_CHARACTERS,
    clean_note,
    clean_reason,
)
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import activity, requests, sizings
from plaudit.feedback_board.requests.store import counts as request_counts
from plaudit.feedback_board.similar.pages import console as similar
from plaudit.feedback_board.votes import commands as votes
from plaudit.feedback_board.votes.api import person_key_of
from plaudit.feedback_board.votes.domain import VotingClosedError

ROWS: Final = 20
HISTORY_ENTRIES: Final = 20
QUOTES: Final = 3
REQUESTS: Final = "/console/requests"
LOOKS: Final = {
    Status.OPEN: "quiet",
    Status.UNDER_REVIEW: "quiet",
    Status.PLANNED: "info",
    Status.IN_PROGRESS: "warn",
    Status.SHIPPED: "good",
    Status.DECLINED: "bad",
}

IMPACT_CHOICES: Final = {"": "not sized"} | {
    decimal_text(each): f"{wording.IMPACT_WORDS[each]} ({decimal_text(each)})" for each in IMPACTS
}
EFFORT_HINT: Final = f"Person-weeks, {MIN_EFFORT_WEEKS} to {MAX_EFFORT_WEEKS}."
REASON_LIMITS: Final = {"minlength": REASON_MIN_CHARACTERS, "maxlength": REASON_MAX_CHARACTERS}
ESTIMATES: Final = 5
"""Of a request, the newest ones."""
NOTIFY: Final = {"": None, "yes": True, "no": False}
NOTIFY_WORDS: Final = {"": "as usual: of planned, shipped and declined", "yes": "yes", "no": "no"}

router = APIRouter(include_in_schema=False)
console = ConsolePages(
    "plaudit.feedback_board.board", "plaudit.feedback_board.merges", "plaudit.feedback_board.similar"
)
Reader = Annotated[Principal, Depends(staff("board:read"))]
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]
Show = Annotated[Status | Literal["all"] | None, Query(description="Only one status, or all; else what is undecided.")]
Revision = Annotated[int, Form(description="Of the request when the form was shown.")]


@router.get(HOME, dependencies=[Depends(anyone)])
async def lead_to_the_requests() -> Response:
    """Lead to the one section that this service has; at the front door the overview is another service's page."""
    return RedirectResponse(REQUESTS, HTTPStatus.SEE_OTHER)


@router.get(REQUESTS)
async def show_requests(
    request: Request, principal: Reader, tx: TenantTx, show: Show = None, cursor: Cursor = None
) -> Response:
    """Show requests in the order of their priority, and beside them the first one."""
    return await _page(request, principal, tx, show, cursor)


@router.get(f"{REQUESTS}/{{request_id}}")
async def show_request(
    request: Request, principal: Reader, tx: TenantTx, request_id: UUID, show: Show = None, cursor: Cursor = None
) -> Response:
    """Show one request beside the list."""
    return await _page(request, principal, tx, show, cursor, request_id)


@router.post(f"{REQUESTS}/{{request_id}}/status")
async def set_status(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    revision: Revision,
    status: Annotated[Status, Form()],
    reason: Annotated[str, Form()] = "",
    notify: Annotated[Literal["", "yes", "no"], Form()] = "",
    show: Show = None,
    cursor: Cursor = None,
) -> Response:
    """Set the status of a request, with the reason that everybody reads; some changes need one."""
    try:
        outcome = await commands.set_status(
            work,
            principal.tenant_id,
            request_id,
            status,
            clean_reason(reason) if reason else None,
            actor_of(principal),
            expected_revisions=[revision],
            notify=NOTIFY[notify],
            actor_key=await actor_key_of(work.tx, principal),
        )
    except (InvalidInputError, TransitionError, RevisionError) as error:
        typed = Typed({"status": status, "reason": reason, "notify": notify}, errors_of(error, "status"))
        return await _page(request, principal, work.tx, show, cursor, request_id, typed)
    words = f"“{isolated(outcome.request.title)}” is {wording.STATUS_WORDS[status].lower()}."
    return done(request, _address(request_id, show, cursor), words)


@router.post(f"{REQUESTS}/{{request_id}}/sizing")
async def set_sizing(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    revision: Revision,
    impact: Annotated[str, Form()] = "",
    effort_weeks: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    show: Show = None,
    cursor: Cursor = None,
) -> Response:
    """Set how much a request matters to one person and what it takes; both empty makes it unsized."""
    try:
        outcome = await commands.set_sizing(
            work,
            principal.tenant_id,
            request_id,
            sizing_of(impact.strip(), effort_weeks.strip()),
            actor_of(principal),
            note=clean_note(note or None),
            expected_revisions=[revision],
        )
    except (InvalidInputError, RevisionError) as error:
        typed = Typed({"impact": impact, "effort_weeks": effort_weeks, "note": note}, errors_of(error, "impact"))
        return await _page(request, principal, work.tx, show, cursor, request_id, typed)
    made = outcome.request.priority
    words = "is not sized any more" if made is None else f"has a priority of {decimal_text(made)}"
    return done(request, _address(request_id, show, cursor), f"“{isolated(outcome.request.title)}” {words}.")


@router.post(f"{REQUESTS}/{{request_id}}/votes")
async def vote_on_behalf(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    voter: Annotated[str, Form()] = "",
    why: Annotated[str, Form()] = "",
    show: Show = None,
    cursor: Cursor = None,
) -> Response:
    """Vote in the place of a person, by e-mail address or person key, with the reason that the log keeps."""
    try:
        reason = clean_reason(why)
        named = voter.strip()
        email, key = (named, None) if "@" in named else (None, named)
        person = await person_key_of(work.tx, principal.tenant_id, key, email)
        outcome = await votes.vote(work, principal.tenant_id, request_id, person, actor_of(principal), reason=reason)
    except (InvalidInputError, VotingClosedError) as error:
        errors = errors_of(error, "voter")
        named_field = {"person": "voter", "email": "voter", "reason": "why"}
        found = {named_field.get(name, name): words for name, words in errors.items()}
        return await _page(
            request, principal, work.tx, show, cursor, request_id, Typed({"voter": voter, "why": why}, found)
        )
    title = isolated(outcome.request.title)
    words = f"This person had voted for “{title}” before." if outcome.already else f"The vote for “{title}” counts."
    return done(request, _address(request_id, show, cursor), words)


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    show: Status | Literal["all"] | None,
    cursor: str | None,
    request_id: UUID | None = None,
    typed: Typed = NOTHING_TYPED,
) -> Response:
    tenant_id = principal.tenant_id
    list_path = REQUESTS + _query(show)
    listed, following = await _list(tx, tenant_id, show, cursor, of=list_path)
    chosen = None if request_id is None else await requests.find(tx, tenant_id, request_id)
    if chosen is None and request_id is not None:
        raise UnknownRequestError
    selected = chosen or (listed[0] if listed else None)
    counts = await request_counts.by_status(tx, tenant_id)
    estimates = await sizings.list_newest(tx, tenant_id, selected.id, limit=ESTIMATES) if selected else ()
    return await console.response(
        request,
        principal,
        tx,
        "console_requests.html",
        status=typed.status,
        further=(chosen.title,) if chosen else (),
        counts={REQUESTS: f"{counts[Status.OPEN]:,}" if counts[Status.OPEN] else ""},
        by_status=counts,
        undecided=sum(counts[status] for status in UNDECIDED),
        requests=listed,
        selected=selected,
        is_chosen=chosen is not None,
        quotes=await links.list_quotes(tx, tenant_id, selected.id, QUOTES) if selected else (),
        history=await _history(tx, selected) if selected else (),
        merges=await merges.section(tx, selected) if selected else None,
        **await similar.section(tx, tenant_id, selected),
        choices=choices_of(selected) if selected else {},
        impacts=IMPACT_CHOICES,
        sizing_is_old=selected is not None and is_old(selected.sized_at, tx.now),
        notify_words=NOTIFY_WORDS,
        may_write=principal.may("board:write"),
        takes_changes=principal.may("board:write") and selected is not None and selected.merged_into is None,
        typed=typed,
        show=show,
        query=_query(show, cursor),
        list_path=list_path,
        requests_path=REQUESTS,
        next=following,
        is_first=cursor is None,
        looks=LOOKS,
        page_path=page_path,
        window_days=REACH_WINDOW.days,
        reason_limits=REASON_LIMITS,
        effort_hint=EFFORT_HINT,
        estimates=estimates,
        name_of=await namer(request.app.state.resources.common_database(), tenant_id, [one.actor for one in estimates]),
        **wording.helpers(),
    )


async def _list(
    tx: SqlTx, tenant_id: str, show: Status | Literal["all"] | None, cursor: str | None, *, of: str
) -> tuple[Sequence[domain.Request], str | None]:
    """Return a page of the list, and the cursor of the next one."""
    statuses = UNDECIDED if show is None else () if show == "all" else (Status(show),)
    after = decode_cursor(cursor, CURSOR_TYPES[Order.PRIORITY], of=of) if cursor else None
    found = await requests.list_in_order(tx, tenant_id, Order.PRIORITY, statuses=statuses, after=after, limit=ROWS + 1)
    return cut_page(found, ROWS, partial(sort_key, Order.PRIORITY), of=of)


async def _history(tx: SqlTx, request: domain.Request) -> list[dict[str, Any]]:
    entries = await activity.list_newest(tx, request.tenant_id, request.id, kinds=PUBLIC_KINDS, limit=HISTORY_ENTRIES)
    return [wording.history_entry(entry) for entry in entries]


def choices_of(request: domain.Request) -> dict[Status, str]:
    """Return the statuses that can follow on that of a request, as a form offers them."""
    return {
        status: wording.STATUS_WORDS[status] + (" (with a reason)" if needs is Needs.REASON else "")
        for status, needs in TRANSITIONS[request.status].items()
    }


def sizing_of(impact: str, effort_weeks: str) -> Sizing | None:
    """Return the sizing of a form, None when both fields are empty.

    Raises:
        InvalidInputError: one is missing or is not a number that the board takes.
    """
    if not impact and not effort_weeks:
        return None
    return Sizing(_number("impact", impact), _number("effort_weeks", effort_weeks))


def _number(name: str, text: str) -> Decimal:
    if not text:
        raise InvalidInputError(name, f"{name} is missing: impact and effort go together")
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise InvalidInputError(name, f"{name} must be a number such as 1.5") from error


def errors_of(error: BoardRefusedError, otherwise: str) -> dict[str, str]:
    """Return what a refusal says, under the field that it is about."""
    name = error.field if isinstance(error, InvalidInputError) else otherwise
    words = str(error).replace("effort_weeks", "effort").rstrip(".")
    return {name: f"{words[:1].upper()}{words[1:]}."}


def _address(request_id: UUID, show: str | None, cursor: str | None) -> str:
    return f"{REQUESTS}/{request_id}{_query(show, cursor)}"


def _query(show: str | None, cursor: str | None = None) -> str:
    given = {name: value for name, value in (("show", show), ("cursor", cursor)) if value}
    return f"?{urlencode(given)}" if given else ""
