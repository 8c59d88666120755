"""The pages of imports: send a file, see and correct how it is read, start it, and follow it. They need no script."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Database, Role
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, done, staff
from plaudit.ingest.imports import commands, store
from plaudit.ingest.imports.api.looking import HEAD_BYTES, columns_of, look_at
from plaudit.ingest.imports.api.receiving import CHUNK_BYTES, begun, given_up, stored_parts
from plaudit.ingest.imports.domain import (
    FinishedImportError,
    Import,
    PausedSourceError,
    Stage,
    UnusableFileError,
    Wanted,
    guessed,
    wrong_settings,
)
from plaudit.ingest.imports.schemas import PreviewOut
from plaudit.ingest.reviews.store import source_choices
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.transfer.domain.advice import LABELS, Place, told
from plaudit.ingest.transfer.domain.presets import by_name
from plaudit.ingest.transfer.domain.values import DATE_ORDERS

IMPORTS: Final = "/console/imports"
NEW: Final = f"{IMPORTS}/new"
ROWS: Final = 50
REJECTS_SHOWN: Final = 20
EVENTS_SHOWN: Final = 5
REFRESH_SECONDS: Final = 5
MAX_TYPED_CHARS: Final = 20_000
STATES: Final[Mapping[Stage, tuple[str, str]]] = {
    Stage.UPLOADING: ("not started", "warn"),
    Stage.WAITING: ("waiting", "quiet"),
    Stage.READING: ("being read", "quiet"),
    Stage.WRITING: ("being written", "quiet"),
    Stage.DONE: ("done", "good"),
    Stage.CANCELLED: ("cancelled", "warn"),
    Stage.FAILED: ("failed", "bad"),
}
"""Stage → words, and their look."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.imports")
Reader = Annotated[Principal, Depends(staff("imports:read"))]
Importer = Annotated[Principal, Depends(staff("imports:read", "imports:write"))]


@router.get(IMPORTS)
async def show_imports(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show imports, the latest first."""
    after = decode_cursor(cursor, tuple[datetime, UUID], of=IMPORTS) if cursor else None
    found = await store.page(tx, principal.tenant_id, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.requested_at, each.id), of=IMPORTS)
    return await console.response(
        request,
        principal,
        tx,
        "imports.html",
        imports=[(each, STATES[each.stage]) for each in listed],
        names=await _names(tx, principal),
        new_path=NEW,
        may_import=principal.may("imports:write"),
        list_path=IMPORTS,
        next=following,
        is_first=cursor is None,
    )


@router.get(NEW)
async def show_form(request: Request, principal: Importer, tx: TenantTx) -> Response:
    """Show the form that a file is sent by."""
    return await _form(request, principal, tx)


@router.post(NEW)
async def take_file(request: Request, principal: Importer, vault: OpenedVault) -> Response:
    """Take a file, which waits until it is said how it is to be read."""
    database: Database = request.app.state.resources.database(Role.API)
    error = ""
    async with request.form(max_files=1, max_fields=10) as form:
        file, source = form.get("file"), str(form.get("source", ""))
        if not isinstance(file, UploadFile) or not file.size:
            error = "Choose a file that is not empty."
        else:
            try:
                new = await _take(request, principal, vault, file, _id(source))
            except (PausedSourceError, UnusableFileError) as refusal:
                error = sentence(told(refusal, Place.PAGE))
            else:
                return RedirectResponse(f"{IMPORTS}/{new.id}", HTTPStatus.SEE_OTHER)
    async with database.transaction(principal.tenant_id) as tx:
        return await _form(request, principal, tx, source=source, error=error)


@router.get(f"{IMPORTS}/{{import_id}}")
async def show_import(request: Request, principal: Reader, tx: TenantTx, import_id: UUID) -> Response:
    """Show how far an import is; of one that is not started, how its file would be read."""
    found = await _get(tx, principal, import_id)
    return await _page(request, principal, tx, found, found.wanted)


@router.post(f"{IMPORTS}/{{import_id}}")
async def act(request: Request, principal: Importer, work: Work, import_id: UUID) -> Response:
    """Do what a button says: show the file as it would be read now, only read it, import it, or cancel it."""
    form = await request.form(max_files=0, max_fields=20)
    typed = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    found = await _get(work.tx, principal, import_id)
    path, action = f"{IMPORTS}/{import_id}", typed.get("do", "preview")
    try:
        if action == "cancel":
            await commands.cancel(work.tx, principal.tenant_id, import_id)
            return done(request, path, "The import is cancelled.")
        wanted = _wanted(typed) if "map" in typed else found.wanted
        if action == "preview" or wrong_settings(wanted, Place.PAGE):
            return await _page(request, principal, work.tx, found, wanted, typed)
        await _look(work.tx, found, wanted)
        dry_run, backfill = action == "dry_run", "backfill" in typed or ("map" not in typed and found.backfill)
        await commands.start(work.tx, principal.tenant_id, import_id, wanted, dry_run=dry_run, backfill=backfill)
    except UnusableFileError:
        return await _page(request, principal, work.tx, found, wanted, typed)
    except FinishedImportError as refusal:
        return done(request, path, str(refusal), is_good=False)
    return done(request, path, "The file is being read." if dry_run else "The import is started.")


async def _take(
    request: Request, principal: Principal, vault: OpenedVault, file: UploadFile, source_id: UUID
) -> Import:
    database: Database = request.app.state.resources.database(Role.API)
    head = await file.read(HEAD_BYTES)
    columns_of(head, Wanted())
    new = await begun(request, principal, vault, source_id=source_id, reading=Wanted())
    try:
        _, size_bytes = await stored_parts(database, new, head, _parts(file))
        async with database.transaction(new.tenant_id) as tx:
            await store.set_received(tx, new.tenant_id, new.id, size_bytes)
    except BaseException:
        await given_up(database, new)
        raise
    return new


async def _parts(file: UploadFile) -> AsyncIterator[bytes]:
    while part := await file.read(CHUNK_BYTES):
        yield part


async def _form(request: Request, principal: Principal, tx: TenantTx, source: str = "", error: str = "") -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "import_new.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        further=("New import",),
        sources=await _names(tx, principal),
        source=source,
        error=error,
        new_path=NEW,
        imports_path=IMPORTS,
    )


async def _page(
    request: Request,
    principal: Principal,
    tx: TenantTx,
    found: Import,
    wanted: Wanted,
    typed: Mapping[str, str] | None = None,
) -> Response:
    preview, error = None, ""
    columns: list[str] = []
    errors: dict[str, str] = {}
    if found.stage is Stage.UPLOADING:
        errors = {name: sentence(words) for name, words in wrong_settings(wanted, Place.PAGE).items()}
        try:
            columns, wanted, preview = await _look(tx, found, wanted)
        except UnusableFileError as refusal:
            # What is wrong with a setting stands beside it; the rest is about the file as a whole.
            error = "" if errors else sentence(told(refusal, Place.PAGE))
    words, look = STATES[found.stage]
    return await console.response(
        request,
        principal,
        tx,
        "import.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if (error or errors) and typed else HTTPStatus.OK,
        further=("Import",),
        found=found,
        may_import=principal.may("imports:write"),
        words=words,
        look=look,
        source=(await _names(tx, principal)).get(str(found.source_id), "a source that was deleted"),
        preview=preview,
        events=[_shown(each) for each in preview.events[:EVENTS_SHOWN]] if preview else [],
        kind=_kind_in_words(preview),
        error=error,
        errors=errors,
        form_labels=LABELS,
        columns=columns,
        wanted=wanted,
        backfill="backfill" in typed if typed else found.backfill,
        rejects=await store.rejects(tx, found.tenant_id, found.id, -1, REJECTS_SHOWN),
        date_orders={"": "as they stand", **{each: _order_in_words(each) for each in DATE_ORDERS}},
        path=f"{IMPORTS}/{found.id}",
        rejects_path=f"/v1/imports/{found.id}/rejects",
        refresh=0 if found.has_ended or found.stage is Stage.UPLOADING else REFRESH_SECONDS,
    )


async def _look(tx: TenantTx, found: Import, wanted: Wanted) -> tuple[list[str], Wanted, PreviewOut]:
    """Return the columns of a file, how it is read with what can be guessed, and what its first rows say.

    Raises:
        UnusableFileError: it cannot be read so.
    """
    part = await store.chunk(tx, found.id, 0)
    if part is None:
        raise UnusableFileError("the file is no longer kept: send it again")
    head = part[:HEAD_BYTES]
    has_more = found.size_bytes > len(head)
    columns = columns_of(head, wanted)
    try:
        return columns, wanted, look_at(head, wanted, Place.PAGE, has_more=has_more)
    except UnusableFileError:
        guess = guessed(columns)
        if wanted.map or not guess:
            raise
    wanted = msgspec.structs.replace(wanted, map=guess)
    return columns, wanted, look_at(head, wanted, Place.PAGE, has_more=has_more)


def _wanted(typed: Mapping[str, str]) -> Wanted:
    def lines(name: str) -> tuple[str, ...]:
        text = typed.get(name, "")[:MAX_TYPED_CHARS]
        return tuple(line.strip() for line in text.splitlines() if line.strip())

    return Wanted(
        map=lines("map"),
        set=lines("set"),
        under=typed.get("under", "").strip("/"),
        encoding=typed.get("encoding") or None,
        delimiter=typed.get("delimiter") or None,
        zone=typed.get("zone") or None,
        dates=typed.get("dates") or None,
        empty=lines("empty"),
    )


async def _names(tx: TenantTx, principal: Principal) -> dict[str, str]:
    return {str(source_id): name for source_id, name, _ in await source_choices(tx, principal.tenant_id)}


async def _get(tx: TenantTx, principal: Principal, import_id: UUID) -> Import:
    found = await store.get(tx, principal.tenant_id, import_id)
    if found is None:
        raise not_found("import")
    return found


def _kind_in_words(preview: PreviewOut | None) -> str:
    """Return which kind of file was recognised; nothing where none was."""
    name = preview.understood.preset if preview else None
    preset = by_name(name) if name else None
    return preset.title if preset else ""


def _shown(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what an event says, as names and values: those of an inner object with a point."""
    found = []
    for name, value in event["data"].items():
        inner = {f"{name}.{each}": told for each, told in value.items()} if isinstance(value, dict) else {name: value}
        found += [
            (member, told if isinstance(told, str) else msgspec.json.encode(told).decode())
            for member, told in inner.items()
        ]
    return found


def _order_in_words(order: str) -> str:
    """Return an order of dates in words, and as texts name it: `day, month, year (dmy)`."""
    words = {"d": "day", "m": "month", "y": "year"}
    return f"{', '.join(words[each] for each in order)} ({order})"


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_found("source") from None
