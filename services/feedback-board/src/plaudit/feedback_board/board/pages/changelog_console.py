"""The console's page of the changelog: the entries, and beside them the form of one."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.text import isolated
from plaudit.feedback_board.board.pages import wording
from plaudit.feedback_board.changelog import commands, store
from plaudit.feedback_board.changelog.domain import (
    SECTIONS,
    Draft,
    Entry,
    EntryRevisionError,
    NotReadyError,
    UnknownEntryError,
    clean_draft,
)
from plaudit.feedback_board.changelog.schemas import entry_path
from plaudit.feedback_board.requests.api import actor_of
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.request import Request as BoardRequest
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.text import TEXT_MAX_CHARACTERS, TITLE_MAX_CHARACTERS
from plaudit.feedback_board.requests.store import requests

ROWS: Final = 20
CHOICES: Final = 30
"""Requests that shipped last, to choose from; those that an entry is about stand before them."""
CHANGELOG: Final = "/console/changelog"

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.feedback_board.changelog")
Reader = Annotated[Principal, Depends(staff("board:read"))]
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]
Words = Annotated[str, Form()]
Revision = Annotated[int, Form(description="Of the entry when the form was shown.")]


@router.get(CHANGELOG)
async def show_changelog(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show the entries, and beside them the form of a new one."""
    return await _page(request, principal, tx, cursor)


@router.get(f"{CHANGELOG}/{{entry_id}}")
async def show_entry(
    request: Request, principal: Reader, tx: TenantTx, entry_id: UUID, cursor: Cursor = None
) -> Response:
    """Show one entry beside the list."""
    return await _page(request, principal, tx, cursor, entry_id)


async def read_form(
    title: Words = "",
    said: Words = "",
    learned: Words = "",
    changed: Words = "",
    since: Words = "",
    request_ids: Annotated[list[UUID] | None, Form()] = None,
) -> Draft:
    """Return what was typed, not cleaned yet."""
    return Draft(
        title=title, said=said, learned=learned, changed=changed, since=since, request_ids=tuple(request_ids or ())
    )


Written = Annotated[Draft, Depends(read_form)]


@router.post(CHANGELOG)
async def write_entry(request: Request, principal: Writer, work: Work, written: Written) -> Response:
    """Write a new draft."""
    try:
        entry = await commands.write(work, principal.tenant_id, _cleaned(written), actor_of(principal))
    except InvalidInputError as error:
        return await _page(request, principal, work.tx, None, None, _typed(written, error.field, error), written)
    return done(request, f"{CHANGELOG}/{entry.id}", f"“{isolated(entry.title)}” is a draft.")


@router.post(f"{CHANGELOG}/{{entry_id}}")
async def rewrite_entry(
    request: Request, principal: Writer, work: Work, entry_id: UUID, revision: Revision, written: Written
) -> Response:
    """Replace the words of an entry."""
    try:
        entry = await commands.rewrite(
            work,
            principal.tenant_id,
            entry_id,
            _cleaned(written),
            actor_of(principal),
            expected_revisions=[revision],
        )
    except (InvalidInputError, EntryRevisionError, NotReadyError) as error:
        field = error.field if isinstance(error, InvalidInputError) else "changed"
        return await _page(request, principal, work.tx, None, entry_id, _typed(written, field, error), written)
    return done(request, f"{CHANGELOG}/{entry.id}", f"“{isolated(entry.title)}” is saved.")


@router.post(f"{CHANGELOG}/{{entry_id}}/publication")
async def publish_entry(
    request: Request, principal: Writer, work: Work, entry_id: UUID, published: Annotated[bool, Form()]
) -> Response:
    """Publish an entry, or take it back."""
    try:
        entry = await commands.set_published(work, principal.tenant_id, entry_id, actor_of(principal), on=published)
    except NotReadyError as error:
        return await _page(request, principal, work.tx, None, entry_id, Typed({}, {"published": str(error)}))
    words = "is published" if published else "is a draft again"
    return done(request, f"{CHANGELOG}/{entry_id}", f"“{isolated(entry.title)}” {words}.")


def _cleaned(written: Draft) -> Draft:
    sections = {name: getattr(written, name) for name in SECTIONS}
    return clean_draft(written.title, written.request_ids, **sections)


def _typed(written: Draft, field: str, error: Exception) -> Typed:
    words = str(error).rstrip(".")
    return Typed(
        {name: getattr(written, name) for name in ("title", *SECTIONS)}, {field: f"{words[:1].upper()}{words[1:]}."}
    )


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    cursor: str | None,
    entry_id: UUID | None = None,
    typed: Typed = NOTHING_TYPED,
    written: Draft | None = None,
) -> Response:
    tenant_id = principal.tenant_id
    after = decode_cursor(cursor, tuple[datetime, UUID], of=CHANGELOG) if cursor else None
    found = await store.list_newest(tx, tenant_id, after=after, limit=ROWS + 1)
    entries, following = cut_page(found, ROWS, lambda entry: (entry.created_at, entry.id), of=CHANGELOG)
    selected = None if entry_id is None else await store.find(tx, tenant_id, entry_id)
    if selected is None and entry_id is not None:
        raise UnknownEntryError
    return await console.response(
        request,
        principal,
        tx,
        "console_changelog.html",
        status=typed.status if typed.errors else HTTPStatus.OK,
        further=(selected.title,) if selected else (),
        entries=entries,
        selected=selected,
        chosen=frozenset(written.request_ids if written else selected.request_ids if selected else ()),
        choices=await _choices(tx, tenant_id, selected),
        may_write=principal.may("board:write"),
        typed=typed,
        changelog_path=CHANGELOG,
        entry_path=entry_path,
        next=following,
        is_first=cursor is None,
        title_max=TITLE_MAX_CHARACTERS,
        text_max=TEXT_MAX_CHARACTERS,
        **wording.helpers(),
    )


async def _choices(tx: SqlTx, tenant_id: str, selected: Entry | None) -> list[BoardRequest]:
    """Return the requests to choose from: those of the entry, and those that shipped last."""
    linked = [await requests.find(tx, tenant_id, each) for each in (selected.request_ids if selected else ())]
    shipped = await requests.list_by_status_age(tx, tenant_id, Status.SHIPPED, limit=CHOICES)
    return list({each.id: each for each in (*linked, *shipped) if each is not None}.values())
