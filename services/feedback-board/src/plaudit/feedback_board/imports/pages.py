"""The console's page of imports: a file is sent, and the page says what became of its rows."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from plaudit.common.http import Principal, TenantTx
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, staff
from plaudit.feedback_board.imports.api import BoardDatabase, carry_out
from plaudit.feedback_board.imports.domain.rows import MAX_FILE_BYTES, MAX_ROWS, Form, UnusableFileError
from plaudit.feedback_board.imports.schemas import ImportReportOut, report_out

IMPORTS: Final = "/console/board/imports"
AROUND_FILE_BYTES: Final = 64 * 1024
"""Of the form, beside the file."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.feedback_board.imports")
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]


@router.get(IMPORTS)
async def show_import(request: Request, principal: Writer, tx: TenantTx) -> Response:
    """Show the form."""
    return await _page(request, principal, tx)


@router.post(IMPORTS)
async def import_file(request: Request, principal: Writer, database: BoardDatabase) -> Response:
    """Import a file, or only report what an import would do, as the button says."""
    report, error = None, ""
    async with request.form(max_files=1, max_fields=5) as form:
        file, dry_run = form.get("file"), form.get("do") != "import"
        if not isinstance(file, UploadFile) or not file.size:
            error = "Choose a file that is not empty."
        else:
            kind = Form.GITHUB if (file.filename or "").casefold().endswith(".json") else Form.CSV
            body = await file.read(MAX_FILE_BYTES + 1)
            try:
                found = await carry_out(request, database, principal, body, kind, "csv", dry_run=dry_run)
                report = report_out(found)
            except UnusableFileError as refusal:
                error = sentence(str(refusal))
    async with database.transaction(principal.tenant_id) as tx:
        return await _page(request, principal, tx, report, error)


async def _page(
    request: Request, principal: Principal, tx: TenantTx, report: ImportReportOut | None = None, error: str = ""
) -> Response:
    return await console.response(
        request,
        principal,
        tx,
        "console_import.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        further=("Import",),
        report=report,
        error=error,
        imports_path=IMPORTS,
        max_megabytes=MAX_FILE_BYTES // 2**20,
        max_rows=MAX_ROWS,
    )
