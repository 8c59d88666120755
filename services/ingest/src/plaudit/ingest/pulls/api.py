"""Pulls: give a source its credentials, see how far it is, and ask now."""

from typing import Final

from fastapi import APIRouter

from plaudit.common.http import Refusals, TenantTx, Work, conflict, describe, not_found, unprocessable
from plaudit.ingest.platforms import INTERFACES
from plaudit.ingest.platforms.interface import InvalidCredentialsError
from plaudit.ingest.pulls import commands, store
from plaudit.ingest.pulls.domain import NoInterfaceError, NothingHeldError
from plaudit.ingest.pulls.schemas import HELD_EXAMPLE, CredentialsIn, PullsOut, pulls_out
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.api import OpenedVault, SourceId, SourcesReader, SourcesWriter

PROBLEMS: Final = {
    "not-asked": "Reviews of this platform are not asked for, or the source has no credentials yet; the detail says.",
    "nothing-held": "No removals of the source are held; read its pulls again.",
    "invalid-credentials": "The credentials are not what the platform's interface needs; the detail names the field.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    NoInterfaceError: lambda error: conflict("not-asked", str(error)),
    NothingHeldError: lambda error: conflict("nothing-held", str(error)),
    InvalidCredentialsError: lambda error: unprocessable("invalid-credentials", str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["sources"])


@router.put(
    "/v1/sources/{source_id}/credentials",
    summary="Let a source be asked for reviews",
    openapi_extra=describe(problems={"not-asked": 409, "invalid-credentials": 422}),
)
async def set_source_credentials(
    principal: SourcesWriter, work: Work, source_id: SourceId, body: CredentialsIn, vault: OpenedVault
) -> PullsOut:
    """Set what the platform's interface is asked with. It is asked at once, for everything it has."""
    found = await commands.set_credentials(work, principal.tenant_id, source_id, body.credentials, INTERFACES, vault)
    if found is None:
        raise not_found("source")
    source, pull = found
    return pulls_out(source_id, source.platform, pull)


@router.get("/v1/sources/{source_id}/pulls", summary="See how far the pulls of a source are")
async def read_pulls(principal: SourcesReader, tx: TenantTx, source_id: SourceId, vault: OpenedVault) -> PullsOut:
    """Read when the source was asked last and is asked next, how far it is, and what went wrong."""
    source = await sources.get(tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    pull = await store.get(tx, principal.tenant_id, source_id)
    return pulls_out(source_id, source.platform, pull, is_asked=source.platform in INTERFACES)


@router.post(
    "/v1/sources/{source_id}/pull",
    status_code=202,
    summary="Ask a source now",
    openapi_extra=describe(problems={"not-asked": 409}),
)
async def pull_now(principal: SourcesWriter, work: Work, source_id: SourceId, vault: OpenedVault) -> PullsOut:
    """Ask the platform now, or as soon as it allows where it has asked to wait."""
    source = await sources.get(work.tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    pull = await commands.ask_now(work, principal.tenant_id, source_id)
    if pull is None:
        raise conflict("not-asked", "The source has no credentials yet: PUT /v1/sources/{source_id}/credentials.")
    return pulls_out(source_id, source.platform, pull)


@router.post(
    "/v1/sources/{source_id}/held-removals/apply",
    status_code=202,
    summary="Remove what complete lists lack",
    openapi_extra=describe(problems={"not-asked": 409, "nothing-held": 409}, answer={"held_removals": HELD_EXAMPLE}),
)
async def apply_held_removals(
    principal: SourcesWriter, work: Work, source_id: SourceId, vault: OpenedVault
) -> PullsOut:
    """Remove the reviews that are missing in complete lists and were held, since they are so many.

    It is done with the next run, which is due at once. A review that is listed again comes back.
    """
    source = await sources.get(work.tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    pull = await commands.allow_removals(work, principal.tenant_id, source_id, principal.actor)
    if pull is None:
        raise conflict("not-asked", "The source has no credentials yet: PUT /v1/sources/{source_id}/credentials.")
    return pulls_out(source_id, source.platform, pull)
