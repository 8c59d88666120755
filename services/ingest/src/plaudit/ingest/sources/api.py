"""Sources: create one, and post to its hook with the secret that comes back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request

from plaudit.common.db import SqlTx
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    TenantTx,
    Work,
    authorize,
    describe,
    not_found,
    unprocessable,
)
from plaudit.common.http.problems import ProblemError
from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.common.vault import Vault
from plaudit.ingest.sources import commands, store
from plaudit.ingest.sources.domain import (
    InvalidMappingError,
    InvalidSourceError,
    ProofOf,
    Source,
    UnknownPlatformError,
    UnsignedPlatformError,
)
from plaudit.ingest.sources.schemas import (
    MappingOut,
    SecretsIn,
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
}
"""What the domain refuses → its problem."""


def platform_proofs(request: Request) -> Mapping[str, ProofOf]:
    """Return how each platform that has an adapter proves its deliveries; `main` says so."""
    proofs: Mapping[str, ProofOf] = request.app.state.platform_proofs
    return proofs


def opened_vault(request: Request) -> Vault:
    """Return what encrypts secrets and addresses; `main` opens it."""
    vault: Vault = request.app.state.vault
    return vault


router = APIRouter(tags=["sources"])
SourcesReader = Annotated[Principal, Depends(authorize("sources:read"))]
SourcesWriter = Annotated[Principal, Depends(authorize("sources:write"))]
SourceId = Annotated[UUID, Path(description="The source's id.")]
PlatformProofs = Annotated[Mapping[str, ProofOf], Depends(platform_proofs)]
OpenedVault = Annotated[Vault, Depends(opened_vault)]


@router.post(
    "/v1/sources",
    status_code=201,
    summary="Create a source",
    openapi_extra=describe(problems={"unknown-platform": 422, "invalid-source": 422, "invalid-mapping": 422}),
)
async def create_source(
    principal: SourcesWriter, work: Work, body: SourceIn, proofs: PlatformProofs, vault: OpenedVault
) -> SourceWithSecretOut:
    """Create a source. Its secret signs deliveries at once; a platform that signs none gets a secret address."""
    wanted = body.model_dump(exclude={"mapping"})
    mapping = None if body.mapping is None else body.mapping.written()
    source = await commands.create(work, principal.tenant_id, **wanted, mapping=mapping, proofs=proofs, vault=vault)
    return source_with_secret_out(source)


@router.get("/v1/sources", summary="List sources")
async def list_sources(principal: SourcesReader, tx: TenantTx, paging: Paging, vault: OpenedVault) -> Page[SourceOut]:
    """List sources, oldest first, without their secrets."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows, vault)
    return paging.page(found, lambda source: (source.created_at, UUID(source.id)), source_out)


@router.get("/v1/sources/{source_id}", summary="Read a source")
async def read_source(principal: SourcesReader, tx: TenantTx, source_id: SourceId, vault: OpenedVault) -> SourceOut:
    """Read a source, without its secret."""
    return source_out(await _get(tx, principal, source_id, vault))


@router.get("/v1/sources/{source_id}/secret", summary="Reveal a source's secret")
async def reveal_secret(
    principal: SourcesWriter, tx: TenantTx, source_id: SourceId, vault: OpenedVault
) -> SourceWithSecretOut:
    """Read a source with its secret, and with the secret address where the platform signs nothing."""
    return source_with_secret_out(await _get(tx, principal, source_id, vault))


@router.put(
    "/v1/sources/{source_id}/secrets",
    summary="Replace a source's secrets",
    openapi_extra=describe(problems={"invalid-source": 422}),
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
    source = await commands.set_secrets(work, principal.tenant_id, source_id, body.secrets, proofs, vault)
    if source is None:
        raise not_found("source")
    return source_out(source)


@router.put(
    "/v1/sources/{source_id}/mapping",
    summary="Replace a source's mapping",
    openapi_extra=describe(problems={"invalid-mapping": 422, "invalid-source": 422}),
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
    source = await commands.set_mapping(work, tenant_id, source_id, mapping, proofs, vault)
    if source is None:
        raise not_found("source")
    return mapping_out(source)


async def _get(tx: SqlTx, principal: Principal, source_id: UUID, vault: Vault) -> Source:
    source = await store.get(tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    return source
