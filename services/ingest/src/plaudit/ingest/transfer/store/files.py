"""The files of a transfer: the table that is read, the rows that were rejected, and the names of subjects."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, cast

from plaudit.common.refusals import WrongInputError
from plaudit.ingest.transfer.domain.advice import Advice
from plaudit.ingest.transfer.domain.json_array import JsonArray, is_json_array
from plaudit.ingest.transfer.domain.json_lines import JsonLines
from plaudit.ingest.transfer.domain.mapping import folded
from plaudit.ingest.transfer.domain.rows import Reject
from plaudit.ingest.transfer.domain.subjects import SubjectError, Subjects
from plaudit.ingest.transfer.domain.table import (
    GZIP_MARK,
    NOTE_PREFIX,
    Table,
    UnreadableFileError,
    encoding_of,
    refuse_archives,
)

HEAD_BYTES: Final = 1_024
NOTES: Final = tuple(f"{NOTE_PREFIX}{name}" for name in ("line", "id", "reason"))
"""The first columns of a file of rejects."""
SUBJECT_COLUMNS: Final = ("name", "subject")
DEFAULT_ENCODING: Final = "utf-8"
WIDEST_BYTES: Final = 4
"""Of a character in any encoding: UTF-16 and UTF-32 have a NUL in those of the first letter of a header."""
JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})


@contextmanager
def opened(path: Path, encoding: str | None, delimiter: str | None) -> Iterator[Table | JsonLines]:
    """Open a table, in gzip or not.

    Args:
        path: the file.
        encoding: what it is stated to be; None to go by its mark, and without one to take it as UTF-8.
        delimiter: None to find it by the header and the first row.

    Raises:
        WrongInputError: it cannot be read; the text says which line, and what to do.
    """
    try:
        with ExitStack() as stack:
            yield _table(stack, path, encoding, delimiter)
    except UnreadableFileError as error:
        raise WrongInputError(f"{path} cannot be read as {_form(path)}: {error}") from error


def _table(stack: ExitStack, path: Path, encoding: str | None, delimiter: str | None) -> Table | JsonLines:
    try:
        stored = stack.enter_context(path.open("rb"))
    except OSError as error:
        raise UnreadableFileError(str(error)) from error
    # Not by its name: browsers unpack what they store, and leave the name as it was.
    is_packed = stored.peek(len(GZIP_MARK)).startswith(GZIP_MARK)
    unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=stored)) if is_packed else stored
    return table_in(stack, unpacked, encoding, delimiter, is_json_lines=_is_json_lines(path))


def table_in(
    stack: ExitStack, content: IO[bytes], encoding: str | None, delimiter: str | None, *, is_json_lines: bool | None
) -> Table | JsonLines:
    """Return the table that bytes are, to be read while the stack is open.

    Args:
        stack: closes what is opened.
        content: the bytes, unpacked.
        encoding: what it is stated to be; None to go by its mark, and without one to take it as UTF-8.
        delimiter: None to find it by the header and the first row.
        is_json_lines: whether it is JSON lines and no delimited text; None to go by its first letter. An array of
            objects is known by its beginning in any case.

    Raises:
        UnreadableFileError: it cannot be read.
        WrongInputError: the stated encoding is none.
    """
    try:
        buffered = io.BufferedReader(cast("io.RawIOBase", content))
        head = buffered.peek(HEAD_BYTES)[:HEAD_BYTES]
        refuse_archives(head)
        name = encoding_of(head) or encoding or DEFAULT_ENCODING
        text = io.TextIOWrapper(buffered, encoding=name, errors="surrogateescape", newline="")
        first = head.decode(name, "ignore").lstrip("\ufeff \t\r\n")
    except LookupError as error:
        raise WrongInputError(f"{name!r} is no encoding that is known, such as utf-8, utf-16-le or cp1252") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFileError(str(error)) from error
    if name == DEFAULT_ENCODING and b"\0" in head[:WIDEST_BYTES]:
        advice = Advice("State {encoding:utf-16-le}, or {encoding:utf-16-be}")
        raise UnreadableFileError("line 1 holds NUL: is it UTF-16? ", advice)
    text = stack.enter_context(text)
    if is_json_array(first):
        return JsonArray(text.read, name, lenient=encoding is not None)
    if first.startswith("{") if is_json_lines is None else is_json_lines:
        return JsonLines(text.readline, name, lenient=encoding is not None)
    return Table(text.readline, name, delimiter, lenient=encoding is not None)


def _form(path: Path) -> str:
    return {True: "JSON lines", False: "CSV", None: "JSON"}[_is_json_lines(path)]


def _is_json_lines(path: Path) -> bool | None:
    """Return whether a file is JSON lines by its name; None for one whose name only says that it is JSON."""
    suffix = Path(path.name.removesuffix(".gz")).suffix
    return None if suffix == ".json" else suffix in JSON_LINES


class Rejects:
    """The file of rows that were rejected, each with its line, id and reason, to be mended and sent again.

    It is made with the first of them.
    """

    def __init__(self, path: Path, columns: Sequence[str], delimiter: str) -> None:
        """Write to this file, with the table's own columns and delimiter."""
        self.path = path
        self.count = 0
        self.keep = False
        """Whether it stays when the run breaks off: once something has been sent."""
        self._columns = columns
        self._delimiter = delimiter
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            if kind is not None and not self.keep:
                self.path.unlink(missing_ok=True)

    def add(self, reject: Reject) -> None:
        """Write a rejected row.

        Raises:
            WrongInputError: the file cannot be written.
        """
        try:
            if self._file is None:
                # Bytes that could not be decoded are shown by their numbers.
                self._file = self.path.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace")
                self._write(reject_head(self._columns))
            self._write(reject_cells(self._columns, reject))
        except OSError as error:
            raise WrongInputError(f"{self.path} cannot be written: {error.strerror}") from error
        self.count += 1

    def _write(self, cells: Sequence[str]) -> None:
        csv.writer(cast("IO[str]", self._file), delimiter=self._delimiter).writerow(cells)


def reject_head(columns: Sequence[str]) -> list[str]:
    """Return the header of a file of rejects of a table with these columns."""
    return [*NOTES, *_without(columns, columns)]


def reject_cells(columns: Sequence[str], reject: Reject) -> list[str]:
    """Return a row of a file of rejects."""
    return [str(reject.line), reject.id, reject.reason, *_without(reject.cells, columns)]


def _without(cells: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the cells that are no notes of an earlier file of rejects."""
    notes = [folded(name).startswith(folded(NOTE_PREFIX)) for name in columns]
    return [cell for place, cell in enumerate(cells) if place >= len(notes) or not notes[place]]


def free_path(file: Path) -> Path:
    """Return where the rejects of a file go: beside it, and never over what is there, which may be half mended."""
    stem = Path(file.name.removesuffix(".gz")).stem
    made = file.with_name(f"{stem}.rejects.csv")
    number = 1
    while made.exists():
        number += 1
        made = file.with_name(f"{stem}.rejects-{number}.csv")
    return made


def read_subjects(path: Path | None) -> Subjects:
    """Return the subjects whose names a file states, in columns `name` and `subject`; none if there is no such file.

    Raises:
        WrongInputError: the file cannot be read so.
    """
    if path is None or not path.exists():
        return Subjects({})
    with opened(path, None, None) as table:
        if not {*SUBJECT_COLUMNS} <= {*table.columns}:
            raise WrongInputError(f"{path} needs the columns name and subject; it has {', '.join(table.columns)}")
        name, subject = (table.columns.index(column) for column in SUBJECT_COLUMNS)
        stated: dict[str, str] = {}
        for row in table.rows():
            if isinstance(row, Reject):
                raise WrongInputError(f"{path}, line {row.line}: {row.reason}")
            stated[row.cells[name]] = row.cells[subject]
    try:
        return Subjects(stated)
    except SubjectError as error:
        raise WrongInputError(f"{path}: {error}") from error


def write_subjects(path: Path, subjects: Subjects) -> None:
    """Write which name is which subject, so that the next import finds the same ones.

    Raises:
        WrongInputError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(SUBJECT_COLUMNS)
            writer.writerows(subjects.stated)
    except OSError as error:
        raise WrongInputError(f"{path} cannot be written: {error.strerror}") from error
