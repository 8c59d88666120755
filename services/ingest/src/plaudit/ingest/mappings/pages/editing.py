"""The console's pages of custom sources: a payload is pasted, its mapping guessed, tried and mended, and kept."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work, not_found
from plaudit.common.idempotency import IdempotencyKey, KeyReusedError
from plaudit.common.pages.instants import moment
from plaudit.common.refusals import rule_in_words, sentence
from plaudit.common.sessions import ConsolePages, done
from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.deliveries import store as deliveries
from plaudit.ingest.mappings.domain.forms import MEMBERS, WORDED, of_guess, read, written
from plaudit.ingest.mappings.domain.guess import Guess, guess
from plaudit.ingest.mappings.domain.preview import preview
from plaudit.ingest.mappings.pages.wording import (
    DEFAULTS,
    DIGESTS,
    ENCODINGS,
    FORM_LABELS,
    GROUPS,
    HAPPENED,
    LABELS,
    PROOFS,
    RULES,
    TIME_FORMS,
    WORD_HINTS,
    hints,
    unclear,
)
from plaudit.ingest.mappings.schemas import PreviewedEventOut, preview_out
from plaudit.ingest.platforms import UnusableBodyError
from plaudit.ingest.platforms.adapter import decode_json
from plaudit.ingest.platforms.mapping import REQUIRED, MappingSpec, compiled, wrong_expressions
from plaudit.ingest.sources import commands
from plaudit.ingest.sources.api import OpenedVault, PlatformProofs
from plaudit.ingest.sources.domain import (
    ChangedInBetweenError,
    InvalidMappingError,
    InvalidSourceError,
    Source,
    UnopenedSecretError,
    checked_time_zone,
)
from plaudit.ingest.sources.pages.shared import (
    SOURCES,
    Writer,
    crumb_of,
    errors_of,
    lines_of,
    secret_errors,
    setting_errors,
    source_of,
)
from plaudit.ingest.sources.schemas import MappingIn, SourceIn

NEW: Final = f"{SOURCES}/new/custom"
CUSTOM: Final = "custom"
MAX_PAYLOAD_CHARS: Final = 100_000
"""A form has at most one MiB, and its characters are escaped."""
MAX_FORM_FIELDS: Final = 100
SHOWN_EVENTS: Final = 10
LATEST_DELIVERIES: Final = 10
OF_SOURCE: Final = ("name", "subject", "secret", "allowed_addresses", "time_zone")
TRIED_WITH: Final = {"kind": "path-token"}
"""The proof of a mapping that is tried out before a proof is chosen: it changes nothing of what is read."""
OLD_FORM: Final = "The source was changed after this page was shown. Nothing is saved; look, and try again."
router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.mappings")


@dataclass(frozen=True)
class Looked:
    """What became of a form: what stands in it now, what is wrong with it, and what it makes of the payload."""

    values: Mapping[str, str]
    errors: Mapping[str, str]
    guess: Guess | None = None
    events: Sequence[PreviewedEventOut] | None = None
    is_refused: bool = False


@router.get(NEW)
async def show_new(request: Request, principal: Writer, tx: TenantTx) -> Response:
    """Show where a payload is pasted."""
    once = str(request.app.state.resources.ids())
    return await _page(request, principal, tx, Looked({**DEFAULTS, "once": once}, {}), None)


@router.post(NEW)
async def act_on_new(
    request: Request, principal: Writer, work: Work, proofs: PlatformProofs, vault: OpenedVault
) -> Response:
    """Do what a button says: guess the mapping, try it on the payload, or make the source."""
    typed = await _typed(request)
    action = typed.get("do", "preview")
    if action != "make":
        return await _page(request, principal, work.tx, await _look(typed, action), None)
    mapping, errors = _mapping(typed)
    wanted, more = _source_in(typed)
    if mapping is not None:
        more |= secret_errors(proofs, CUSTOM, mapping, typed.get("secret", "").strip())
    errors = {**more, **errors}
    if mapping is None or wanted is None or errors:
        return await _page(request, principal, work.tx, await _refused(typed, errors), None)
    once = IdempotencyKey(f"page:{typed.get('once', '')[:64]}", sha256(repr(sorted(typed.items())).encode()).digest())
    try:
        source = await commands.find_made(work.tx, principal.tenant_id, once, vault)
        if source is None:
            fields = wanted.model_dump(exclude={"mapping"})
            source = await commands.create(
                work, principal.tenant_id, **fields, mapping=mapping, proofs=proofs, vault=vault
            )
            await commands.keep_made(work.tx, principal.tenant_id, once, source)
    except KeyReusedError:
        words = "This form was sent before, with other words. Its source is made; look at the list."
        return await _page(request, principal, work.tx, await _refused(typed, {"name": words}), None)
    return done(request, f"{SOURCES}/{source.id}", f"“{source.name}” is made.")


@router.get(f"{SOURCES}/{{source_id}}/mapping")
async def show_mapping(
    request: Request,
    principal: Writer,
    tx: TenantTx,
    source_id: UUID,
    vault: OpenedVault,
    delivery: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Show the mapping of a source, and what it makes of a stored delivery: the latest, unless one is named."""
    source = await _custom(tx, principal, source_id, vault)
    stored = await _deliveries(tx, principal, source_id)
    chosen = delivery or next(iter(stored), None)
    body = await _body(tx, principal, source_id, chosen) if chosen else ""
    values = {**_stored(source), "payload": body, "delivery": str(chosen or "")}
    looked = await _look(values, "preview") if body else Looked(values, {})
    return await _page(request, principal, tx, looked, source, stored)


@router.post(f"{SOURCES}/{{source_id}}/mapping")
async def act_on_mapping(
    request: Request, principal: Writer, work: Work, source_id: UUID, proofs: PlatformProofs, vault: OpenedVault
) -> Response:
    """Do what a button says: take the body of a delivery, guess anew, try it, or save the mapping."""
    source = await _custom(work.tx, principal, source_id, vault)
    stored = await _deliveries(work.tx, principal, source_id)
    typed = await _typed(request)
    action = typed.get("do", "preview")
    if action == "load":
        typed["payload"] = await _body(work.tx, principal, source_id, _chosen(typed, stored))
    if action != "save":
        return await _page(request, principal, work.tx, await _look(typed, action), source, stored)
    mapping, errors = _mapping(typed)
    if mapping is not None:
        try:
            seen = typed.get("seen", "")
            expected = {int(seen[:9])} if seen.isascii() and seen.isdigit() else ()
            await commands.set_mapping(work, principal.tenant_id, source_id, mapping, proofs, vault, expected=expected)
        except ChangedInBetweenError:
            errors = {"events": OLD_FORM}
        except UnopenedSecretError as error:
            errors = {"proof.kind": str(error)}
        except InvalidSecretError as error:
            errors = {"proof.kind": f"{sentence(error)} Rotate the secret in the settings first."}
        else:
            words = "The mapping is saved. It counts for deliveries from some seconds on; replay older ones."
            return done(request, f"{SOURCES}/{source_id}", words)
    return await _page(request, principal, work.tx, await _refused(typed, errors), source, stored)


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=MAX_FORM_FIELDS)
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    typed["payload"] = typed.get("payload", "").replace("\r\n", "\n")
    return typed


async def _look(typed: Mapping[str, str], action: str) -> Looked:
    """Return the form with what was guessed, where that is asked for, and with what it makes of the payload."""
    values, found = dict(typed), None
    payload = values.get("payload", "")
    if not payload.strip():
        return Looked(values, {"payload": "Paste a payload: the body that the platform posts."}, is_refused=True)
    if len(payload) > MAX_PAYLOAD_CHARS:
        return Looked(values, {"payload": f"Paste at most {MAX_PAYLOAD_CHARS:,} characters."}, is_refused=True)
    if action == "guess":
        try:
            # In a thread, so that other requests are answered meanwhile.
            found = await asyncio.to_thread(lambda: guess(decode_json(payload.encode(errors="replace"))))
        except InvalidJsonError as error:
            return Looked(values, {"payload": f"This is no JSON: {error}."}, is_refused=True)
        values.update(of_guess(found))
    mapping, errors = _mapping(values, tried=True)
    if found is not None:
        # What a payload does not tell is listed; it is no mistake of whoever pasted it.
        errors = {path: words for path, words in errors.items() if values.get(path)}
    if mapping is None:
        return Looked(values, errors, found, is_refused=bool(errors))
    events, wrong = await _preview(mapping, payload, values.get("time_zone", "").strip() or None)
    return Looked(values, {**errors, **wrong}, found, events)


async def _refused(typed: Mapping[str, str], errors: Mapping[str, str]) -> Looked:
    """Return a form that was refused, with what it makes of the payload as far as that can be told."""
    if not typed.get("payload", "").strip():
        return Looked(typed, errors, is_refused=True)
    looked = await _look(typed, "preview")
    return Looked(looked.values, {**looked.errors, **errors}, None, looked.events, is_refused=True)


async def _preview(
    mapping: str, payload: str, time_zone: str | None
) -> tuple[Sequence[PreviewedEventOut] | None, dict[str, str]]:
    """Return what becomes of the events, and what cannot be read: the path of the member → why, at the first event."""
    try:
        zone = checked_time_zone(time_zone)
        found = await asyncio.to_thread(preview, mapping, payload.encode(errors="replace"), zone)
    except InvalidSourceError as error:
        return None, {error.field: sentence(error.reason)}
    except InvalidJsonError as error:
        return None, {"payload": f"This is no JSON: {error}."}
    except UnusableBodyError as error:
        return None, {"events": sentence(error)}
    events = preview_out(found).events
    wrong: dict[str, str] = {}
    for event in events:
        for each in event.errors:
            wrong.setdefault(f"fields.{each.field}", f"Event {event.index + 1}: {each.reason}.")
    return events, wrong


def _mapping(typed: Mapping[str, str], *, tried: bool = False) -> tuple[str | None, dict[str, str]]:
    """Return the mapping of a form as JSON, or None; and what is wrong with it: the path of the member → why."""
    said, errors = read(typed)
    if tried and not said["proof"].get("kind"):
        said["proof"] = TRIED_WITH
    try:
        mapping = MappingIn.model_validate(said).written()
        compiled(mapping)
    except ValidationError as error:
        for each in error.errors():
            path = _path(each["loc"])
            words = "Choose what proves it." if path == "proof.kind" else RULES.get(each["type"])
            errors.setdefault(path, words or sentence(rule_in_words(each["msg"])))
        for path, reason in wrong_expressions({"events": said.get("events"), **said["fields"]}).items():
            errors.setdefault(path if path == "events" else f"fields.{path}", f"It {reason}.")
    except InvalidMappingError as error:
        for member in error.members:
            errors.setdefault(_path(member.pointer.split("/")[1:]), f"It {member.reason}.")
    return (None, errors) if errors else (mapping, {})


def _path(steps: Collection[object]) -> str:
    """Return the path of the member of a form that an error is about."""
    path = ".".join(str(step) for step in [*steps][:2])
    return path if path in MEMBERS else "events"


def _source_in(typed: Mapping[str, str]) -> tuple[SourceIn | None, dict[str, str]]:
    errors = setting_errors(lines_of(typed.get("allowed_addresses", "")), typed.get("time_zone", "").strip())
    try:
        wanted = SourceIn.model_validate(
            {
                "name": typed.get("name", "").strip(),
                "platform": CUSTOM,
                "subject": typed.get("subject", "").strip().strip("/"),
                "secret": typed.get("secret", "").strip() or None,
                "allowed_addresses": lines_of(typed.get("allowed_addresses", "")),
                "time_zone": typed.get("time_zone", "").strip() or None,
            }
        )
    except ValidationError as error:
        return None, {**errors, **errors_of(error)}
    return wanted, errors


async def _custom(tx: SqlTx, principal: Principal, source_id: UUID, vault: Any) -> Source:
    source = await source_of(tx, principal, source_id, vault)
    if source.mapping is None:
        raise not_found("mapping")
    return source


def _stored(source: Source) -> dict[str, str]:
    assert source.mapping is not None, "only sources with a mapping are shown"
    spec = msgspec.json.decode(source.mapping, type=MappingSpec)
    return {**written(spec), "time_zone": source.time_zone or "", "seen": str(source.revision)}


async def _deliveries(tx: SqlTx, principal: Principal, source_id: UUID) -> dict[UUID, str]:
    """Return the latest deliveries whose bodies whoever asks may read, and are there: id → when it came."""
    if not principal.may("deliveries:read"):
        return {}
    filters = deliveries.Filters(source_id)
    rows = await deliveries.page(tx, principal.tenant_id, filters, None, LATEST_DELIVERIES)
    return {row["id"]: moment(row["received_at"]) for row in rows if row["scrubbed_at"] is None}


async def _body(tx: SqlTx, principal: Principal, source_id: UUID, delivery_id: UUID | None) -> str:
    """Return the body of a delivery as text, cut to what a form can hold."""
    if delivery_id is None or not principal.may("deliveries:read"):
        return ""
    row = await deliveries.get(tx, principal.tenant_id, delivery_id)
    if row is None or row["source_id"] != source_id:
        raise not_found("delivery")
    body: bytes = row["body"]
    return body.decode(errors="replace")[:MAX_PAYLOAD_CHARS]


def _chosen(typed: Mapping[str, str], stored: Mapping[UUID, str]) -> UUID | None:
    return next((each for each in stored if str(each) == typed.get("delivery")), None)


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    looked: Looked,
    source: Source | None,
    stored: Mapping[UUID, str] | None = None,
) -> Response:
    values = {**dict.fromkeys((*MEMBERS, *OF_SOURCE, "payload", "delivery", "once", "seen"), ""), **looked.values}
    is_guessed = looked.guess is not None
    is_begun = source is not None or is_guessed or any(values[path] for path in MEMBERS if path not in DEFAULTS)
    path = NEW if source is None else f"{SOURCES}/{source.id}/mapping"
    return await console.response(
        request,
        principal,
        tx,
        "mapping.html",
        status=422 if looked.is_refused else 200,
        further=("New custom source",) if source is None else (crumb_of(source), "Mapping"),
        source=source,
        path=path,
        back_path=SOURCES if source is None else f"{SOURCES}/{source.id}",
        values=values,
        errors=looked.errors,
        is_begun=is_begun,
        groups=[(title, names, _is_used(names, values, looked.errors)) for title, names in GROUPS.items()],
        labels=LABELS,
        form_labels=FORM_LABELS,
        proof_is_wrong=any(path.startswith("proof.") and path != "proof.kind" for path in looked.errors),
        form_ids={path: path.replace(".", "-") for path in MEMBERS},
        hints=hints(looked.guess),
        worded=WORDED,
        word_hints=WORD_HINTS,
        unclear=unclear(looked.guess),
        events=None if looked.events is None else looked.events[:SHOWN_EVENTS],
        events_left=max(0, len(looked.events or ()) - SHOWN_EVENTS),
        happened=HAPPENED,
        stored={"": "what is pasted here", **{str(each): at for each, at in (stored or {}).items()}},
        proofs=PROOFS,
        digests=DIGESTS,
        encodings=ENCODINGS,
        time_forms=TIME_FORMS,
        max_payload_chars=MAX_PAYLOAD_CHARS,
    )


def _is_used(names: Sequence[str], values: Mapping[str, str], errors: Mapping[str, str]) -> bool:
    """Return whether a group of fields is to be open: one is needed, is said, or is wrong."""
    paths = [f"{kind}.{name}" for name in names for kind in ("fields", "words")]
    return names is REQUIRED or any(values.get(path) or errors.get(path) for path in paths)
