"""A file as rows and refusals, in its order: what every import reads, dry or not."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from plaudit.feedback_board.imports.domain import columns
from plaudit.feedback_board.imports.domain.csv_table import read_table
from plaudit.feedback_board.imports.domain.github import SOURCE, read_issues
from plaudit.feedback_board.imports.domain.rows import (
    MAX_FILE_BYTES,
    MAX_ROWS,
    Form,
    ImportRow,
    Refusal,
    UnusableFileError,
)
from plaudit.feedback_board.requests.domain.errors import InvalidInputError


def read_file(body: bytes, form: Form, source: str, now: datetime) -> Iterator[ImportRow | Refusal]:
    """Yield what a file says, row by row. Of rows with one id, the first is taken and the others are refused.

    Args:
        body: the whole file.
        form: what it is.
        source: of the rows of a CSV file that do not say theirs.
        now: no row is newer.

    Raises:
        UnusableFileError: nothing of it can be read, or it is beyond a limit.
    """
    if len(body) > MAX_FILE_BYTES:
        raise UnusableFileError(f"the file is larger than {MAX_FILE_BYTES // 2**20} MB: cut it in parts")
    seen: dict[tuple[str, str], int] = {}
    for number, found in enumerate(_cells(body, form), start=1):
        if number > MAX_ROWS:
            raise UnusableFileError(f"the file has more than {MAX_ROWS:,} rows: cut it in parts")
        yield found if isinstance(found, Refusal) else _row(*found, source, now, seen)


def _row(
    line: int, cells: Mapping[str, str], source: str, now: datetime, seen: dict[tuple[str, str], int]
) -> ImportRow | Refusal:
    try:
        row = columns.row_of(line, cells, source=source, now=now)
    except InvalidInputError as error:
        return Refusal(line, error.field, str(error))
    first = seen.setdefault(row.external, line)
    if first != line:
        return Refusal(line, "external_id", f"line {first} has the same external_id: only that one is taken")
    return row


def _cells(body: bytes, form: Form) -> Iterator[tuple[int, Mapping[str, str]] | Refusal]:
    if form is Form.GITHUB:
        yield from read_issues(body)
        return
    fields: dict[str, str] | None = None
    for found in read_table(body):
        if isinstance(found, Refusal):
            yield found
            continue
        line, cells = found
        if fields is None:
            fields = columns.fields_of(cells)
        yield line, {fields[name]: cell for name, cell in cells.items() if name in fields}


__all__ = ["SOURCE", "read_file"]
