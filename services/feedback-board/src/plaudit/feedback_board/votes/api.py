"""The HTTP API of votes."""

from typing import Final

from fastapi import APIRouter, Response

from plaudit.common.db import Tx
from plaudit.common.http import Refusals, Work, conflict, describe
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.requests.api import BoardWriter, RequestId, actor_of
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.schemas import request_out
from plaudit.feedback_board.votes import commands
from plaudit.feedback_board.votes.domain import VotingClosedError, clean_person_key, person_at
from plaudit.feedback_board.votes.schemas import VoteIn, VoteOut

router = APIRouter(prefix="/v1/requests", tags=["requests"])

PROBLEMS: Final = {"voting-closed": "The request was shipped or declined and takes no more votes."}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    VotingClosedError: lambda error: conflict("voting-closed", str(error)),
}
"""What the rules refuse → the problem that the client gets."""


@router.post(
    "/{request_id}/votes",
    status_code=201,
    responses={200: {"model": VoteOut, "description": "The person had voted before; nothing changed."}},
    summary="Vote for a request",
    openapi_extra=describe(problems={"voting-closed": 409}, answer={"votes": 1, "reach": 1, "revision": 2}),
)
async def vote(principal: BoardWriter, work: Work, request_id: RequestId, body: VoteIn, response: Response) -> VoteOut:
    """Count a person's vote: 201 the first time, 200 with `already` from then on."""
    person = await person_key_of(work.tx, principal.tenant_id, body.person, body.email)
    outcome = await commands.vote(work, principal.tenant_id, request_id, person, actor_of(principal))
    response.status_code = 200 if outcome.already else 201
    return VoteOut(person=person, already=outcome.already, request=request_out(outcome.request))


@router.delete(
    "/{request_id}/votes",
    summary="Withdraw a vote",
    openapi_extra=describe(problems={"voting-closed": 409}, answer={"revision": 3}),
)
async def withdraw_vote(principal: BoardWriter, work: Work, request_id: RequestId, body: VoteIn) -> VoteOut:
    """Take a person's vote back; who has none loses none."""
    person = await person_key_of(work.tx, principal.tenant_id, body.person, body.email)
    outcome = await commands.withdraw(work, principal.tenant_id, request_id, person, actor_of(principal))
    return VoteOut(person=person, already=outcome.already, request=request_out(outcome.request))


async def person_key_of(tx: Tx, tenant_id: str, person: str | None, email: str | None) -> str:
    """Return the person key of who is named in one of two ways; an address is hashed here and goes no further."""
    match (person, email):
        case (str(key), None):
            return clean_person_key(key)
        case (None, str(address)):
            return person_at(await _tenant_key(tx, tenant_id), address)
        case _:
            raise InvalidInputError("person", "send exactly one of person and email")


async def _tenant_key(tx: Tx, tenant_id: str) -> bytes:
    key = await tenants.person_key_of(tx, tenant_id)
    if key is None:
        raise RuntimeError(f"tenant {tenant_id!r} has an API key and no key for people")
    return key
