"""The test console in the API: what would become of a delivery."""

import time
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Path, Request

from plaudit.common.http import Principal, TenantTx, authorize, describe, not_found, resources
from plaudit.common.settings import address_of
from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.ingest.deliveries.store import keyed_source
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.test_console import commands
from plaudit.ingest.test_console.schemas import TrialIn, TrialOut, trial_out

router = APIRouter(tags=["sources"])
Tester = Annotated[Principal, Depends(authorize("sources:write"))]
SourceId = Annotated[UUID, Path(description="The source's id.")]


@router.post(
    "/v1/sources/{source_id}/test",
    summary="Try a delivery out",
    openapi_extra=describe(problems={"secret-unreadable": 409}),
)
async def try_delivery(
    request: Request, principal: Tester, tx: TenantTx, source_id: SourceId, vault: OpenedVault, body: TrialIn
) -> TrialOut:
    """Show what would become of a delivery, step by step: its proof, what is signed, and the reviews that come out.

    Nothing is stored. Whoever may do this learns signatures that fit, as whoever may read the source's secret does.
    """
    source = await keyed_source(tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    content, now = body.content, time.time()
    headers = {name.lower(): value for name, value in body.headers.items()}
    if body.sign:
        headers |= signed(source, content, now)
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    token = source.path_token if body.sign and body.token is None else body.token
    address = address_of((await resources(request)).settings)
    return trial_out(await commands.try_out(tx, source, raw, content, now, token, address), headers)


def signed(source: KeyedSource, body: bytes, now: float) -> dict[str, str]:
    """Return the headers of a delivery that is signed as its platform does; none where only the sender can sign."""
    proof = ADAPTERS[source.platform].of(source.mapping).proof
    try:
        return proof.sign(proof.signing_key(source.proving[0]), body, f"test_{uuid4().hex}", now)
    except InvalidSecretError:
        return {}
