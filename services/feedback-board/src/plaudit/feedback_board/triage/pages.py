"""The console's inbox and its roadmap: what waits, and where it is acted on without leaving."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.text import isolated
from plaudit.feedback_board.board.pages import wording as board_wording
from plaudit.feedback_board.board.pages.console import (
    EFFORT_HINT,
    IMPACT_CHOICES,
    LOOKS,
    REASON_LIMITS,
    REQUESTS,
    choices_of,
    errors_of,
    sizing_of,
)
from plaudit.feedback_board.holds.domain import PostKind
from plaudit.feedback_board.moderation import commands as moderation
from plaudit.feedback_board.moderation import store as moderated
from plaudit.feedback_board.moderation.domain import UnknownPostError
from plaudit.feedback_board.moderation.pages.wording import REASONS
from plaudit.feedback_board.requests import commands
from plaudit.feedback_board.requests.api import actor_key_of, actor_of
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.activity import decimal_text
from plaudit.feedback_board.requests.domain.errors import (
    HasMergedRequestsError,
    InvalidInputError,
    MergedRequestError,
    RevisionError,
    TransitionError,
    UnknownRequestError,
)
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.text import clean_note, clean_reason
from plaudit.feedback_board.requests.store import counts as request_counts
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.triage import store, wording
from plaudit.feedback_board.triage.domain import Section

TRIAGE: Final = "/console/triage"
ROADMAP: Final = "/console/roadmap"
ROWS: Final = 20
"""Of a section, and of a column of the roadmap."""
COLUMNS: Final = (Status.PLANNED, Status.IN_PROGRESS, Status.SHIPPED)
GONE: Final = "This is not here any more."
STATUS: Final = "status"
SIZE: Final = "size"

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.feedback_board.triage")
Reader = Annotated[Principal, Depends(staff("board:read"))]
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]
Show = Annotated[Section, Query(description="Which section.")]
Revision = Annotated[int, Form(description="Of the request when the form was shown.")]
Again = Callable[[Typed, str], Awaitable[Response]]
"""Shows a page again, with what was typed in the form of this name."""


@router.get(TRIAGE)
async def show_triage(request: Request, principal: Reader, tx: TenantTx, show: Show = Section.NEW) -> Response:
    """Show a section of the inbox, and how many rows each has."""
    return await _inbox(request, principal, tx, show)


@router.post(f"{TRIAGE}/{{request_id}}/status")
async def set_status(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    revision: Revision,
    status: Annotated[Status, Form()],
    reason: Annotated[str, Form()] = "",
    show: Show = Section.NEW,
) -> Response:
    """Set the status of a request of the inbox, with its public reason."""

    async def again(typed: Typed, of: str) -> Response:
        return await _inbox(request, principal, work.tx, show, typed, of, request_id)

    return await _set_status(request, principal, work, request_id, revision, status, reason, _path(show), again)


@router.post(f"{TRIAGE}/{{request_id}}/sizing")
async def set_sizing(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    revision: Revision,
    impact: Annotated[str, Form()] = "",
    effort_weeks: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    show: Show = Section.NEW,
) -> Response:
    """Set the size of a request of the inbox; both fields empty makes it unsized."""

    async def change() -> str:
        outcome = await commands.set_sizing(
            work,
            principal.tenant_id,
            request_id,
            sizing_of(impact.strip(), effort_weeks.strip()),
            actor_of(principal),
            note=clean_note(note or None),
            expected_revisions=[revision],
        )
        made = outcome.request.priority
        words = "is not sized any more" if made is None else f"has a priority of {decimal_text(made)}"
        return f"“{isolated(outcome.request.title)}” {words}."

    async def again(typed: Typed, of: str) -> Response:
        return await _inbox(request, principal, work.tx, show, typed, of, request_id)

    typed = {"impact": impact, "effort_weeks": effort_weeks, "note": note}
    return await _done(request, change, _path(show), again, typed, f"{SIZE}-{request_id}", "impact")


@router.post(f"{TRIAGE}/posts/{{kind}}/{{post_id}}/{{choice}}")
async def decide_on_post(
    request: Request,
    principal: Writer,
    work: Work,
    kind: PostKind,
    post_id: UUID,
    choice: Literal["approve", "remove"],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Let everybody see a post that is held, or remove it with a reason for staff."""

    async def change() -> str:
        if choice == "approve":
            await moderation.approve(work, principal.tenant_id, kind, post_id, actor_of(principal))
            return "The post is on the board."
        why = clean_reason(reason)
        await moderation.remove(work, principal.tenant_id, kind, post_id, actor_of(principal), reason=why)
        return "The post is removed."

    async def again(typed: Typed, of: str) -> Response:
        return await _inbox(request, principal, work.tx, Section.SUSPICIOUS, typed, of)

    path = _path(Section.SUSPICIOUS)
    return await _done(request, change, path, again, {"reason": reason}, f"post-{post_id}", "reason")


@router.get(ROADMAP)
async def show_roadmap(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show the roadmap in three columns, each request with a form that moves it."""
    return await _roadmap(request, principal, tx)


@router.post(f"{ROADMAP}/{{request_id}}/status")
async def move(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    revision: Revision,
    status: Annotated[Status, Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Move a request of the roadmap to another column, or off it, with its public reason."""

    async def again(typed: Typed, of: str) -> Response:
        return await _roadmap(request, principal, work.tx, typed, of, request_id)

    return await _set_status(request, principal, work, request_id, revision, status, reason, ROADMAP, again)


async def _set_status(
    request: Request,
    principal: Principal,
    work: Work,
    request_id: UUID,
    revision: int,
    status: Status,
    reason: str,
    path: str,
    again: Again,
) -> Response:
    async def change() -> str:
        outcome = await commands.set_status(
            work,
            principal.tenant_id,
            request_id,
            status,
            clean_reason(reason) if reason else None,
            actor_of(principal),
            expected_revisions=[revision],
            actor_key=await actor_key_of(work.tx, principal),
        )
        return f"“{isolated(outcome.request.title)}” is {board_wording.STATUS_WORDS[status].lower()}."

    typed = {"status": status, "reason": reason}
    return await _done(request, change, path, again, typed, f"{STATUS}-{request_id}", "status")


async def _done(
    request: Request,
    change: Callable[[], Awaitable[str]],
    path: str,
    again: Again,
    typed: Mapping[str, str],
    of: str,
    otherwise: str,
) -> Response:
    """Do what a form asks for, and lead back to its page; what is refused comes back with what was typed.

    Args:
        request: of HTTP.
        change: does it, and returns what the page then says.
        path: of the page.
        again: shows it with the refusal.
        typed: what the form held.
        of: the name of the form.
        otherwise: the field of a refusal that is about none.
    """
    try:
        words = await change()
    except (UnknownPostError, UnknownRequestError):
        return done(request, path, GONE, is_good=False)
    except (MergedRequestError, HasMergedRequestsError) as error:
        return done(request, path, str(error), is_good=False)
    except (InvalidInputError, TransitionError, RevisionError) as error:
        return await again(Typed(typed, errors_of(error, otherwise)), of)
    return done(request, path, words)


async def _inbox(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    show: Section,
    typed: Typed = NOTHING_TYPED,
    of: str = "",
    typed_about: UUID | None = None,
) -> Response:
    tenant_id = principal.tenant_id
    triage = await store.count(tx, tenant_id)
    listed = await store.list_requests(tx, tenant_id, show, ROWS)
    is_suspicious = show is Section.SUSPICIOUS
    return await console.response(
        request,
        principal,
        tx,
        "console_triage.html",
        status=typed.status,
        counts={TRIAGE: f"{triage.total:,}" if triage.total else ""},
        show=show,
        numbers=triage.by_section,
        rows=await _with(tx, tenant_id, listed, typed_about),
        posts=await moderated.list_waiting(tx, tenant_id, limit=ROWS) if is_suspicious else [],
        bursts=await store.list_bursts(tx, tenant_id, ROWS) if is_suspicious else [],
        hold_reasons=REASONS,
        titles=wording.TITLES,
        hint=wording.HINTS[show],
        nothing=wording.NOTHING.get(show, "No request is here."),
        action=TRIAGE,
        query=f"?show={show}",
        **_for_forms(principal, typed, of),
    )


async def _roadmap(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    typed: Typed = NOTHING_TYPED,
    of: str = "",
    typed_about: UUID | None = None,
) -> Response:
    tenant_id = principal.tenant_id
    columns: dict[Status, Sequence[domain.Request]] = {
        status: await requests.list_by_status_age(tx, tenant_id, status, limit=ROWS) for status in COLUMNS
    }
    about = None if typed_about is None else await requests.find(tx, tenant_id, typed_about)
    is_elsewhere = about is not None and all(about.id != each.id for column in columns.values() for each in column)
    return await console.response(
        request,
        principal,
        tx,
        "console_roadmap.html",
        status=typed.status,
        columns=columns,
        elsewhere=about if is_elsewhere else None,
        by_status=await request_counts.by_status(tx, tenant_id),
        action=ROADMAP,
        query="",
        **_for_forms(principal, typed, of),
    )


async def _with(
    tx: SqlTx, tenant_id: str, listed: Sequence[domain.Request], request_id: UUID | None
) -> list[domain.Request]:
    """Return the rows of a page; before them the request of a refused form, if it is not among them any more."""
    if request_id is None or any(each.id == request_id for each in listed):
        return list(listed)
    found = await requests.find(tx, tenant_id, request_id)
    return [*([found] if found else []), *listed]


def _for_forms(principal: Principal, typed: Typed, of: str) -> dict[str, Any]:
    return {
        "may_write": principal.may("board:write"),
        "typed": typed,
        "of": of,
        "choices_of": choices_of,
        "impacts": IMPACT_CHOICES,
        "effort_hint": EFFORT_HINT,
        "reason_limits": REASON_LIMITS,
        "looks": LOOKS,
        "requests_path": REQUESTS,
        "triage_path": TRIAGE,
        "roadmap_path": ROADMAP,
        **board_wording.helpers(),
    }


def _path(show: Section) -> str:
    return f"{TRIAGE}?show={show}"
