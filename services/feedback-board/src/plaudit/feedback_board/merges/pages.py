"""The console's page for a merge: which request stays, what the merge would do, and its reason; and the undoing."""

from contextlib import suppress
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from plaudit.common.db import Tx
from plaudit.common.http import Principal, TenantTx, Work
from plaudit.common.pages.navigation import Crumb
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.text import isolated
from plaudit.feedback_board.merges import commands, store
from plaudit.feedback_board.merges.domain import MergeNotPossibleError, Preview
from plaudit.feedback_board.requests.api import actor_of
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.errors import InvalidInputError, MergedRequestError, UnknownRequestError
from plaudit.feedback_board.requests.domain.reach import REACH_WINDOW
from plaudit.feedback_board.requests.domain.text import (
    REASON_MAX_CHARACTERS,
    REASON_MIN_CHARACTERS,
    SLUG,
    clean_reason,
)
from plaudit.feedback_board.requests.store import requests

REQUESTS: Final = "/console/requests"
LISTED: Final = 20
"""Merged requests that the page of a root names."""
UNKNOWN: Final = "There is no such request on this board. Copy the address of its page, public or in the console"
REASON_LIMITS: Final = {"minlength": REASON_MIN_CHARACTERS, "maxlength": REASON_MAX_CHARACTERS, "required": True}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.feedback_board.merges")
Reader = Annotated[Principal, Depends(staff("board:read"))]
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]


@router.get(f"{REQUESTS}/{{request_id}}/merge")
async def show_merge(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    request_id: UUID,
    into: Annotated[str, Query(max_length=2048)] = "",
) -> Response:
    """Ask which request stays or, where that is named, show what the merge would do."""
    return await _page(request, principal, tx, request_id, into)


@router.post(f"{REQUESTS}/{{request_id}}/merge")
async def merge(
    request: Request,
    principal: Writer,
    work: Work,
    request_id: UUID,
    into: Annotated[UUID, Form()],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Merge a request into another one, with the reason that everybody reads."""
    tenant_id = principal.tenant_id
    try:
        outcome, root = await commands.merge(
            work, tenant_id, request_id, into, clean_reason(reason), actor_of(principal)
        )
    except (InvalidInputError, MergeNotPossibleError, MergedRequestError) as error:
        name = error.field if isinstance(error, InvalidInputError) else "into"
        typed = Typed({"reason": reason}, {name: _sentence(error)})
        return await _page(request, principal, work.tx, request_id, str(into), typed)
    words = f"“{isolated(outcome.request.title)}” is merged into “{isolated(root.title)}”."
    return done(request, f"{REQUESTS}/{root.id}", words)


@router.post(f"{REQUESTS}/{{request_id}}/unmerge")
async def unmerge(request: Request, principal: Writer, work: Work, request_id: UUID) -> Response:
    """Take a request out of what it is merged into."""
    outcome, _ = await commands.unmerge(work, principal.tenant_id, request_id, actor_of(principal))
    words = f"“{isolated(outcome.request.title)}” is a request of its own again."
    return done(request, f"{REQUESTS}/{request_id}", words)


async def section(tx: Tx, request: domain.Request) -> dict[str, Any]:
    """Return what `_merges.html` shows on the console's page of a request: what it is merged into, and what into it."""
    root_id = request.merged_into
    return {
        "root": None if root_id is None else await requests.find(tx, request.tenant_id, root_id),
        "merged": () if root_id else await store.list_merged(tx, request.tenant_id, request.id, LISTED),
    }


async def _page(
    request: Request, principal: Principal, tx: Tx, request_id: UUID, into: str, typed: Typed = NOTHING_TYPED
) -> Response:
    merged = await requests.find(tx, principal.tenant_id, request_id)
    if merged is None:
        raise UnknownRequestError
    preview, error = await _preview(tx, merged, into.strip())
    if error:
        typed = Typed(typed.values, {**typed.errors, "into": error})
    return await console.response(
        request,
        principal,
        tx,
        "console_merge.html",
        status=typed.status,
        further=(Crumb(merged.title, f"{REQUESTS}/{merged.id}"), "Merge"),
        merged=merged,
        preview=preview,
        into=into,
        typed=typed,
        may_write=principal.may("board:write"),
        requests_path=REQUESTS,
        reason_limits=REASON_LIMITS,
        window_days=REACH_WINDOW.days,
    )


async def _preview(tx: Tx, merged: domain.Request, into: str) -> tuple[Preview | None, str]:
    """Return the preview of a merge, or why there is none; neither while no other request is named."""
    if not into:
        return None, ""
    into_id = await _id_of(tx, merged.tenant_id, into)
    if into_id is None:
        return None, UNKNOWN
    try:
        return await commands.preview(tx, merged.tenant_id, merged.id, into_id), ""
    except UnknownRequestError:
        return None, UNKNOWN
    except (InvalidInputError, MergeNotPossibleError, MergedRequestError) as error:
        return None, _sentence(error)


async def _id_of(tx: Tx, tenant_id: str, named: str) -> UUID | None:
    """Return the id of a request that is named by its id, or by the address of a page of it; None for another name."""
    last = named.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    with suppress(ValueError):
        return UUID(last)
    found = await requests.find_by_slug(tx, tenant_id, last) if SLUG.fullmatch(last) else None
    return None if found is None else found.id


def _sentence(error: Exception) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}"
