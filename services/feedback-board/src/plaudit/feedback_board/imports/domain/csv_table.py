"""The rows of a CSV file as mappings of column to cell; a row that cannot be read costs no other one."""

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from typing import Final

from plaudit.common.csv_cells import unguarded
from plaudit.feedback_board.imports.domain.rows import Refusal, UnusableFileError

MAX_COLUMNS: Final = 200
MAX_CELL_CHARACTERS: Final = 1_000_000
MAX_RECORD_LINES: Final = 2_000
"""A row with more line breaks has a quote that is never closed."""
MAX_RETURNS: Final = 100
"""So often the rows behind such a quote are read by themselves: a file that is nothing but quotes ends in time."""
DELIMITERS: Final = (",", ";", "\t")

Cells = tuple[int, Mapping[str, str]]


def decoded(body: bytes) -> str:
    """Return the text of a file in UTF-8, with a byte order mark or without one.

    Raises:
        UnusableFileError: it is not UTF-8.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise UnusableFileError(f"line {line} is not UTF-8: save the file as “CSV UTF-8” and send it again") from error


def read_table(body: bytes) -> Iterator[Cells | Refusal]:
    """Yield the rows of a CSV file, each with the line that it begins at; the first row names the columns.

    Raises:
        UnusableFileError: it is not UTF-8, or has no row of names that can be used.
    """
    lines = _lines(decoded(body))
    start = next((at for at, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise UnusableFileError("the file is empty: its first line names the columns")
    delimiter = max(DELIMITERS, key=lines[start].count)
    if lines[start].count(delimiter) >= MAX_COLUMNS:
        raise UnusableFileError(f"the file has more than {MAX_COLUMNS} columns")
    names, at = _record(lines, start, delimiter)
    if names is None:
        raise UnusableFileError("the first line, which names the columns, has a quote that is never closed")
    return _rows(lines, at, _column_names(names), delimiter)


def _column_names(names: list[str]) -> list[str]:
    named = [" ".join(name.replace("_", " ").casefold().split()) for name in names]
    twice = next((name for name in named if name and named.count(name) > 1), None)
    if twice is not None:
        raise UnusableFileError(f"two columns have the name {twice[:60]!r}: give one of them another name")
    return named


def _rows(lines: list[str], at: int, names: list[str], delimiter: str) -> Iterator[Cells | Refusal]:
    returns = 0
    while at < len(lines):
        begins = at
        if not lines[at].strip():
            at += 1
            continue
        cells, at = _record(lines, begins, delimiter)
        line = begins + 1
        if cells is None:
            yield Refusal(line, "", "a quote of this row is never closed, or something follows behind one")
            returns += 1
            if returns <= MAX_RETURNS:
                at = begins + 1
        elif len(cells) > len(names):
            yield Refusal(line, "", f"the row has {len(cells):,} cells and the file {len(names)} columns")
        else:
            yield line, {name: unguarded(cell) for name, cell in zip_longest(names, cells, fillvalue="") if name}


def _record(lines: list[str], begins: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Return the record that begins at a line, None where it cannot be read, and the line that is behind it."""
    most = csv.field_size_limit(MAX_CELL_CHARACTERS)
    reader = csv.reader(islice(lines, begins, begins + MAX_RECORD_LINES), delimiter=delimiter, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return None, begins + max(reader.line_num, 1)
    finally:
        csv.field_size_limit(most)
    return cells, begins + reader.line_num


def _lines(text: str) -> list[str]:
    """Return the lines of a text, which line feeds and carriage returns alone end."""
    return list(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"), newline="\n"))
