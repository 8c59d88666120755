"""The console's page of the board's settings: which sites may show parts of it in a frame, and what to paste there."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.settings import address_of
from plaudit.feedback_board.board.pages.frame import board_path
from plaudit.feedback_board.embeds import commands, store
from plaudit.feedback_board.embeds.domain import (
    MAX_ORIGINS,
    ORIGIN_MAX_CHARACTERS,
    SettingsRevisionError,
)
from plaudit.feedback_board.requests.api import actor_of
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.visitors.pages import BoardResources

SETTINGS: Final = "/console/board"

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.feedback_board.board")
Reader = Annotated[Principal, Depends(staff("board:read"))]
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]


@router.get(SETTINGS)
async def show_settings(request: Request, principal: Reader, tx: TenantTx, parts: BoardResources) -> Response:
    """Show the settings of the board."""
    return await _page(request, principal, tx, parts)


@router.post(SETTINGS)
async def change_settings(
    request: Request,
    principal: Writer,
    work: Work,
    parts: BoardResources,
    revision: Annotated[int, Form(description="Of the settings when the form was shown.")],
    embed_origins: Annotated[str, Form(max_length=MAX_ORIGINS * (ORIGIN_MAX_CHARACTERS + 2))] = "",
) -> Response:
    """Change which sites may show parts of the board in a frame: one on each line."""
    try:
        changed = await commands.allow(
            work,
            principal.tenant_id,
            embed_origins.splitlines(),
            actor_of(principal),
            expected_revisions=[revision],
        )
    except (InvalidInputError, SettingsRevisionError) as error:
        typed = Typed({"embed_origins": embed_origins}, {"embed_origins": str(error)})
        return await _page(request, principal, work.tx, parts, typed)
    number = len(changed.origins)
    words = "No site may" if not number else "One site may" if number == 1 else f"{number} sites may"
    return done(request, SETTINGS, f"{words} show the board in a frame.")


async def _page(
    request: Request, principal: Principal, tx: SqlTx, parts: BoardResources, typed: Typed = NOTHING_TYPED
) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "console_board.html",
        status=typed.status if typed.errors else HTTPStatus.OK,
        embeds=await store.find(tx, principal.tenant_id),
        may_write=principal.may("board:write"),
        typed=typed,
        settings_path=SETTINGS,
        board_address=f"{address_of(parts.settings)}{board_path(principal.tenant_id)}",
        max_origins=MAX_ORIGINS,
    )
