"""The settings of a source: its words, its pause, its secret and its end."""

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import ValidationError
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, Typed, done
from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.ingest.sources import commands
from plaudit.ingest.sources.api import OpenedVault, PlatformProofs
from plaudit.ingest.sources.domain import (
    ChangedInBetweenError,
    InvalidSourceError,
    Source,
    TooManySecretsError,
    UnsignedPlatformError,
)
from plaudit.ingest.sources.pages.shared import (
    LABELS,
    PROBLEMS,
    SOURCES,
    Writer,
    console,
    crumb_of,
    errors_of,
    hook_of,
    lines_of,
    platforms_of,
    setting_errors,
    source_of,
)
from plaudit.ingest.sources.schemas import SourceChangesIn

OVERLAPS: Final = {
    "0": "ends at once",
    "1": "counts for an hour more",
    "24": "counts for a day more",
    "168": "counts for 7 days more",
    "720": "counts for 30 days more",
}
"""For how many hours an old secret may count too."""
DEFAULT_OVERLAP: Final = "24"
OLD_FORM: Final = "The source was changed after this page was shown. Nothing was changed; look, and try again."
MAX_TYPED_CHARS: Final = 10_000

router = APIRouter()
TypedText = Annotated[str, Form(max_length=MAX_TYPED_CHARS)]
Seen = Annotated[str, Form(max_length=20)]
"""The revision that a form was shown for."""


@router.get(f"{SOURCES}/{{source_id}}/settings")
async def show_settings(
    request: Request, principal: Writer, tx: TenantTx, source_id: UUID, vault: OpenedVault
) -> Response:
    """Show what can be changed of a source."""
    return await _page(request, principal, tx, await source_of(tx, principal, source_id, vault))


@router.post(f"{SOURCES}/{{source_id}}/settings")
async def change(
    request: Request,
    principal: Writer,
    work: Work,
    source_id: UUID,
    vault: OpenedVault,
    name: TypedText = "",
    subject: TypedText = "",
    allowed_addresses: TypedText = "",
    time_zone: TypedText = "",
    seen: Seen = "",
) -> Response:
    """Change the name, the subject, the addresses and the time zone."""
    values = {
        "name": name.strip(),
        "subject": subject.strip().strip("/"),
        "allowed_addresses": allowed_addresses,
        "time_zone": time_zone.strip(),
    }
    addresses = lines_of(allowed_addresses)
    errors = setting_errors(addresses, values["time_zone"])
    try:
        wanted = SourceChangesIn.model_validate(
            {**values, "allowed_addresses": addresses, "time_zone": values["time_zone"] or None}
        )
    except ValidationError as error:
        errors |= errors_of(error)
    if not errors:
        changes = wanted.model_dump(exclude_unset=True)
        try:
            source = await commands.edit(
                work, principal.tenant_id, source_id, changes, vault, expected=_revisions(seen)
            )
        except ChangedInBetweenError:
            errors = {"name": OLD_FORM}
        else:
            words = "The source is changed. It takes effect within five seconds."
            return done(request, f"{SOURCES}/{source.id}", words)
    stored = await source_of(work.tx, principal, source_id, vault)
    return await _page(request, principal, work.tx, stored, Typed(values, errors))


@router.post(f"{SOURCES}/{{source_id}}/pause")
async def pause(request: Request, principal: Writer, work: Work, source_id: UUID, vault: OpenedVault) -> Response:
    """Pause a source."""
    source = await commands.edit(work, principal.tenant_id, source_id, {"paused": True}, vault)
    words = f"“{source.name}” is paused: within five seconds, what comes is kept and not applied."
    return done(request, f"{SOURCES}/{source.id}", words)


@router.post(f"{SOURCES}/{{source_id}}/resume")
async def resume(request: Request, principal: Writer, work: Work, source_id: UUID, vault: OpenedVault) -> Response:
    """Let a source go on."""
    source = await commands.edit(work, principal.tenant_id, source_id, {"paused": False}, vault)
    words = f"“{source.name}” goes on within five seconds. Replay what came while it was paused."
    return done(request, f"{SOURCES}/{source.id}", words)


@router.post(f"{SOURCES}/{{source_id}}/rotate")
async def rotate(
    request: Request,
    principal: Writer,
    work: Work,
    source_id: UUID,
    proofs: PlatformProofs,
    vault: OpenedVault,
    overlap: TypedText = DEFAULT_OVERLAP,
    secret: TypedText = "",
    seen: Seen = "",
) -> Response:
    """Give a source another secret, or another address, and show it."""
    values = {"overlap": overlap, "secret": secret.strip()}
    try:
        source = await commands.rotate(
            work,
            principal.tenant_id,
            source_id,
            proofs=proofs,
            vault=vault,
            secret=values["secret"] or None,
            overlap=_overlap(overlap),
            expected=_revisions(seen),
        )
    except ChangedInBetweenError:
        errors = {"overlap": OLD_FORM}
    except InvalidSourceError as error:
        errors = {error.field: sentence(error.reason)}
    except TooManySecretsError as error:
        errors = {"overlap": sentence(error)}
    except (InvalidSecretError, UnsignedPlatformError) as error:
        errors = {"secret": sentence(error)}
    else:
        return await _shown(request, principal, work.tx, source)
    stored = await source_of(work.tx, principal, source_id, vault)
    return await _page(request, principal, work.tx, stored, rotation=Typed(values, errors))


@router.get(f"{SOURCES}/{{source_id}}/delete")
async def ask_to_delete(
    request: Request, principal: Writer, tx: TenantTx, source_id: UUID, vault: OpenedVault
) -> Response:
    """Ask whether a source is to be deleted."""
    return await _ask_to_delete(request, principal, tx, await source_of(tx, principal, source_id, vault))


@router.post(f"{SOURCES}/{{source_id}}/delete")
async def delete(
    request: Request,
    principal: Writer,
    work: Work,
    source_id: UUID,
    vault: OpenedVault,
    name: TypedText = "",
) -> Response:
    """Delete a source whose name was typed."""
    source = await source_of(work.tx, principal, source_id, vault)
    if name.strip() != source.name.strip():
        words = Typed({"name": name}, {"name": "This is not its name."})
        return await _ask_to_delete(request, principal, work.tx, source, words)
    await commands.delete(work, principal.tenant_id, source_id, vault)
    return done(request, SOURCES, f"“{source.name}” is deleted. Within five seconds its address is none any more.")


async def _shown(request: Request, principal: Principal, tx: SqlTx, source: Source) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "source_secret.html",
        further=(crumb_of(source), "Secret"),
        title="The source has another address" if source.path_token else "The source has another secret",
        source=source,
        address=hook_of(request, source),
        source_path=f"{SOURCES}/{source.id}",
    )


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    source: Source,
    typed: Typed = NOTHING_TYPED,
    rotation: Typed = NOTHING_TYPED,
) -> Response:
    stored = {
        "name": source.name,
        "subject": source.subject,
        "allowed_addresses": "\n".join(source.allowed_addresses),
        "time_zone": source.time_zone or "",
    }
    platform = platforms_of(request)[source.platform].of(source.mapping)
    return await console.response(
        request,
        principal,
        tx,
        "source_settings.html",
        status=max(typed.status, rotation.status),
        further=(crumb_of(source), "Settings"),
        source=source,
        platform=platform,
        in_address=platform.proof.in_address,
        values={**stored, **typed.values},
        errors={**dict.fromkeys(PROBLEMS, ""), **typed.errors},
        form_labels=LABELS,
        rotation={"overlap": DEFAULT_OVERLAP, "secret": "", **rotation.values},
        rotation_errors={"overlap": "", "secret": "", **rotation.errors},
        overlaps=OVERLAPS,
        source_path=f"{SOURCES}/{source.id}",
    )


async def _ask_to_delete(
    request: Request, principal: Principal, tx: SqlTx, source: Source, typed: Typed = NOTHING_TYPED
) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "source_delete.html",
        status=typed.status,
        further=(crumb_of(source), "Delete"),
        source=source,
        typed=typed,
        source_path=f"{SOURCES}/{source.id}",
    )


def _overlap(hours: str) -> timedelta:
    if hours not in OVERLAPS:
        raise InvalidSourceError("overlap", PROBLEMS["platform"])
    return timedelta(hours=int(hours))


def _revisions(seen: str) -> Collection[int]:
    return {int(seen)} if seen.isascii() and seen.isdigit() else ()
