"""Imports: a file is sent here, and a job writes its rows."""

import csv
import io
import zlib
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from plaudit.common.db import Database, Role
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
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.refusals import WrongInputError
from plaudit.common.vault import Vault
from plaudit.ingest.imports import commands, store
from plaudit.ingest.imports.domain import (
    GZIP_MARK,
    FinishedImportError,
    Import,
    PausedSourceError,
    Stage,
    Understood,
    UnknownImportError,
    UnusableFileError,
    Wanted,
)
from plaudit.ingest.imports.schemas import (
    FILE_TYPES,
    ImportOut,
    PreviewOut,
    file_body,
    import_out,
    reject_out,
    understood_out,
)
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.domain import Source
from plaudit.ingest.transfer.domain.presets import by_name
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row
from plaudit.ingest.transfer.domain.subjects import SubjectError
from plaudit.ingest.transfer.domain.table import UnreadableFileError
from plaudit.ingest.transfer.store.files import reject_cells, reject_head, table_in

CHUNK_BYTES: Final = 1024 * 1024
HEAD_BYTES: Final = 64 * 1024
"""What is looked at before a file is taken."""
MAX_PREVIEW_BYTES: Final = 1024 * 1024
PREVIEWED_ROWS: Final = 20
REJECTS_AT_ONCE: Final = 200
MAX_STATED_CHARS: Final = 300
MAX_STATED: Final = 100
PROBLEMS: Final = {
    "unusable-file": "The file cannot be read, or its columns cannot be mapped so; the detail says what to do.",
    "unknown-file-type": f"Send a file as {', '.join(FILE_TYPES)}, with nothing around it.",
    "import-ended": "The import has ended. What it has written stays.",
    "source-paused": "The source is paused, so nothing is taken for it. Resume it first.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    UnusableFileError: lambda error: unprocessable("unusable-file", str(error)),
    UnknownImportError: lambda _: not_found("import"),
    FinishedImportError: lambda error: conflict("import-ended", str(error)),
    PausedSourceError: lambda error: conflict("source-paused", str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["imports"])
Importer = Annotated[Principal, Depends(authorize("imports:write"))]
ImportId = Annotated[UUID, Path(description="The import's id.")]
Stated = Annotated[str, Query(max_length=MAX_STATED_CHARS)]


def wanted(
    preset: Annotated[
        str | None,
        Query(max_length=MAX_STATED_CHARS, description="Which platform wrote it; found by its header by default."),
    ] = None,
    map_: Annotated[
        list[Stated] | None,
        Query(
            alias="map",
            max_length=MAX_STATED,
            description="`field=column`, or `field=column|conversion`, as `plaudit import --map` takes it.",
        ),
    ] = None,
    set_: Annotated[
        list[Stated] | None,
        Query(alias="set", max_length=MAX_STATED, description="`field=value` for every review."),
    ] = None,
    under: Annotated[str, Query(max_length=MAX_STATED_CHARS, description="Put every subject below this one.")] = "",
    encoding: Annotated[
        str | None,
        Query(max_length=MAX_STATED_CHARS, description="Of a file without a mark, such as cp1252; UTF-8 by default."),
    ] = None,
    delimiter: Annotated[
        str | None,
        Query(max_length=MAX_STATED_CHARS, description="One character, or `tab`; found by the header by default."),
    ] = None,
    zone: Annotated[
        str | None,
        Query(max_length=MAX_STATED_CHARS, description="Of times without one, such as UTC or Europe/Berlin."),
    ] = None,
    dates: Annotated[
        str | None, Query(max_length=MAX_STATED_CHARS, description="How to read 05/03/2024: dmy, mdy or ymd.")
    ] = None,
    empty: Annotated[
        list[Stated] | None, Query(max_length=MAX_STATED, description="Words that stand for no value.")
    ] = None,
) -> Wanted:
    """Return how the file is to be read."""
    return Wanted(
        preset=preset,
        map=tuple(map_ or ()),
        set=tuple(set_ or ()),
        under=under,
        encoding=encoding,
        delimiter=delimiter,
        zone=zone,
        dates=dates,
        empty=tuple(empty or ()),
    )


Reading = Annotated[Wanted, Depends(wanted)]


@router.post(
    "/v1/imports",
    status_code=202,
    summary="Import a file",
    openapi_extra=file_body()
    | describe(
        problems={"unusable-file": 422, "unknown-file-type": 415, "source-paused": 409},
        headers=("Location", "Idempotent-Replayed"),
    ),
)
async def import_file(
    request: Request,
    principal: Importer,
    response: Response,
    vault: OpenedVault,
    reading: Reading,
    idempotency_key: IdempotencyKeyHeader,
    source_id: Annotated[UUID, Query(description="The source whose reviews these are.")],
    dry_run: Annotated[bool, Query(description="Only read the file, and tell what could not be taken.")] = False,
    backfill: Annotated[
        bool, Query(description="Call nobody: no clock is started for these reviews, which count at their time.")
    ] = False,
) -> ImportOut:
    """Import a file of reviews: CSV or JSON lines, in gzip or not, of up to 2 GiB. The file is the body.

    A job reads the whole file, and then writes its rows in the order of their time. A row that cannot be taken costs no
    other one, and is told by `/rejects`. The same file again changes nothing.
    """
    _check_type(request)
    parts = _parts(request)
    head, has_more = await _head(parts)
    look_at(head, reading, has_more=has_more)
    found, is_replayed = await received(
        request, principal, vault, head, parts,
        source_id=source_id, reading=reading, dry_run=dry_run, backfill=backfill, key=idempotency_key,
    )  # fmt: skip
    if is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    response.headers["Location"] = f"/v1/imports/{found.id}"
    return import_out(found)


@router.post(
    "/v1/imports/preview",
    dependencies=[Depends(authorize("imports:write"))],
    summary="Preview an import",
    openapi_extra=file_body() | describe(problems={"unusable-file": 422, "unknown-file-type": 415}),
)
async def preview_import(request: Request, reading: Reading) -> PreviewOut:
    """Show what a file is, and how its first rows are read. Nothing is stored.

    Send the file, or the beginning of it: at most 1 MiB. The first 64 KiB are looked at.
    """
    _check_type(request)
    parts = _parts(request)
    head, has_more = await _head(parts)
    async for _ in parts:
        has_more = True
    return look_at(head, reading, has_more=has_more)


@router.get("/v1/imports", summary="List imports")
async def list_imports(principal: Importer, tx: TenantTx, paging: Paging) -> Page[ImportOut]:
    """List imports, the latest first."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows)
    return paging.page(found, lambda each: (each.requested_at, each.id), import_out)


@router.get("/v1/imports/{import_id}", summary="Read an import")
async def read_import(principal: Importer, tx: TenantTx, import_id: ImportId) -> ImportOut:
    """Read how far an import is, and how its file was understood."""
    return import_out(await _get(tx, principal, import_id))


@router.delete(
    "/v1/imports/{import_id}",
    status_code=204,
    summary="Cancel an import",
    openapi_extra=describe(problems={"import-ended": 409}),
)
async def cancel_import(principal: Importer, work: Work, import_id: ImportId) -> None:
    """End an import between two groups of its rows. What it has written stays."""
    await commands.cancel(work.tx, principal.tenant_id, import_id)


@router.get(
    "/v1/imports/{import_id}/rejects",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": "plaudit_line,plaudit_id,plaudit_reason,id\r\n"}
            }
        }
    },
    summary="Read the rejects of an import",
)
async def read_rejects(request: Request, principal: Importer, tx: TenantTx, import_id: ImportId) -> StreamingResponse:
    """Read the rows that were not taken, as a file: mend it, and import it. The first columns say what is wrong."""
    found = await _get(tx, principal, import_id)
    database: Database = request.app.state.resources.database(Role.API)
    return StreamingResponse(
        _reject_lines(database, found),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{import_id}.rejects.csv"'},
    )


def columns_of(head: bytes, reading: Wanted) -> list[str]:
    """Return the columns of a file by its beginning.

    Raises:
        UnusableFileError: it has none that can be read.
    """
    try:
        with ExitStack() as stack:
            content = io.BytesIO(_unpacked(head))
            return table_in(stack, content, reading.encoding, reading.parting, is_json_lines=None).columns
    except (UnreadableFileError, WrongInputError) as error:
        raise UnusableFileError(str(error)) from error


def look_at(head: bytes, reading: Wanted, *, has_more: bool) -> PreviewOut:
    """Return what a file is by its beginning, and how its first rows are read.

    Raises:
        UnusableFileError: it cannot be read so.
    """
    plain = _unpacked(head)
    if has_more or len(plain) > HEAD_BYTES:
        plain, has_more = plain[: plain.rfind(b"\n") + 1] or plain, True
    events: list[Any] = []
    rejects: list[Reject] = []
    try:
        with ExitStack() as stack:
            table = table_in(stack, io.BytesIO(plain), reading.encoding, reading.parting, is_json_lines=None)
            reader, understood = reading.reader(table.columns)
            understood = msgspec.structs.replace(understood, encoding=table.encoding, delimiter=table.delimiter)
            try:
                for row in islice(table.rows(), PREVIEWED_ROWS):
                    read = reader.read(row) if isinstance(row, Row) else row
                    if isinstance(read, Ready):
                        events += map(msgspec.json.decode, read.events)
                    elif isinstance(read, Reject):
                        rejects.append(read)
            except UnreadableFileError:
                if not has_more or not (events or rejects):
                    raise
    except (UnreadableFileError, SubjectError, WrongInputError) as error:
        raise UnusableFileError(str(error)) from error
    return _preview(understood, events, rejects)


def _preview(understood: Understood, events: list[Any], rejects: list[Reject]) -> PreviewOut:
    preset = None if understood.preset is None else by_name(understood.preset)
    return PreviewOut(
        understood=understood_out(understood),
        hint="" if preset is None else preset.hint,
        events=events,
        rejects=[reject_out(each) for each in rejects],
    )


async def received(
    request: Request,
    principal: Principal,
    vault: Vault,
    head: bytes,
    parts: AsyncIterator[bytes],
    *,
    source_id: UUID,
    reading: Wanted,
    dry_run: bool,
    backfill: bool,
    key: str | None,
) -> tuple[Import, bool]:
    """Store a file, and let it wait for the job.

    Returns:
        Its import, and whether it is that of the first request under this key.

    Raises:
        PausedSourceError: nothing is taken for the source.
        Problem: 404, there is no such source.
    """
    database: Database = request.app.state.resources.database(Role.API)
    new = await begun(
        request, principal, vault, source_id=source_id, reading=reading, dry_run=dry_run, backfill=backfill
    )
    try:
        digest, size_bytes = await stored_parts(database, new, head, parts)
        stated = None if key is None else _idempotency_key(key, new, digest)
        async with database.transaction(new.tenant_id) as tx:
            import_id, is_replayed = await commands.receive(tx, new, size_bytes, stated)
            found = await store.get(tx, new.tenant_id, import_id)
    except BaseException:
        await given_up(database, new)
        raise
    if found is None:
        raise not_found("import")
    return found, is_replayed


async def begun(
    request: Request,
    principal: Principal,
    vault: Vault,
    *,
    source_id: UUID,
    reading: Wanted,
    dry_run: bool = False,
    backfill: bool = False,
) -> Import:
    """Return the import of a file that is about to be received.

    Raises:
        PausedSourceError: nothing is taken for the source.
        Problem: 404, there is no such source.
    """
    resources = request.app.state.resources
    database: Database = resources.database(Role.API)
    async with database.transaction(principal.tenant_id) as tx:
        _check_source(await sources.get(tx, principal.tenant_id, source_id, vault))
        new = Import(
            tenant_id=principal.tenant_id,
            id=resources.ids(),
            source_id=source_id,
            stage=Stage.UPLOADING,
            wanted=reading,
            understood=None,
            dry_run=dry_run,
            backfill=backfill,
            requested_by=principal.actor,
            requested_at=tx.now,
        )
        await store.add(tx, new)
    return new


async def given_up(database: Database, new: Import) -> None:
    """Delete what was received of a file that did not come whole."""
    async with database.transaction(new.tenant_id) as tx:
        await store.remove(tx, new.tenant_id, new.id)


def _check_source(source: Source | None) -> None:
    if source is None:
        raise not_found("source")
    if source.paused_at is not None:
        raise PausedSourceError("This source is paused, so nothing is taken for it.")


async def stored_parts(database: Database, new: Import, head: bytes, parts: AsyncIterator[bytes]) -> tuple[bytes, int]:
    """Store a file part by part, each in a transaction of its own; return its SHA-256 and its size in bytes."""
    digest = sha256(head)
    size_bytes, number = len(head), 0
    held = bytearray(head)
    async for part in parts:
        digest.update(part)
        size_bytes += len(part)
        held += part
        if len(held) >= CHUNK_BYTES:
            await _store_part(database, new, number, bytes(held))
            held.clear()
            number += 1
    if held:
        await _store_part(database, new, number, bytes(held))
    return digest.digest(), size_bytes


async def _store_part(database: Database, new: Import, number: int, part: bytes) -> None:
    async with database.driver_transaction(new.tenant_id) as tx:
        await store.add_chunk(tx, new.tenant_id, new.id, number, part)


async def _parts(request: Request) -> AsyncIterator[bytes]:
    async for part in request.stream():
        if part:
            yield part


async def _head(parts: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """Return the beginning of a file, and whether it may go on behind it."""
    head = bytearray()
    async for part in parts:
        head += part
        if len(head) >= HEAD_BYTES:
            return bytes(head), True
    return bytes(head), False


def _unpacked(head: bytes) -> bytes:
    if not head.startswith(GZIP_MARK):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise UnusableFileError(f"the file begins as gzip, and is none: {error}") from error


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    if kind not in FILE_TYPES:
        detail = f"This is {kind or 'nothing'}. {PROBLEMS['unknown-file-type']}"
        raise Problem("unknown-file-type", 415, "This is no file that is taken", detail)


def _idempotency_key(text: str, new: Import, digest: bytes) -> IdempotencyKey:
    wanted_of_it = msgspec.json.encode((str(new.source_id), new.wanted, new.dry_run, new.backfill))
    return IdempotencyKey(f"api:{text}", sha256(b"POST /v1/imports\n" + wanted_of_it + digest).digest())


async def _get(tx: TenantTx, principal: Principal, import_id: UUID) -> Import:
    found = await store.get(tx, principal.tenant_id, import_id)
    if found is None:
        raise not_found("import")
    return found


async def _reject_lines(database: Database, of: Import) -> AsyncIterator[str]:
    understood = of.understood
    columns = () if understood is None else understood.columns
    delimiter = "," if understood is None else understood.delimiter
    yield "\ufeff" + _line(reject_head(columns), delimiter)
    line = -1
    while True:
        async with database.transaction(of.tenant_id) as tx:
            found = await store.rejects(tx, of.tenant_id, of.id, line, REJECTS_AT_ONCE)
        if not found:
            return
        line = found[-1].line
        yield "".join(_line(reject_cells(columns, each), delimiter) for each in found)


def _line(cells: list[str], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerow(cells)
    return text.getvalue()
