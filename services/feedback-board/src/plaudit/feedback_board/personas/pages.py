"""The console's page of personas: who they are, how many people each has, mutes, and the view of reach."""

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.text import isolated
from plaudit.feedback_board.personas import commands, store
from plaudit.feedback_board.personas.domain import PersonaExistsError, TooManyPersonasError
from plaudit.feedback_board.requests.api import actor_of
from plaudit.feedback_board.requests.domain.activity import decimal_text
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError
from plaudit.feedback_board.requests.domain.reach import midnight
from plaudit.feedback_board.requests.domain.text import clean_persona, clean_reason
from plaudit.feedback_board.requests.domain.weighing import DEFAULT_CAP, MAX_CAP, MIN_CAP, ReachView
from plaudit.feedback_board.requests.store import weighing

PERSONAS: Final = "/console/personas"
VIEWS: Final = {
    ReachView.RAW: "Everyone counts",
    ReachView.CAPPED: "At most so many of each persona count",
    ReachView.SQRT: "The square root of each persona counts",
}
MUTE_DAYS: Final = {"30": "30 days", "90": "90 days", "365": "a year"}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.feedback_board.personas")
Reader = Annotated[Principal, Depends(staff("board:read"))]
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]


@router.get(PERSONAS)
async def show_personas(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show the personas of the board, and which reach its priorities are made of."""
    return await _page(request, principal, tx)


@router.post(PERSONAS)
async def create_persona(
    request: Request,
    principal: Writer,
    work: Work,
    name: Annotated[str, Form()] = "",
    population_share: Annotated[str, Form()] = "",
) -> Response:
    """Make a persona."""
    try:
        made = await commands.create(
            work.tx,
            work.ids,
            principal.tenant_id,
            clean_persona(name, "name"),
            _share(population_share.strip()),
            actor_of(principal),
        )
    except (InvalidInputError, PersonaExistsError, TooManyPersonasError) as error:
        typed = Typed({"name": name, "population_share": population_share}, _errors(error, "name"))
        return await _page(request, principal, work.tx, typed)
    return done(request, PERSONAS, f"“{isolated(made.name)}” is a persona of this board.")


@router.post(f"{PERSONAS}/reach-view")
async def set_view(
    request: Request,
    principal: Writer,
    work: Work,
    view: Annotated[ReachView, Form()],
    cap: Annotated[str, Form()] = "",
) -> Response:
    """Set which reach the priorities are made of."""
    try:
        wanted = _cap(cap.strip()) if view is ReachView.CAPPED else None
        await commands.set_view(work.tx, principal.tenant_id, view, wanted, actor_of(principal))
    except InvalidInputError as error:
        return await _page(request, principal, work.tx, Typed({"view": view, "cap": cap}, _errors(error, "cap")))
    return done(request, PERSONAS, f"{VIEWS[view]}. All requests are being counted anew.")


@router.post(f"{PERSONAS}/{{persona_id}}/mute")
async def mute(
    request: Request,
    principal: Writer,
    work: Work,
    persona_id: UUID,
    reason: Annotated[str, Form()] = "",
    days: Annotated[int, Form(ge=1, le=365)] = 30,
) -> Response:
    """Let the people of a persona count for nothing for some days."""
    until: datetime = midnight(work.tx.now) + timedelta(days=days)
    try:
        muted = await commands.mute(
            work.tx, principal.tenant_id, persona_id, clean_reason(reason), until, actor_of(principal)
        )
    except InvalidInputError as error:
        typed = Typed({"reason": reason, "persona": str(persona_id)}, _errors(error, "reason"))
        return await _page(request, principal, work.tx, typed)
    return done(request, PERSONAS, f"“{isolated(muted.name)}” counts for nothing for now. Its votes are kept.")


@router.post(f"{PERSONAS}/{{persona_id}}/unmute")
async def unmute(request: Request, principal: Writer, work: Work, persona_id: UUID) -> Response:
    """Let the people of a persona count again."""
    again = await commands.unmute(work.tx, principal.tenant_id, persona_id, actor_of(principal))
    return done(request, PERSONAS, f"“{isolated(again.name)}” counts again.")


async def _page(request: Request, principal: Principal, tx: SqlTx, typed: Typed = NOTHING_TYPED) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "console_personas.html",
        status=typed.status,
        personas=await store.list_all(tx, principal.tenant_id),
        people=await store.count_people(tx, principal.tenant_id),
        weighing=await weighing.find(tx, principal.tenant_id),
        views=VIEWS,
        mute_days=MUTE_DAYS,
        cap_hint=f"{MIN_CAP} or more; {DEFAULT_CAP} where you say nothing.",
        may_write=principal.may("board:write"),
        now=tx.now,
        typed=typed,
        decimal=decimal_text,
        path=PERSONAS,
    )


def _share(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ".")) if text else None
    except InvalidOperation as error:
        raise InvalidInputError("population_share", "population_share must be a number such as 0.25") from error


def _cap(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_CAP))):
        raise InvalidInputError("cap", "cap must be a whole number such as 10")
    return int(text) if text else None


def _errors(error: BoardRefusedError, otherwise: str) -> dict[str, str]:
    """Return what a refusal says, under the field that it is about."""
    name = error.field if isinstance(error, InvalidInputError) else otherwise
    words = str(error).replace("population_share", "share").rstrip(".")
    return {name: f"{words[:1].upper()}{words[1:]}."}
