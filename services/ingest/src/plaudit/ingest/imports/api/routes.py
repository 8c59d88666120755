"""The routes of imports: a file is sent here, and a job writes its rows."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

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
from plaudit.common.http.files import MEDIA_TYPES, Format, as_file
from plaudit.ingest.imports import commands, store
from plaudit.ingest.imports.api.looking import look_at
from plaudit.ingest.imports.api.reading import Reading
from plaudit.ingest.imports.api.receiving import head_of, received
from plaudit.ingest.imports.api.rejects import reject_lines
from plaudit.ingest.imports.domain import (
    FinishedImportError,
    Import,
    PausedSourceError,
    UnknownImportError,
    UnusableFileError,
)
from plaudit.ingest.imports.schemas import FILE_TYPES, ImportOut, PreviewOut, file_body, import_out
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.transfer.domain.advice import Place, told

MAX_PREVIEW_BYTES: Final = 1024 * 1024
PROBLEMS: Final = {
    "unusable-file": "The file cannot be read, or its columns cannot be mapped so; the detail says what to do.",
    "unknown-file-type": f"Send a file as {', '.join(FILE_TYPES)}, with nothing around it.",
    "import-ended": "The import has ended. What it has written stays.",
    "source-paused": "The source is paused, so nothing is taken for it. Resume it first.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    UnusableFileError: lambda error: unprocessable("unusable-file", told(error, Place.API)),
    UnknownImportError: lambda _: not_found("import"),
    FinishedImportError: lambda error: conflict("import-ended", str(error)),
    PausedSourceError: lambda error: conflict("source-paused", str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["imports"])
Reader = Annotated[Principal, Depends(authorize("imports:read"))]
Importer = Annotated[Principal, Depends(authorize("imports:write"))]
ImportId = Annotated[UUID, Path(description="The import's id.")]


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
    """Import a file of reviews: CSV, JSON lines or a JSON array, in gzip or not, of up to 2 GiB. The file is the body.

    A job reads the whole file, and then writes its rows in the order of their time. A row that cannot be taken costs no
    other one, and is told by `/rejects`. The same file again changes nothing.
    """
    _check_type(request)
    parts = _parts(request)
    head, has_more = await head_of(parts)
    look_at(head, reading, Place.API, has_more=has_more)
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
    head, has_more = await head_of(parts)
    async for _ in parts:
        has_more = True
    return look_at(head, reading, Place.API, has_more=has_more)


@router.get("/v1/imports", summary="List imports")
async def list_imports(principal: Reader, tx: TenantTx, paging: Paging) -> Page[ImportOut]:
    """List imports, the latest first."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows)
    return paging.page(found, lambda each: (each.requested_at, each.id), import_out)


@router.get("/v1/imports/{import_id:uuid}", summary="Read an import")
async def read_import(principal: Reader, tx: TenantTx, import_id: ImportId) -> ImportOut:
    """Read how far an import is, and how its file was understood."""
    return import_out(await _get(tx, principal, import_id))


@router.delete(
    "/v1/imports/{import_id:uuid}",
    status_code=204,
    summary="Cancel an import",
    openapi_extra=describe(problems={"import-ended": 409}),
)
async def cancel_import(principal: Importer, work: Work, import_id: ImportId) -> None:
    """End an import between two groups of its rows. What it has written stays."""
    await commands.cancel(work.tx, principal.tenant_id, import_id)


@router.get(
    "/v1/imports/{import_id:uuid}/rejects",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                MEDIA_TYPES[Format.CSV]: {
                    "schema": {"type": "string"},
                    "example": "plaudit_line,plaudit_id,plaudit_reason,id\r\n",
                }
            }
        }
    },
    summary="Read the rejects of an import",
)
async def read_rejects(request: Request, principal: Reader, tx: TenantTx, import_id: ImportId) -> StreamingResponse:
    """Read the rows that were not taken, as a file: mend it, and import it. The first columns say what is wrong."""
    found = await _get(tx, principal, import_id)
    database: Database = request.app.state.resources.database(Role.API)
    return as_file(reject_lines(database, found), f"{import_id}.rejects", Format.CSV)


async def _parts(request: Request) -> AsyncIterator[bytes]:
    async for part in request.stream():
        if part:
            yield part


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    if kind not in FILE_TYPES:
        detail = f"This is {kind or 'nothing'}. {PROBLEMS['unknown-file-type']}"
        raise Problem("unknown-file-type", 415, "This is no file that is taken", detail)


async def _get(tx: TenantTx, principal: Principal, import_id: UUID) -> Import:
    found = await store.get(tx, principal.tenant_id, import_id)
    if found is None:
        raise not_found("import")
    return found
