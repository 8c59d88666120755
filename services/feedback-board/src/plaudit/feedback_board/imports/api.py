"""The HTTP API of imports and of the export of a board."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from plaudit.common.db import Database, Role
from plaudit.common.http import Principal, Problem, Refusals, describe, unprocessable
from plaudit.common.http.body import read_body
from plaudit.common.http.files import Format, as_file, content_of_file
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.imports import exporting
from plaudit.feedback_board.imports.commands import Import
from plaudit.feedback_board.imports.domain.rows import MAX_FILE_BYTES, MAX_ID_CHARACTERS, Form, UnusableFileError
from plaudit.feedback_board.imports.running import Report, Runner
from plaudit.feedback_board.imports.schemas import ImportReportOut, report_out
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, actor_of

PATH: Final = "/v1/board/imports"
FORMS: Final = {"text/csv": Form.CSV, "application/json": Form.GITHUB}
"""Type of a body → what the file is."""
PROBLEMS: Final = {
    "unusable-import": "Nothing of the file can be read, or it is beyond a limit; the detail says what to do.",
    "unknown-import-type": f"Send the file as {' or '.join(FORMS)}, with nothing around it.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {UnusableFileError: lambda error: unprocessable("unusable-import", str(error))}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(prefix="/v1/board", tags=["board"])


async def board_database(request: Request) -> Database:
    """Return the connections of requests."""
    database: Database = request.app.state.resources.database(Role.API)
    return database


BoardDatabase = Annotated[Database, Depends(board_database)]


def _file_body() -> dict[str, Any]:
    examples = {"text/csv": "external_id,title\r\n7,Dark mode\r\n", "application/json": "[]"}
    content = {kind: {"schema": {"type": "string"}, "example": example} for kind, example in examples.items()}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/imports",
    summary="Import requests of another board",
    openapi_extra=_file_body() | describe(problems={"unusable-import": 422, "unknown-import-type": 415}),
)
async def import_requests(
    request: Request,
    principal: BoardWriter,
    database: BoardDatabase,
    source: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_ID_CHARACTERS,
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$",
            description="The board that rows are of which do not say it.",
            examples=["canny"],
        ),
    ] = "csv",
    dry_run: Annotated[bool, Query(description="Write nothing, and report what an import would do.")] = False,
) -> ImportReportOut:
    """Import a CSV file, or issues of GitHub as JSON, of up to 20 MB and 100,000 rows. The file is the body.

    A row that cannot be taken costs no other one. The same file again changes nothing; a row that says something else
    than before changes that alone. Nobody is told.
    """
    form = FORMS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if form is None:
        raise Problem("unknown-import-type", 415, "This is no file that is taken", PROBLEMS["unknown-import-type"])
    body = await read_body(request, MAX_FILE_BYTES)
    return report_out(await carry_out(request, database, principal, body, form, source, dry_run=dry_run))


async def carry_out(
    request: Request, database: Database, principal: Principal, body: bytes, form: Form, source: str, *, dry_run: bool
) -> Report:
    """Import a file for who asks for it. Raises UnusableFileError."""
    async with database.driver_snapshot(principal.tenant_id) as tx:
        key = await tenants.person_key_of(tx, principal.tenant_id)
    if key is None:
        raise RuntimeError(f"tenant {principal.tenant_id!r} has an API key and no key for people")
    resources = request.app.state.resources
    runner = Runner(database, resources.outbox, resources.ids)
    begun = Import(principal.tenant_id, key, actor_of(principal))
    return await runner.run(begun, body, form, source, dry_run=dry_run)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": content_of_file(exporting.HEAD, '{"table": "requests", "row": {…}}')}},
    summary="Export the board",
)
async def export_board(
    principal: BoardReader,
    database: BoardDatabase,
    file_format: Annotated[
        Literal["jsonl", "csv"],
        Query(alias="format", description="All of the board, a row on each line; or its requests alone, as CSV."),
    ] = "jsonl",
) -> StreamingResponse:
    """Export the board: requests, votes by person key, comments, links, merges, log, changelog, personas, settings.

    CSV has the requests alone and begins with a byte order mark; our import reads it. A text that a spreadsheet could
    take for a formula has a quote in front, which our import takes off again.
    """
    lines: AsyncIterator[str] = (
        exporting.csv_pieces(database, principal.tenant_id)
        if file_format == "csv"
        else exporting.json_pieces(database, principal.tenant_id)
    )
    return as_file(lines, "board", Format(file_format))
