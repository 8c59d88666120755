"""The console's pages of policies: the one in force in words, its revisions, a preview, and what nobody catches."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.alerting.policies import commands, store
from plaudit.alerting.policies.api import MAX_DOCUMENT_BYTES, OwnersOf
from plaudit.alerting.policies.domain.conditions import stars
from plaudit.alerting.policies.domain.document import DocumentError, Format, WrongPolicyError
from plaudit.alerting.policies.domain.metrics import METRICS, Metric
from plaudit.alerting.policies.domain.stored import (
    OWN_ID,
    Activation,
    PolicyChangedError,
    StoredRevision,
    TooManyRevisionsError,
    fingerprint_of,
    key_of,
)
from plaudit.alerting.policies.domain.words import ClassInWords, changes
from plaudit.alerting.policies.schemas import in_words
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.http.limits import form_bytes
from plaudit.common.people.naming import namer
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, done, staff

POLICIES: Final = "/console/policies"
REVISIONS: Final = f"{POLICIES}/revisions"
COVERAGE: Final = f"{POLICIES}/coverage"
BODY_LIMITS: Final = {POLICIES: form_bytes(MAX_DOCUMENT_BYTES)}
REVIEWS: Final = "/console/reviews"
OWNERS: Final = "/console/owners"
ROWS: Final = 20
_LOOKS: Final = {"drastic": "bad", "negative": "warn", "normal": "quiet"}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.policies")
Reader = Annotated[Principal, Depends(staff("clocks:read"))]
Writer = Annotated[Principal, Depends(staff("policies:write"))]


@router.get(POLICIES)
async def show_policy(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show the policy in force in words, and its revisions."""
    return await _policy_page(request, principal, tx, cursor=cursor)


@router.post(POLICIES)
async def save_revision(
    request: Request, principal: Writer, work: Work, document: Annotated[str, Form()] = ""
) -> Response:
    """Save a document as the next revision, and lead to it; it is not put into force."""
    text = document.replace("\r\n", "\n")
    calendars = await store.calendars_of(work.tx, principal.tenant_id)
    try:
        saved = await commands.save_draft(work.tx, principal.tenant_id, text, Format.YAML, principal.actor, calendars)
    except WrongPolicyError as error:
        return await _policy_page(request, principal, work.tx, typed=text, mistakes=error.errors)
    except TooManyRevisionsError as error:
        return done(request, POLICIES, sentence(error), is_good=False)
    return done(
        request, f"{REVISIONS}/{saved.key.name}", f"Revision {saved.key.name} is saved. It is not in force yet."
    )


@router.get(f"{REVISIONS}/{{revision}}")
async def show_revision(request: Request, principal: Reader, tx: TenantTx, revision: str) -> Response:
    """Show a revision in words, what it differs in from the one in force, and what it would have done."""
    found = await store.get(tx, principal.tenant_id, key_of(revision))
    in_force = await store.in_force(tx, principal.tenant_id)
    current = await store.get(tx, principal.tenant_id, in_force.key)
    fingerprint = fingerprint_of(found, in_force, await store.calendars_of(tx, principal.tenant_id))
    previewed = await store.preview_of(tx, principal.tenant_id, found)
    title = "Shipped policy" if found.key.policy_id != OWN_ID else f"Revision {found.key.name}"
    return await console.response(
        request,
        principal,
        tx,
        "revision.html",
        further=(title,),
        title=title,
        found=found,
        name_of=await namer(request.app.state.resources.common_database(), principal.tenant_id, [found.saved_by or ""]),
        rows=_rows(found),
        in_force=in_force,
        is_in_force=found.key == in_force.key,
        changes=changes(current.policy, found.policy),
        preview=previewed,
        fingerprint=fingerprint,
        metrics={metric.value: rules.title for metric, rules in METRICS.items()},
        stars=stars,
        path=f"{REVISIONS}/{found.key.name}",
        policies_path=POLICIES,
        reviews_path=REVIEWS,
        may_write=principal.may("policies:write"),
    )


@router.post(f"{REVISIONS}/{{revision}}/activate")
async def activate_revision(
    request: Request,
    principal: Writer,
    work: Work,
    revision: str,
    seen: Annotated[str, Form()] = "",
    fingerprint: Annotated[str, Form()] = "",
) -> Response:
    """Put a revision into force, if what whoever asks has seen is still in force, and its preview the same."""
    calendars = await store.calendars_of(work.tx, principal.tenant_id)
    expected = {int(seen)} if seen.isascii() and seen.isdigit() and len(seen) < 19 else set()
    try:
        await commands.activate(
            work.tx,
            principal.tenant_id,
            key_of(revision),
            principal.actor,
            calendars,
            expected=expected,
            previewed=fingerprint,
        )
    except (PolicyChangedError, WrongPolicyError) as error:
        return done(request, f"{REVISIONS}/{revision}", sentence(error), is_good=False)
    return done(request, POLICIES, "It is in force: clocks that start from now on go by it. Those that run stay.")


def covering(owners: OwnersOf) -> APIRouter:
    """Return the page of what nobody catches; `owners` finds who answers for what has some facts."""
    pages = APIRouter(include_in_schema=False)

    @pages.get(COVERAGE)
    async def show_coverage(request: Request, principal: Reader, tx: TenantTx) -> Response:
        """Show each subject, source and severity of which a review has no class or no owner."""
        return await console.response(
            request,
            principal,
            tx,
            "coverage.html",
            further=("Coverage",),
            coverage=await store.coverage_of(tx, principal.tenant_id, await owners(tx, principal.tenant_id)),
            looks=_LOOKS,
            policies_path=POLICIES,
            owners_path=OWNERS,
            reviews_path=REVIEWS,
        )

    return pages


async def _policy_page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    *,
    typed: str | None = None,
    mistakes: Sequence[DocumentError] = (),
    cursor: str | None = None,
) -> Response:
    tenant_id = principal.tenant_id
    in_force = await store.in_force(tx, tenant_id)
    current = await store.get(tx, tenant_id, in_force.key)
    before = decode_cursor(cursor, tuple[int], of=POLICIES)[0] if cursor else None
    found = await store.revisions(tx, tenant_id, before, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.policy.number,), of=POLICIES)
    activations = await store.activations(tx, tenant_id, None, ROWS)
    actors = [in_force.activated_by, *(each.saved_by for each in listed), *(each.activated_by for each in activations)]
    return await console.response(
        request,
        principal,
        tx,
        "policies.html",
        status=422 if mistakes else 200,
        current=current,
        in_force=in_force,
        rows=_rows(current),
        revisions=listed,
        activations=[_activation(each) for each in activations],
        name_of=await namer(request.app.state.resources.common_database(), tenant_id, [each or "" for each in actors]),
        next=following,
        is_first=cursor is None,
        typed=current.document if typed is None else typed,
        mistakes=mistakes,
        path=POLICIES,
        revisions_path=REVISIONS,
        coverage_path=COVERAGE,
        may_write=principal.may("policies:write"),
    )


def _rows(revision: StoredRevision) -> list[tuple[str, str, list[ClassInWords]]]:
    """Return the classes in words, under the metric that each is for: title, what it measures, classes."""
    words = list(zip(revision.policy.classes, in_words(revision), strict=True))
    found = [
        (METRICS[metric].title, METRICS[metric].what_for, [row for each, row in words if each.metric is metric])
        for metric in Metric
    ]
    return [table for table in found if table[2]]


def _activation(each: Activation) -> dict[str, Any]:
    return {"name": each.key.name, "at": each.activated_at, "by": each.activated_by}
