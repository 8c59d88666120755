"""The HTTP API of votes."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from plaudit.common.db import Database, Role, Tx
from plaudit.common.group_commit import QueueFullError, StoppedError
from plaudit.common.http import Refusals, Work, conflict, describe
from plaudit.common.http.problems import unavailable
from plaudit.common.observability.tracing import current_traceparent, current_tracestate
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.requests.api import BoardWriter, RequestId, actor_of
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.schemas import request_out
from plaudit.feedback_board.visitors.domain.visitor import person_at
from plaudit.feedback_board.votes import commands
from plaudit.feedback_board.votes.domain import Ballot, VotingClosedError, clean_person_key
from plaudit.feedback_board.votes.jobs import VoteWriter
from plaudit.feedback_board.votes.schemas import VoteIn, VoteOut, VoterIn

router = APIRouter(prefix="/v1/requests", tags=["requests"])

PROBLEMS: Final = {"voting-closed": "The request was shipped or declined and takes no more votes."}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    VotingClosedError: lambda error: conflict("voting-closed", str(error)),
    QueueFullError: lambda _: unavailable("Too many votes wait to be counted. This one was not; send it again."),
    StoppedError: lambda _: unavailable("This process is stopping and has not counted the vote; send it again."),
}
"""What the rules refuse → the problem that the client gets."""


async def vote_writer(request: Request) -> VoteWriter:
    """Return what counts votes in this process."""
    writer: VoteWriter = request.app.state.vote_writer
    return writer


async def api_database(request: Request) -> Database:
    """Return the connections of requests."""
    database: Database = request.app.state.resources.database(Role.API)
    return database


Writer = Annotated[VoteWriter, Depends(vote_writer)]
ApiDatabase = Annotated[Database, Depends(api_database)]


@router.post(
    "/{request_id}/votes",
    status_code=201,
    responses={200: {"model": VoteOut, "description": "The person had voted before; nothing changed."}},
    summary="Vote for a request",
    openapi_extra=describe(
        problems={"voting-closed": 409, "request-merged": 409},
        answer={"votes": 1, "reach": 1, "weighted_reach": "1", "revision": 2},
    ),
)
async def vote(
    principal: BoardWriter,
    writer: Writer,
    database: ApiDatabase,
    request_id: RequestId,
    body: VoteIn,
    response: Response,
) -> VoteOut:
    """Count a person's vote: 201 the first time, 200 with `already` from then on.

    Who votes in somebody's place says why in `reason`. A vote that was there before keeps its own reason.
    """
    if body.email is None and body.person is not None:
        person = clean_person_key(body.person)
    else:
        # In a transaction of its own: one that stayed open would hold a connection while the vote waits for its group.
        async with database.driver_snapshot(principal.tenant_id) as tx:
            person = await person_key_of(tx, principal.tenant_id, body.person, body.email)
    outcome = await writer.cast(
        Ballot(
            tenant_id=principal.tenant_id,
            request_id=request_id,
            person_key=person,
            actor=actor_of(principal),
            reason=body.cleaned_reason(),
            traceparent=current_traceparent(),
            tracestate=current_tracestate(),
        )
    )
    response.status_code = 200 if outcome.already else 201
    return VoteOut(person=person, already=outcome.already, request=request_out(outcome.request))


@router.delete(
    "/{request_id}/votes",
    summary="Withdraw a vote",
    openapi_extra=describe(problems={"voting-closed": 409, "request-merged": 409}, answer={"revision": 3}),
)
async def withdraw_vote(principal: BoardWriter, work: Work, request_id: RequestId, body: VoterIn) -> VoteOut:
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
