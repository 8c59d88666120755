"""The HTTP API of personas, and of the views of reach."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path

from plaudit.common.db import Tx
from plaudit.common.http import Page, Refusals, TenantTx, Work, conflict, describe, not_found
from plaudit.feedback_board.personas import commands, store
from plaudit.feedback_board.personas.domain import (
    Persona,
    PersonaExistsError,
    TooManyPersonasError,
    UnknownPersonaError,
    shares_of,
)
from plaudit.feedback_board.personas.schemas import (
    AssignmentIn,
    AssignmentOut,
    MuteIn,
    PersonaIn,
    PersonaOut,
    ReachOut,
    ReachViewIn,
    ReachViewOut,
    StratumOut,
    ViewOut,
    persona_out,
    reach_view_out,
    view_out,
)
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, RequestId, actor_of, find_request
from plaudit.feedback_board.requests.domain.post_stratification import effective_size_of, post_stratified, weights_of
from plaudit.feedback_board.requests.domain.reach import counted_since
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.weighing import NO_PERSONA, Strata, all_views
from plaudit.feedback_board.requests.store import priority_history, weighing
from plaudit.feedback_board.votes.api import person_key_of
from plaudit.feedback_board.votes.schemas import VoterIn

router = APIRouter(prefix="/v1/personas", tags=["personas"])
of_requests = APIRouter(prefix="/v1/requests", tags=["requests"])

PersonaId = Annotated[UUID, Path(description="The persona's id.")]

PROBLEMS: Final = {
    "persona-exists": "Another persona has this name; change that one, or choose another name.",
    "too-many-personas": "The board has as many personas as it takes; the detail says how many.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    UnknownPersonaError: lambda _: not_found("persona"),
    PersonaExistsError: lambda error: conflict("persona-exists", str(error)),
    TooManyPersonasError: lambda error: conflict("too-many-personas", str(error)),
}
"""What the rules refuse → the problem that the client gets."""


@router.get("", summary="List personas")
async def list_personas(principal: BoardReader, tx: TenantTx) -> Page[PersonaOut]:
    """List the board's personas by name; there are at most 50, so they are one page."""
    people = await store.count_people(tx, principal.tenant_id)
    held = await store.list_all(tx, principal.tenant_id)
    return Page(items=[persona_out(each, people.get(each.id, 0), tx.now) for each in held], next=None)


@router.post(
    "",
    status_code=201,
    summary="Create a persona",
    openapi_extra=describe(problems={"persona-exists": 409, "too-many-personas": 409}),
)
async def create_persona(principal: BoardWriter, work: Work, body: PersonaIn) -> PersonaOut:
    """Make a persona: a kind of people who ask, known from reviewed facts."""
    made = await commands.create(
        work.tx, work.ids, principal.tenant_id, body.cleaned_name(), body.population_share, actor_of(principal)
    )
    return await _persona_out(work.tx, made)


@router.get("/reach-view", summary="Read the view of reach")
async def get_reach_view(principal: BoardReader, tx: TenantTx) -> ReachViewOut:
    """Return which reach the priorities of this board are made of."""
    return reach_view_out(await weighing.find(tx, principal.tenant_id))


@router.put(
    "/reach-view",
    summary="Set the view of reach",
    openapi_extra=describe(answer={"view": "capped", "cap": 10}),
)
async def set_reach_view(principal: BoardWriter, work: Work, body: ReachViewIn) -> ReachViewOut:
    """Set which reach priorities are made of; all requests are then counted anew, within minutes."""
    return reach_view_out(
        await commands.set_view(work.tx, principal.tenant_id, body.view, body.cap, actor_of(principal))
    )


@router.put("/{persona_id}", summary="Change a persona", openapi_extra=describe(problems={"persona-exists": 409}))
async def change_persona(principal: BoardWriter, work: Work, persona_id: PersonaId, body: PersonaIn) -> PersonaOut:
    """Set the name of a persona and its share of all customers."""
    changed = await commands.change(
        work.tx, principal.tenant_id, persona_id, body.cleaned_name(), body.population_share, actor_of(principal)
    )
    return await _persona_out(work.tx, changed)


@router.put(
    "/{persona_id}/mute",
    summary="Mute a persona",
    openapi_extra=describe(
        answer={
            "mute": {
                "at": "2026-11-30T12:00:00Z",
                "until": "2027-03-01T00:00:00Z",
                "reason": "One class of students.",
                "actor": "key:vw3sajk26br3jcpn",
            }
        }
    ),
)
async def mute_persona(principal: BoardWriter, work: Work, persona_id: PersonaId, body: MuteIn) -> PersonaOut:
    """Let the people of a persona count for nothing until a time. Their votes are kept, and the page says so."""
    muted = await commands.mute(
        work.tx, principal.tenant_id, persona_id, body.cleaned_reason(), body.until, actor_of(principal)
    )
    return await _persona_out(work.tx, muted)


@router.delete("/{persona_id}/mute", summary="Unmute a persona")
async def unmute_persona(principal: BoardWriter, work: Work, persona_id: PersonaId) -> PersonaOut:
    """Let the people of a persona count again; where they do, nothing changes."""
    return await _persona_out(
        work.tx, await commands.unmute(work.tx, principal.tenant_id, persona_id, actor_of(principal))
    )


@router.put("/{persona_id}/people", summary="Give a person a persona")
async def assign_person(principal: BoardWriter, work: Work, persona_id: PersonaId, body: AssignmentIn) -> AssignmentOut:
    """Give a person this persona, in place of the one before; the requests that the person asks for are recounted."""
    tenant_id = principal.tenant_id
    person = await person_key_of(work.tx, tenant_id, body.person, body.email)
    already = await commands.assign(work.tx, tenant_id, person, persona_id, body.source, actor_of(principal))
    return AssignmentOut(person=person, persona_id=persona_id, already=already)


@router.delete("/{persona_id}/people", summary="Take a person's persona away")
async def unassign_person(principal: BoardWriter, work: Work, persona_id: PersonaId, body: VoterIn) -> AssignmentOut:
    """Take this persona from a person; who does not have it loses nothing."""
    tenant_id = principal.tenant_id
    person = await person_key_of(work.tx, tenant_id, body.person, body.email)
    already = await commands.unassign(work.tx, tenant_id, person, persona_id, actor_of(principal))
    return AssignmentOut(person=person, persona_id=persona_id, already=already)


@of_requests.get("/{request_id}/reach", summary="Read the reach of a request in every view")
async def get_reach(principal: BoardReader, tx: TenantTx, request_id: RequestId) -> ReachOut:
    """Return the people of a request: raw and weighted side by side, each with its effective sample size.

    `post_stratified` is there when every persona has a share of the population and at least five people. It says the
    effective size of all people who ask on this board, since its weights are made from them.
    """
    request = await find_request(tx, principal, request_id)
    held = await store.list_all(tx, principal.tenant_id)
    views = [view_out(each) for each in all_views(request.strata, await weighing.find(tx, principal.tenant_id))]
    return ReachOut(
        people=request.reach,
        counted_view=request.reach_view,
        counted_since=counted_since(tx.now),
        views=[*views, *await _post_stratified(tx, request, held)],
        strata=_strata_out(request.strata, held),
    )


async def _post_stratified(tx: Tx, request: Request, held: list[Persona]) -> list[ViewOut]:
    sample = await priority_history.latest_sample(tx, request.tenant_id)
    weights = weights_of(sample, shares_of(held))
    if weights is None:
        return []
    reach = post_stratified(request.strata, weights)
    size = effective_size_of(sample, weights)
    return [ViewOut(view="post_stratified", cap=None, reach=reach, effective_size=size, muted_people=0)]


def _strata_out(strata: Strata, held: list[Persona]) -> list[StratumOut]:
    names = {str(persona.id): persona.name for persona in held}
    return [
        StratumOut(persona_id=UUID(stratum) if stratum != NO_PERSONA else None, name=names.get(stratum), people=people)
        for stratum, people in sorted(strata.items(), key=lambda each: (-each[1], each[0]))
    ]


async def _persona_out(tx: Tx, persona: Persona) -> PersonaOut:
    people = await store.count_people(tx, persona.tenant_id)
    return persona_out(persona, people.get(persona.id, 0), tx.now)
