"""The list of sources, and the form that makes one."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.idempotency import IdempotencyKey, KeyReusedError
from plaudit.common.sessions import Typed, done
from plaudit.ingest.sources import commands, store
from plaudit.ingest.sources.api import OpenedVault, PlatformProofs
from plaudit.ingest.sources.pages.shared import (
    GUIDES,
    LABELS,
    SOURCES,
    WRITE,
    Reader,
    Writer,
    console,
    errors_of,
    guide_of,
    lines_of,
    platforms_of,
    pulls_of,
    secret_errors,
    setting_errors,
    state_of,
    title_of_platform,
)
from plaudit.ingest.sources.schemas import SourceIn

ROWS: Final = 50
NEW: Final = f"{SOURCES}/new"
MAX_TYPED_CHARS: Final = 10_000

router = APIRouter()
TypedText = Annotated[str, Form(max_length=MAX_TYPED_CHARS)]


@router.get(SOURCES)
async def show_sources(
    request: Request, principal: Reader, tx: TenantTx, vault: OpenedVault, cursor: Cursor = None
) -> Response:
    """Show the sources of the tenant, oldest first, and how each is doing."""
    after = decode_cursor(cursor, tuple[datetime, UUID], of=SOURCES) if cursor else None
    found = await store.page(tx, principal.tenant_id, after, ROWS + 1, vault)
    sources, following = cut_page(found, ROWS, lambda each: (each.created_at, UUID(each.id)), of=SOURCES)
    activity = await store.activity(tx, principal.tenant_id, [UUID(each.id) for each in sources])
    pulls = {each.id: await pulls_of(request)(tx, each) for each in sources}
    return await console.response(
        request,
        principal,
        tx,
        "sources.html",
        sources=[(each, activity[each.id], state_of(each, activity[each.id], pulls[each.id])) for each in sources],
        titles={name: platform.title for name, platform in platforms_of(request).items()},
        may_write=principal.may(WRITE),
        new_path=NEW,
        list_path=SOURCES,
        guides_path=GUIDES,
        next=following,
        is_first=cursor is None,
    )


@router.get(NEW)
async def show_form(
    request: Request, principal: Writer, tx: TenantTx, platform: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Show the form of a new source, with the guide of the platform that was chosen on its page."""
    once = str(request.app.state.resources.ids())
    chosen = platform if platform in _choices(request) else "native"
    return await _form(request, principal, tx, Typed({"platform": chosen, "once": once}), has_guide=chosen == platform)


@router.post(NEW)
async def make(
    request: Request,
    principal: Writer,
    work: Work,
    proofs: PlatformProofs,
    vault: OpenedVault,
    name: TypedText = "",
    platform: TypedText = "",
    subject: TypedText = "",
    secret: TypedText = "",
    allowed_addresses: TypedText = "",
    time_zone: TypedText = "",
    once: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Make a source; a form that is sent again makes no other."""
    values = {
        "name": name.strip(),
        "platform": platform,
        "subject": subject.strip().strip("/"),
        "secret": secret.strip(),
        "allowed_addresses": allowed_addresses,
        "time_zone": time_zone.strip(),
    }
    addresses = lines_of(allowed_addresses)
    errors = {
        **secret_errors(proofs, platform, None, values["secret"]),
        **setting_errors(addresses, values["time_zone"]),
    }
    try:
        wanted = SourceIn.model_validate(
            {
                **values,
                "secret": values["secret"] or None,
                "allowed_addresses": addresses,
                "time_zone": values["time_zone"] or None,
            }
        )
    except ValidationError as error:
        errors |= errors_of(error)
    if errors:
        return await _form(request, principal, work.tx, Typed({**values, "once": once}, errors), has_guide=True)
    key = IdempotencyKey(f"page:{once}", sha256(wanted.model_dump_json().encode()).digest())
    try:
        source = await commands.find_made(work.tx, principal.tenant_id, key, vault)
    except KeyReusedError:
        words = {"name": "This form was sent before, with other words. Its source is made; look at the list."}
        return await _form(request, principal, work.tx, Typed({**values, "once": once}, words))
    if source is None:
        source = await commands.create(work, principal.tenant_id, **wanted.model_dump(), proofs=proofs, vault=vault)
        await commands.keep_made(work.tx, principal.tenant_id, key, source)
    return done(request, f"{SOURCES}/{source.id}", f"“{source.name}” is made.")


async def _form(
    request: Request, principal: Principal, tx: TenantTx, typed: Typed, *, has_guide: bool = False
) -> Response:
    platform = typed.values["platform"]
    return await console.response(
        request,
        principal,
        tx,
        "source_new.html",
        status=typed.status,
        further=("New source",),
        typed=typed,
        form_labels=LABELS,
        platforms=_choices(request),
        guide=guide_of(request, platform, level=3) if has_guide else None,
        platform_title=title_of_platform(request, platform),
        new_path=NEW,
        guides_path=GUIDES,
        sources_path=SOURCES,
    )


def _choices(request: Request) -> Mapping[str, str]:
    """Return platform → its title, our own format first. What needs a mapping has a page of its own."""
    titles = {name: each.title for name, each in platforms_of(request).items() if not each.needs_mapping}
    return dict(sorted(titles.items(), key=lambda each: (not each[0].startswith("native"), each[1].lower())))
