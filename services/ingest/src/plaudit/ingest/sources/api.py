"""Sources: create one, and post to its hook with the secret that comes back."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import (
    IdempotencyKeyHeader,
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
    unprocessable,
)
from plaudit.common.http.headers import is_none_match, strong_tags
from plaudit.common.http.problems import ProblemError, precondition_failed
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.common.vault import Vault
from plaudit.ingest.sources import commands, store
from plaudit.ingest.sources.domain import (
    ChangedInBetweenError,
    InvalidMappingError,
    InvalidSourceError,
    ProofByMapping,
    Source,
    TooManySecretsError,
    UnknownPlatformError,
    UnknownSourceError,
    UnopenedSecretError,
    UnsignedPlatformError,
)
from plaudit.ingest.sources.schemas import (
    MappingOut,
    RotationIn,
    SecretsIn,
    SourceChangesIn,
    SourceIn,
    SourceMappingIn,
    SourceOut,
    SourceWithSecretOut,
    mapping_out,
    source_out,
    source_with_secret_out,
)

PROBLEMS: Final = {
    "unknown-platform": "There is no adapter for this platform. Use one that the detail names; `native` is our own.",
    "invalid-source": "A secret, an address or a time zone is none; the detail says which and why.",
    "invalid-mapping": "The mapping of a custom source cannot be; `errors` names each member that is wrong.",
    "too-many-secrets": (
        "Three secrets count for the source at present. Wait until one ends, or rotate with `overlap_seconds` 0, which "
        "ends all older ones at once."
    ),
    "secret-unreadable": (
        "The secret of the source cannot be decrypted, and is needed for this. Whoever runs Plaudit can bring back the "
        "key of the vault; otherwise rotate the secret (`POST /v1/sources/{source_id}/secret/rotate`), which ends the "
        "older ones. All else of the source can be read and changed meanwhile."
    ),
}
"""Slug → what it means and what to do."""


def invalid_mapping(error: InvalidMappingError) -> Problem:
    """Return the answer to a mapping that cannot be."""
    errors = [
        ProblemError("body", f"/mapping{member.pointer}", "invalid_mapping", member.reason) for member in error.members
    ]
    return unprocessable("invalid-mapping", str(error), errors)


REFUSALS: Final[Refusals] = {
    UnknownPlatformError: lambda error: unprocessable("unknown-platform", str(error)),
    UnsignedPlatformError: lambda error: unprocessable("invalid-source", str(error)),
    InvalidSourceError: lambda error: unprocessable("invalid-source", str(error)),
    InvalidMappingError: invalid_mapping,
    InvalidSecretError: lambda error: unprocessable("invalid-source", str(error)),
    UnknownSourceError: lambda _: not_found("source"),
    ChangedInBetweenError: lambda error: precondition_failed(str(error)),
    TooManySecretsError: lambda error: conflict("too-many-secrets", str(error)),
    UnopenedSecretError: lambda error: conflict("secret-unreadable", str(error)),
}
"""What the domain refuses → its problem."""
_ETAG: Final = re.compile(r'"([0-9]{1,10})"')


async def platform_proofs(request: Request) -> Mapping[str, ProofByMapping]:
    """Return how each platform that has an adapter proves its deliveries; `main` says so."""
    proofs: Mapping[str, ProofByMapping] = request.app.state.platform_proofs
    return proofs


async def opened_vault(request: Request) -> Vault:
    """Return what encrypts secrets and addresses; `main` opens it."""
    vault: Vault = request.app.state.vault
    return vault


router = APIRouter(tags=["sources"])
SourcesReader = Annotated[Principal, Depends(authorize("sources:read"))]
SourcesWriter = Annotated[Principal, Depends(authorize("sources:write"))]
SourceId = Annotated[UUID, Path(description="The source's id.")]
PlatformProofs = Annotated[Mapping[str, ProofByMapping], Depends(platform_proofs)]
OpenedVault = Annotated[Vault, Depends(opened_vault)]
IfMatch = Annotated[str | None, Header(description="Do it only if the source's entity tag is still one of these.")]


@router.post(
    "/v1/sources",
    status_code=201,
    summary="Create a source",
    openapi_extra=describe(
        problems={
            "unknown-platform": 422,
            "invalid-source": 422,
            "invalid-mapping": 422,
            "not-found": 404,
            "secret-unreadable": 409,
        },
        headers=("Location", "ETag", "Idempotent-Replayed"),
    ),
)
async def create_source(
    principal: SourcesWriter,
    work: Work,
    body: SourceIn,
    response: Response,
    proofs: PlatformProofs,
    vault: OpenedVault,
    idempotency_key: IdempotencyKeyHeader,
) -> SourceWithSecretOut:
    """Create a source. Its secret signs deliveries at once; a platform that signs none gets a secret address.

    Sent again under its Idempotency-Key, the answer is the source that it made, as it is now; 404 if that is deleted.
    """
    tenant_id = principal.tenant_id
    key = None if idempotency_key is None else _idempotency_key(idempotency_key, body)
    source = None if key is None else await commands.find_made(work.tx, tenant_id, key, vault)
    if source is not None:
        response.headers["Idempotent-Replayed"] = "true"
    else:
        wanted = body.model_dump(exclude={"mapping"})
        mapping = None if body.mapping is None else body.mapping.written()
        source = await commands.create(work, tenant_id, **wanted, mapping=mapping, proofs=proofs, vault=vault)
        if key is not None:
            await commands.keep_made(work.tx, tenant_id, key, source)
    response.headers["Location"] = f"/v1/sources/{source.id}"
    response.headers["ETag"] = _etag(source)
    return source_with_secret_out(source)


@router.get("/v1/sources", summary="List sources")
async def list_sources(principal: SourcesReader, tx: TenantTx, paging: Paging, vault: OpenedVault) -> Page[SourceOut]:
    """List sources, oldest first, without their secrets."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows, vault)
    return paging.page(found, lambda source: (source.created_at, UUID(source.id)), source_out)


@router.get(
    "/v1/sources/{source_id}",
    response_model=SourceOut,
    responses={304: {"description": "It has not changed."}},
    summary="Read a source",
    openapi_extra=describe(headers=("ETag",)),
)
async def read_source(
    principal: SourcesReader,
    tx: TenantTx,
    source_id: SourceId,
    response: Response,
    vault: OpenedVault,
    if_none_match: Annotated[
        str | None, Header(description="Answer 304 while the source's entity tag is one of these.")
    ] = None,
) -> Any:
    """Read a source, without its secret.

    There is no entity tag while its secret cannot be decrypted: the revision does not say when that ends.
    """
    source = await _get(tx, principal, source_id, vault)
    if source.is_unopened:
        return source_out(source)
    response.headers["ETag"] = _etag(source)
    if if_none_match is not None and not is_none_match(if_none_match, _etag(source)):
        return Response(status_code=304, headers={"ETag": _etag(source)})
    return source_out(source)


@router.patch(
    "/v1/sources/{source_id}",
    summary="Change a source",
    openapi_extra=describe(
        problems={"invalid-source": 422},
        headers=("ETag",),
        answer={"revision": 2, "subject": "acme/hamburg", "paused_at": "2026-03-01T09:00:00Z"},
    ),
)
async def change_source(
    principal: SourcesWriter,
    work: Work,
    source_id: SourceId,
    body: SourceChangesIn,
    response: Response,
    vault: OpenedVault,
    if_match: IfMatch = None,
) -> SourceOut:
    """Rename a source, pause or resume it, or change what it takes. Its new reviews go to another subject.

    It takes effect within five seconds.
    """
    changes = body.model_dump(exclude_unset=True)
    expected = _revisions(if_match)
    source = await commands.edit(work, principal.tenant_id, source_id, changes, vault, expected=expected)
    if not source.is_unopened:
        response.headers["ETag"] = _etag(source)
    return source_out(source)


@router.delete("/v1/sources/{source_id}", status_code=204, summary="Delete a source")
async def delete_source(
    principal: SourcesWriter, work: Work, source_id: SourceId, vault: OpenedVault, if_match: IfMatch = None
) -> None:
    """Delete a source: within five seconds, its address is none any more. Its reviews and deliveries stay."""
    await commands.delete(work, principal.tenant_id, source_id, vault, expected=_revisions(if_match))


@router.get(
    "/v1/sources/{source_id}/secret",
    summary="Reveal a source's secret",
    openapi_extra=describe(problems={"secret-unreadable": 409}),
)
async def reveal_secret(
    principal: SourcesWriter, tx: TenantTx, source_id: SourceId, vault: OpenedVault
) -> SourceWithSecretOut:
    """Read a source with its secret, and with the secret address where the platform signs nothing."""
    return source_with_secret_out(await _get(tx, principal, source_id, vault))


@router.post(
    "/v1/sources/{source_id}/secret/rotate",
    summary="Rotate a source's secret",
    openapi_extra=describe(
        problems={"invalid-source": 422, "too-many-secrets": 409},
        headers=("ETag",),
        answer={"revision": 2, "more_secrets_until": ["2026-03-02T09:00:00Z"]},
    ),
)
async def rotate_secret(
    principal: SourcesWriter,
    work: Work,
    source_id: SourceId,
    body: RotationIn,
    response: Response,
    proofs: PlatformProofs,
    vault: OpenedVault,
    if_match: IfMatch = None,
) -> SourceWithSecretOut:
    """Give a source another secret, or another address where its platform signs nothing. Both count for a while.

    Older ones that cannot be decrypted end at once.
    """
    source = await commands.rotate(
        work,
        principal.tenant_id,
        source_id,
        proofs=proofs,
        vault=vault,
        secret=body.secret,
        overlap=timedelta(seconds=body.overlap_seconds),
        expected=_revisions(if_match),
    )
    response.headers["ETag"] = _etag(source)
    return source_with_secret_out(source)


@router.put(
    "/v1/sources/{source_id}/secrets",
    summary="Replace a source's secrets",
    openapi_extra=describe(problems={"invalid-source": 422}, answer={"revision": 2}),
)
async def replace_secrets(
    principal: SourcesWriter,
    work: Work,
    source_id: SourceId,
    body: SecretsIn,
    proofs: PlatformProofs,
    vault: OpenedVault,
) -> SourceOut:
    """Set the secrets that count, for a platform that issued its own, or while one is replaced by another."""
    return source_out(await commands.set_secrets(work, principal.tenant_id, source_id, body.secrets, proofs, vault))


@router.put(
    "/v1/sources/{source_id}/mapping",
    summary="Replace a source's mapping",
    openapi_extra=describe(problems={"invalid-mapping": 422, "invalid-source": 422, "secret-unreadable": 409}),
)
async def replace_mapping(
    principal: SourcesWriter,
    work: Work,
    source_id: SourceId,
    body: SourceMappingIn,
    proofs: PlatformProofs,
    vault: OpenedVault,
) -> MappingOut:
    """Set what stands where in the payloads of a custom source; it counts for deliveries from some seconds on.

    Where the new mapping proves deliveries by the address, that changes too: reveal the secret to see it.
    """
    tenant_id, mapping = principal.tenant_id, body.mapping.written()
    return mapping_out(await commands.set_mapping(work, tenant_id, source_id, mapping, proofs, vault))


async def _get(tx: SqlTx, principal: Principal, source_id: UUID, vault: Vault) -> Source:
    source = await store.get(tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    return source


def _idempotency_key(text: str, body: SourceIn) -> IdempotencyKey:
    wanted = body.model_dump_json().encode()
    return IdempotencyKey(f"api:{text}", sha256(b"POST /v1/sources\n" + wanted).digest())


def _etag(source: Source) -> str:
    return f'"{source.revision}"'


def _revisions(if_match: str | None) -> Collection[int] | None:
    tags = None if if_match is None else strong_tags(if_match)
    return None if tags is None else {int(match[1]) for match in map(_ETAG.fullmatch, tags) if match}
