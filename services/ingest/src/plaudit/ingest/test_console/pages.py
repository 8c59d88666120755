"""The console's test page of a source: paste a delivery or pick one, and see step by step what would become of it."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, not_found, resources
from plaudit.common.pages.navigation import Crumb
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, staff
from plaudit.common.settings import address_of
from plaudit.ingest.deliveries import store as deliveries
from plaudit.ingest.deliveries.pages import LOOKS, REVIEWS, SOURCES, TYPES, WORDS
from plaudit.ingest.platforms import ADAPTERS, fixtures
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.test_console import commands
from plaudit.ingest.test_console.api import signed
from plaudit.ingest.test_console.commands import Tried
from plaudit.ingest.test_console.domain import MAX_BODY_CHARS, State, explains, parse_headers, written_headers

TEST: Final = f"{SOURCES}/{{source_id}}/test"
MAX_HEADERS_CHARS: Final = 20_000
MAX_SHOWN_CHARS: Final = 20_000
LINE_ENDS: Final = {"lf": "LF, as most senders write them", "crlf": "CR LF"}
STATES: Final = {State.OK: ("right", "good"), State.WRONG: ("wrong", "bad"), State.UNKNOWN: ("open", "quiet")}
STEPS: Final = {
    "headers": "Headers",
    "time": "Time",
    "signature": "Signature",
    "address": "Address",
    "sender": "Sender",
    "source": "Source",
    "json": "JSON",
    "shape": "Content",
    "repetition": "Repetition",
}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.test_console")
Tester = Annotated[Principal, Depends(staff("sources:read", "sources:write"))]


@router.get(TEST)
async def show_form(
    request: Request,
    principal: Tester,
    tx: TenantTx,
    source_id: UUID,
    vault: OpenedVault,
    fixture: str = "",
    delivery: UUID | None = None,
) -> Response:
    """Show the form: empty, or with a fixture of the platform, or with a stored delivery."""
    source = await _source(tx, principal, source_id, vault)
    values = {"headers": "", "body": "", "sign": "yes", "token": "", "line_ends": "lf"}
    if delivery is not None and principal.may("deliveries:read"):
        values |= await _of_delivery(tx, principal, source_id, delivery)
    elif fixture in fixtures.names(source.platform):
        values["body"] = _sample(source.platform, fixture, tx.now)
    return await _page(request, principal, tx, source, Typed(values))


@router.post(TEST)
async def try_out(
    request: Request,
    principal: Tester,
    tx: TenantTx,
    source_id: UUID,
    vault: OpenedVault,
    headers: Annotated[str, Form(max_length=MAX_HEADERS_CHARS)] = "",
    body: Annotated[str, Form(max_length=MAX_BODY_CHARS)] = "",
    sign: Annotated[str, Form()] = "",
    token: Annotated[str, Form(max_length=512)] = "",
    line_ends: Annotated[str, Form()] = "lf",
) -> Response:
    """Show what would become of what was typed; nothing of it is stored."""
    source = await _source(tx, principal, source_id, vault)
    # A browser sends each line end as CR LF, whatever was pasted.
    content = body.replace("\r\n", "\n")
    if line_ends == "crlf":
        content = content.replace("\n", "\r\n")
    values = {"headers": headers, "body": body, "sign": sign, "token": token, "line_ends": line_ends}
    try:
        typed_headers = parse_headers(headers)
        if _is_signed(source, typed_headers):
            # What was pasted is to be judged, though the box is ticked at first.
            values["sign"] = sign = ""
    except ValueError as error:
        return await _page(request, principal, tx, source, Typed(values, {"headers": str(error)}))
    raw, now = content.encode(errors="replace"), time.time()
    if sign:
        made = signed(source, raw, now)
        given = [header for header in typed_headers if header[0].decode() not in made]
        typed_headers = [*given, *((name.encode(), value.encode()) for name, value in made.items())]
        token = token or source.path_token or ""
    address = address_of((await resources(request)).settings)
    tried = await commands.try_out(tx, source, typed_headers, raw, now, token or None, address)
    return await _page(request, principal, tx, source, Typed(values), tried)


def _is_signed(source: KeyedSource, typed_headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Return whether a header that proves a delivery was typed, beside its id and its time."""
    proof = ADAPTERS[source.platform].of(source.mapping).proof
    proving = {*proof.headers} - {proof.id_header, proof.timestamp_header}
    return any(name in proving for name, _ in typed_headers)


async def _source(tx: SqlTx, principal: Principal, source_id: UUID, vault: Any) -> KeyedSource:
    source = await deliveries.keyed_source(tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    return source


async def _of_delivery(tx: SqlTx, principal: Principal, source_id: UUID, delivery_id: UUID) -> dict[str, str]:
    row = await deliveries.get(tx, principal.tenant_id, delivery_id)
    if row is None or row["source_id"] != source_id:
        raise not_found("delivery")
    text = row["body"].decode(errors="replace")
    ends = "crlf" if "\r\n" in text else "lf"
    return {"body": text[:MAX_BODY_CHARS], "headers": written_headers(row["headers"]), "line_ends": ends}


def _sample(platform: str, name: str, now: datetime) -> str:
    """Return a fixture with ids of its own and times of now, where it can be given them."""
    try:
        return fixtures.renewed(platform, name, uuid4().hex, now.astimezone(UTC)).body.decode()
    except fixtures.UnsuitableFixtureError:
        return fixtures.stored(platform, name).decode()


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    source: KeyedSource,
    typed: Typed = NOTHING_TYPED,
    tried: Tried | None = None,
) -> Response:
    adapter = ADAPTERS[source.platform].of(source.mapping)
    signature = None if tried is None else tried.proved.signature
    signed_text = None if signature is None or signature.signed is None else signature.signed.decode(errors="replace")
    return await console.response(
        request,
        principal,
        tx,
        "test.html",
        status=typed.status,
        further=(Crumb(source.name, f"{SOURCES}/{source.id}"), "Test console"),
        source=source,
        title=adapter.title,
        in_address=adapter.proof.in_address,
        can_sign=bool(signed(source, b"", 0.0)) or adapter.proof.in_address,
        explained=explains(adapter.proof),
        names=fixtures.names(source.platform),
        typed=typed,
        line_ends=LINE_ENDS,
        max_body_chars=MAX_BODY_CHARS,
        tried=tried,
        signature=signature,
        signed_text=None if signed_text is None else signed_text[:MAX_SHOWN_CHARS],
        step_names=STEPS,
        states=STATES,
        types=TYPES,
        looks=LOOKS,
        verdict_words=WORDS,
        skew=_skew,
        source_path=f"{SOURCES}/{source.id}",
        reviews_path=REVIEWS,
    )


def _skew(seconds: float) -> str:
    side = "ahead of ours" if seconds > 0 else "behind ours"
    return f"{abs(seconds):,.0f} s {side}" if abs(seconds) >= 1 else "the same as ours"
