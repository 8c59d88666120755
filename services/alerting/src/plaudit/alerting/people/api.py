"""HTTP: who answers for what."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request, Response

from plaudit.alerting.people import commands, store
from plaudit.alerting.people.domain import Owner, Owners, fallback_owner
from plaudit.alerting.people.domain.document import WrongOwnersError
from plaudit.alerting.people.domain.stored import OwnersChangedError, OwnersRevision, TooManyRevisionsError
from plaudit.alerting.people.schemas import (
    OwnersOut,
    OwnersRevisionOut,
    document_body,
    example_out,
    owners_out,
    revision_out,
)
from plaudit.alerting.policies.api import read_text, wrong_document
from plaudit.alerting.policies.domain.conditions import Facts
from plaudit.alerting.policies.domain.coverage import OwnerOf
from plaudit.common.db import Tx
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
)
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.problems import precondition_failed
from plaudit.common.people import store as accounts

OWNERS: Final = "/v1/owners"

PROBLEMS: Final = {
    "wrong-owners": "The document contradicts itself; `errors` names each mistake with its place. Correct them.",
}
"""Slug → meaning and what to do."""


def _wrong_owners(error: WrongOwnersError) -> Problem:
    return wrong_document("wrong-owners", "The document contradicts itself", error.errors)


REFUSALS: Final[Refusals] = {
    WrongOwnersError: _wrong_owners,
    OwnersChangedError: lambda error: precondition_failed(str(error)),
    TooManyRevisionsError: lambda error: conflict("too-many-revisions", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["owners"])
Reader = Annotated[Principal, Depends(authorize("clocks:read"))]
Writer = Annotated[Principal, Depends(authorize("policies:write"))]
IfMatch = Annotated[str | None, Header(description="Do it only if the entity tag of the owners is still one of these.")]


@router.get(
    OWNERS, summary="Read who answers for what", openapi_extra=describe(headers=("ETag",), answer=example_out())
)
async def read_owners(request: Request, principal: Reader, tx: TenantTx, response: Response) -> OwnersOut:
    """Read the people, teams, escalations and assignments in force.

    Where nobody has saved any, all belongs to the owner of the installation.
    """
    revision = await store.newest(tx, principal.tenant_id)
    return await _out(request, principal.tenant_id, revision, response)


@router.put(
    OWNERS,
    summary="Say who answers for what",
    openapi_extra={
        **describe(
            problems={"wrong-owners": 422, "neither-json-nor-yaml": 415, "too-many-revisions": 409},
            headers=("ETag",),
            answer=example_out(),
        ),
        **document_body(),
    },
)
async def set_owners(
    request: Request, principal: Writer, work: Work, response: Response, if_match: IfMatch = None
) -> OwnersOut:
    """Put the whole document in force, in JSON or YAML as `Content-Type` says. Earlier revisions stay.

    Of the assignments that fit, the one with the longest subject is the one. The owner is told at once, then the steps
    of the escalation follow until somebody acknowledges. Escalations that run keep their steps, and tell the people
    of this document.
    """
    document, written = await read_text(request)
    saved = await commands.save(
        work.tx, principal.tenant_id, document, written, principal.actor, expected=revisions_of(if_match)
    )
    return await _out(request, principal.tenant_id, saved, response)


@router.get(f"{OWNERS}/revisions", summary="List revisions of the owners")
async def list_owner_revisions(principal: Reader, tx: TenantTx, paging: Paging) -> Page[OwnersRevisionOut]:
    """List what was saved, the newest first."""
    after = paging.after(tuple[int])
    found = await store.revisions(tx, principal.tenant_id, paging.rows, after[0] if after else None)
    return paging.page(found, lambda each: (each.owners.number,), revision_out)


def fallback_of(request: Request) -> Owner:
    """Return the owner of the settings."""
    settings = request.app.state.resources.settings
    return fallback_owner(settings.owner_email, settings.owner_time_zone)


async def with_accounts(request: Request, tenant_id: str, owners: Owners) -> Owners:
    """Return the same with the accounts that its people have."""
    if not owners.people:
        return owners
    async with request.app.state.resources.common_database().snapshot(tenant_id) as common:
        known = await accounts.list_accounts(common, tenant_id)
    return owners.linked(
        {each.email: str(each.id) for each in known}, {each.email for each in known if not each.active}
    )


async def owner_of_facts(tx: Tx, tenant_id: str) -> OwnerOf:
    """Return what says who answers for what has some facts: only assignments count, and not the default owner."""
    owners = (await store.load(tx, [tenant_id]))[tenant_id]

    def owner_of(facts: Facts) -> str | None:
        found = owners.assignment(facts.subject, facts.source, facts.severity)
        return None if found is None else found.person.address

    return owner_of


async def _out(request: Request, tenant_id: str, revision: OwnersRevision | None, response: Response) -> OwnersOut:
    owners = await with_accounts(request, tenant_id, Owners() if revision is None else revision.owners)
    response.headers["ETag"] = f'"{owners.number}"'
    return owners_out(owners, fallback_of(request), revision)
