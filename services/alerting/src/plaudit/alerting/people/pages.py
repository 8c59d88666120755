"""The console's page of owners: who answers for what, who is told after them, and the document that says so."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.alerting.people import commands, store
from plaudit.alerting.people.api import fallback_of, with_accounts
from plaudit.alerting.people.domain import Owners, chain_of, people_in_words
from plaudit.alerting.people.domain.document import WrongOwnersError
from plaudit.alerting.people.domain.stored import OwnersChangedError, TooManyRevisionsError
from plaudit.alerting.people.schemas import EXAMPLE_YAML
from plaudit.alerting.policies.api import MAX_DOCUMENT_BYTES
from plaudit.alerting.policies.domain.document import DocumentError, Format
from plaudit.common.db import Tx
from plaudit.common.http import Principal, TenantTx, Work
from plaudit.common.http.limits import form_bytes
from plaudit.common.people.naming import namer
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, done, staff

OWNERS: Final = "/console/owners"
BODY_LIMITS: Final = {OWNERS: form_bytes(MAX_DOCUMENT_BYTES)}
COVERAGE: Final = "/console/policies/coverage"
SHOWN_REVISIONS: Final = 10

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.people")
Reader = Annotated[Principal, Depends(staff("clocks:read"))]
Writer = Annotated[Principal, Depends(staff("policies:write"))]


@router.get(OWNERS)
async def show_owners(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show who answers for what, and the document."""
    return await _page(request, principal, tx)


@router.post(OWNERS)
async def save_owners(
    request: Request,
    principal: Writer,
    work: Work,
    document: Annotated[str, Form()] = "",
    number: Annotated[str, Form()] = "",
) -> Response:
    """Put a document in force; what is wrong with it is shown at its place."""
    text = document.replace("\r\n", "\n")
    expected = {int(number)} if number.isascii() and number.isdigit() and len(number) < 10 else set()
    try:
        saved = await commands.save(work.tx, principal.tenant_id, text, Format.YAML, principal.actor, expected=expected)
    except WrongOwnersError as error:
        return await _page(request, principal, work.tx, text, error.errors)
    except (OwnersChangedError, TooManyRevisionsError) as error:
        return done(request, OWNERS, sentence(error), is_good=False)
    return done(request, OWNERS, f"Revision {saved.owners.number} is in force. Alerts from now on go by it.")


async def _page(
    request: Request,
    principal: Principal,
    tx: Tx,
    typed: str | None = None,
    mistakes: tuple[DocumentError, ...] = (),
) -> Response:
    tenant_id = principal.tenant_id
    history = await store.revisions(tx, tenant_id, SHOWN_REVISIONS)
    owners = await with_accounts(request, tenant_id, history[0].owners if history else Owners())
    fallback = fallback_of(request)
    written = history[0].document if history else EXAMPLE_YAML
    return await console.response(
        request,
        principal,
        tx,
        "owners.html",
        status=422 if mistakes else 200,
        owners=owners,
        default=owners.present.default_owner(fallback),
        chains={each.name: people_in_words(chain_of(fallback, each), fallback) for each in owners.escalations},
        history=history,
        name_of=await namer(
            request.app.state.resources.common_database(), tenant_id, [each.saved_by for each in history]
        ),
        typed=written if typed is None else typed,
        mistakes=mistakes,
        may_write=principal.may("policies:write"),
        path=OWNERS,
        coverage_path=COVERAGE,
    )
