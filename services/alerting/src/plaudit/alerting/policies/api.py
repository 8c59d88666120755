"""HTTP: the policy in force, its revisions, previews, and what it does not cover."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from plaudit.alerting.policies import commands, store
from plaudit.alerting.policies.domain.coverage import OwnerOf
from plaudit.alerting.policies.domain.document import DocumentError, Format, WrongPolicyError
from plaudit.alerting.policies.domain.stored import (
    NAME_PATTERN,
    Activation,
    PolicyChangedError,
    PreviewRequiredError,
    TooManyRevisionsError,
    UnknownRevisionError,
    fingerprint_of,
    key_of,
)
from plaudit.alerting.policies.domain.words import changes
from plaudit.alerting.policies.schemas import (
    JSON_TYPE,
    YAML_TYPES,
    ActivationIn,
    ActivationOut,
    ComparedRevisionOut,
    CoverageOut,
    PolicyOut,
    PreviewOut,
    RevisionOut,
    RevisionSummaryOut,
    activation_out,
    compared_out,
    coverage_out,
    document_body,
    policy_out,
    preview_out,
    revision_out,
    summary_out,
)
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
    not_found,
    read_body,
    unprocessable,
)
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.problems import against_rule, bad_request, precondition_failed

OwnersOf = Callable[[Tx, str], Awaitable[OwnerOf]]
"""Of a tenant, what says who answers for what has some facts."""
REVISIONS: Final = "/v1/policies/revisions"
MAX_DOCUMENT_BYTES: Final = 256 * 1024

PROBLEMS: Final = {
    "wrong-policy": "The document is no policy, or its classes do not fit together; `errors` names each mistake with "
    "its place. Correct them.",
    "neither-json-nor-yaml": "The body is of a type that this address does not take. Send JSON or YAML, as "
    "`Content-Type` must say.",
    "preview-required": "A revision is put into force by the `fingerprint` of its preview, so that whoever does it has "
    "seen what it would have done. Preview it first, or say `skip_preview`.",
    "too-many-revisions": "The policy has as many revisions as it may. Ask whoever runs the installation.",
}
"""Slug → meaning and what to do."""


def wrong_document(slug: str, detail: str, errors: Iterable[DocumentError]) -> Problem:
    """Return the problem of a document with mistakes, each with its place."""
    named = [against_rule("body", each.pointer, each.code, detail_of(each)) for each in errors]
    return unprocessable(slug, f"{detail}; `errors` names each mistake.", named)


def _wrong_policy(error: WrongPolicyError) -> Problem:
    return wrong_document("wrong-policy", "The document is no policy, or its classes do not fit together", error.errors)


def _preview_required(error: PreviewRequiredError) -> Problem:
    return unprocessable("preview-required", str(error), [against_rule("body", "", "against_the_rules", error)])


REFUSALS: Final[Refusals] = {
    PreviewRequiredError: _preview_required,
    WrongPolicyError: _wrong_policy,
    UnknownRevisionError: lambda _: not_found("revision"),
    PolicyChangedError: lambda error: precondition_failed(str(error)),
    TooManyRevisionsError: lambda error: conflict("too-many-revisions", str(error)),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["policies"])
Reader = Annotated[Principal, Depends(authorize("clocks:read"))]
Writer = Annotated[Principal, Depends(authorize("policies:write"))]
IfMatch = Annotated[str | None, Header(description="Do it only if the policy's entity tag is still one of these.")]
RevisionName = Annotated[
    str, Path(pattern=NAME_PATTERN, description="The number of a revision, or `shipped`.", examples=["1"])
]


@router.get(
    "/v1/policies",
    summary="Read the policy in force",
    openapi_extra=describe(headers=("ETag",), answer={"is_in_force": True}),
)
async def read_policy(principal: Reader, tx: TenantTx, response: Response) -> PolicyOut:
    """Read the policy that new clocks are pinned to. It is the shipped one until another is put into force."""
    in_force = await store.in_force(tx, principal.tenant_id)
    response.headers["ETag"] = _etag(in_force)
    return policy_out(await store.get(tx, principal.tenant_id, in_force.key), in_force)


@router.get("/v1/policies/activations", summary="List what was put into force")
async def list_policy_activations(principal: Reader, tx: TenantTx, paging: Paging) -> Page[ActivationOut]:
    """List which revision was put into force, when and by whom, the latest first."""
    after = paging.after(tuple[int])
    found = await store.activations(tx, principal.tenant_id, after[0] if after else None, paging.rows)
    return paging.page(found, lambda each: (each.id,), activation_out)


@router.get(REVISIONS, summary="List revisions of the policy")
async def list_policy_revisions(principal: Reader, tx: TenantTx, paging: Paging) -> Page[RevisionSummaryOut]:
    """List the revisions that were saved, the newest first. The shipped one is not among them."""
    in_force = await store.in_force(tx, principal.tenant_id)
    after = paging.after(tuple[int])
    found = await store.revisions(tx, principal.tenant_id, after[0] if after else None, paging.rows)
    return paging.page(found, lambda each: (each.policy.number,), lambda each: summary_out(each, in_force))


@router.post(
    REVISIONS,
    status_code=201,
    summary="Save a revision of the policy",
    openapi_extra={
        **describe(
            problems={"wrong-policy": 422, "neither-json-nor-yaml": 415, "too-many-revisions": 409},
            headers=("Location",),
        ),
        **document_body(),
    },
)
async def save_policy_revision(request: Request, principal: Writer, work: Work, response: Response) -> RevisionOut:
    """Save a policy as the next revision, in JSON or YAML as `Content-Type` says. It is not put into force.

    The same document as that of the newest revision makes no new one.
    """
    document, written = await read_text(request)
    calendars = await store.calendars_of(work.tx, principal.tenant_id)
    saved = await commands.save_draft(work.tx, principal.tenant_id, document, written, principal.actor, calendars)
    response.headers["Location"] = f"{REVISIONS}/{saved.key.name}"
    return revision_out(saved, await store.in_force(work.tx, principal.tenant_id))


@router.get(
    f"{REVISIONS}/{{revision}}",
    summary="Read a revision of the policy",
    openapi_extra=describe(problems={"not-found": 404}),
)
async def read_policy_revision(
    principal: Reader,
    tx: TenantTx,
    revision: RevisionName,
    compared_with: Annotated[
        str | None,
        Query(pattern=NAME_PATTERN, description="Say what it differs in from this revision.", examples=["shipped"]),
    ] = None,
) -> ComparedRevisionOut:
    """Read a revision with its document, and if asked what it differs in from another one, in words."""
    found = await store.get(tx, principal.tenant_id, key_of(revision))
    other = None if compared_with is None else await store.get(tx, principal.tenant_id, key_of(compared_with))
    in_force = await store.in_force(tx, principal.tenant_id)
    return compared_out(found, in_force, other)


@router.post(
    f"{REVISIONS}/{{revision}}/preview",
    summary="Preview a revision of the policy",
    openapi_extra=describe(problems={"not-found": 404, "wrong-policy": 422}),
)
async def preview_policy_revision(principal: Reader, tx: TenantTx, revision: RevisionName) -> PreviewOut:
    """Show what the revision would have done with the reviews of the last 30 days. Nothing is stored or started.

    Its `fingerprint` lets it be activated. Of each class it says how many clocks would have started, and how many of
    them late. It goes by reviews as they stand now: a rating that was lowered meanwhile counts from the publication.
    """
    found = await store.get(tx, principal.tenant_id, key_of(revision))
    in_force = await store.in_force(tx, principal.tenant_id)
    current = await store.get(tx, principal.tenant_id, in_force.key)
    fingerprint = fingerprint_of(found, in_force, await store.calendars_of(tx, principal.tenant_id))
    previewed = await store.preview_of(tx, principal.tenant_id, found)
    return preview_out(previewed, changes(current.policy, found.policy), fingerprint)


@router.post(
    f"{REVISIONS}/{{revision}}/activate",
    summary="Put a revision of the policy into force",
    openapi_extra=describe(
        problems={"not-found": 404, "wrong-policy": 422, "preview-required": 422},
        headers=("ETag",),
        answer={"is_in_force": True},
    ),
)
async def activate_policy_revision(
    principal: Writer,
    work: Work,
    revision: RevisionName,
    response: Response,
    asked: ActivationIn,
    if_match: IfMatch = None,
) -> PolicyOut:
    """Put a revision into force: clocks that start from now on are pinned to it. Those that run stay as they are.

    Name the preview that you looked at by its `fingerprint`; without one, say `skip_preview`.
    """
    if asked.fingerprint is None and not asked.skip_preview:
        raise PreviewRequiredError(
            f"Send the `fingerprint` that `POST {REVISIONS}/{revision}/preview` answers, or `skip_preview: true` to do "
            "without."
        )
    calendars = await store.calendars_of(work.tx, principal.tenant_id)
    activated = await commands.activate(
        work.tx,
        principal.tenant_id,
        key_of(revision),
        principal.actor,
        calendars,
        expected=revisions_of(if_match),
        previewed=asked.fingerprint,
    )
    response.headers["ETag"] = _etag(activated)
    return policy_out(await store.get(work.tx, principal.tenant_id, activated.key), activated)


def covering(owners: OwnersOf) -> APIRouter:
    """Return the endpoint of what nobody catches; `owners` finds who answers for what has some facts."""
    coverage = APIRouter(tags=["policies"])

    @coverage.get("/v1/coverage", summary="Read what nobody catches")
    async def read_coverage(principal: Reader, tx: TenantTx) -> CoverageOut:
        """List each subject, source and severity of the last 90 days of which a review has no class or no owner.

        A class is one for a first answer, by the policy in force. Only an assignment gives an owner: what is left to
        the default owner is listed. Answers to surveys are left out: nobody can answer them in public.
        """
        found = await store.coverage_of(tx, principal.tenant_id, await owners(tx, principal.tenant_id))
        return coverage_out(found)

    return coverage


async def read_text(request: Request, max_bytes: int = MAX_DOCUMENT_BYTES) -> tuple[str, Format]:
    """Return a body that is JSON or YAML as its `Content-Type` says, and which of them.

    Raises:
        Problem: it is of another type, or not UTF-8.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON_TYPE and kind not in YAML_TYPES:
        raise Problem(
            "neither-json-nor-yaml",
            415,
            "Only JSON and YAML are taken",
            f"Send the body with `Content-Type: {JSON_TYPE}` or `Content-Type: {YAML_TYPES[0]}`.",
        )
    body = await read_body(request, max_bytes)
    try:
        return body.decode(), Format.JSON if kind == JSON_TYPE else Format.YAML
    except UnicodeDecodeError:
        raise bad_request("unreadable-text", "The body is not UTF-8.") from None


def detail_of(error: DocumentError) -> str:
    """Return a mistake in words, with its line where that is known."""
    return error.detail if error.line is None else f"line {error.line}: {error.detail}"


def _etag(in_force: Activation) -> str:
    return f'"{in_force.id}"'
