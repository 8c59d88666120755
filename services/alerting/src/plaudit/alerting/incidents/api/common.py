"""What the endpoints of incidents share."""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header, Path, Request, Response

from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.incidents.domain.incident import (
    Incident,
    IncidentChangedError,
    IncidentRefusedError,
    UnknownIncidentError,
    WrongIncidentError,
)
from plaudit.alerting.incidents.schemas.incidents import IncidentOut, incident_out
from plaudit.common.http import (
    Body,
    Principal,
    Problem,
    Refusals,
    authorize,
    conflict,
    describe,
    not_found,
    unprocessable,
)
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.problems import against_rule, precondition_failed
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.vault import Vault, vault_of

PROBLEMS: Final = {
    "incident-refused": "The incident cannot be changed so as it stands; the detail says what can be done.",
}
"""Slug → meaning and what to do."""


def _wrong(error: WrongIncidentError) -> Problem:
    named = [against_rule("body", each.field, "against_the_rules", str(each)) for each in error.all]
    return unprocessable("invalid-request", "The incident cannot be kept so; `errors` says why.", named)


REFUSALS: Final[Refusals] = {
    WrongIncidentError: _wrong,
    IncidentRefusedError: lambda error: conflict("incident-refused", str(error)),
    IncidentChangedError: lambda error: precondition_failed(str(error)),
    UnknownIncidentError: lambda _: not_found("incident"),
}
"""What the rules refuse → the problem that the client gets."""

INCIDENTS: Final = "/v1/incidents"
Reader = Annotated[Principal, Depends(authorize("incidents:read"))]
Writer = Annotated[Principal, Depends(authorize("incidents:write"))]
IncidentId = Annotated[UUID, Path(description="The incident's id.")]
IfMatch = Annotated[str | None, Header(description="Do it only if the incident's entity tag is still one of these.")]
REFUSED: Final = describe(problems={"incident-refused": 409}, headers=("ETag",))


async def following_of(request: Request) -> Sequence[Follower]:
    """Return the rooms that act on what happens to clocks: the service declares them in `app.state.clock_followers`."""
    following: Sequence[Follower] = request.app.state.clock_followers
    return following


async def vault_of_request(request: Request) -> Vault:
    """Return the vault of the service."""
    return vault_of(request.app.state.resources.settings)


Following = Annotated[Sequence[Follower], Depends(following_of)]
OfVault = Annotated[Vault, Depends(vault_of_request)]


def answer(incident: Incident, response: Response) -> IncidentOut:
    """Return an incident as the answer, with its entity tag."""
    response.headers["ETag"] = etag_of(incident)
    return incident_out(incident)


def replayed(response: Response, *, already: bool) -> None:
    """Say in the answer's head whether the request was carried out before."""
    if already:
        response.headers["Idempotent-Replayed"] = "true"


def etag_of(incident: Incident) -> str:
    """Return the entity tag of an incident."""
    return f'"{incident.revision}"'


def key_of(text: str | None, what: str, body: Body) -> IdempotencyKey | None:
    """Return the caller's name for a request, None where the header is missing.

    Args:
        text: of the header.
        what: the operation, with what it is about.
        body: of the request: another one under the same key is refused.
    """
    if text is None:
        return None
    return IdempotencyKey(f"api:{text}", sha256(f"{what}\n{body.model_dump_json()}".encode()).digest())


def numbers_of(if_match: str | None) -> Collection[int] | None:
    """Return the revisions of which the header If-Match wants one; None: any."""
    return revisions_of(if_match)
