"""The rows of delimited text: encoding, delimiter and header, and each record by itself.

A record that cannot be read costs no other. A quote that is never closed would swallow the rest of the file: then only
its first line is rejected, and the lines after it are read again. Memory is bounded by the longest record.
"""

import codecs
import csv
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from plaudit.ingest.transfer.domain.advice import Advice, AdvisedError
from plaudit.ingest.transfer.domain.rows import Reject, Row

MAX_FIELD_CHARS: Final = 1_048_576
MAX_LINE_CHARS: Final = 4 * MAX_FIELD_CHARS
MAX_COLUMNS: Final = 1_000
DELIMITERS: Final = ",;\t|"
GZIP_MARK: Final = b"\x1f\x8b"
NOTE_PREFIX: Final = "plaudit_"
"""Of the columns that a file of rejects has besides its own."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARCHIVES: Final = ((b"PK\x03\x04", "a ZIP archive, as a workbook is"), (b"\xd0\xcf\x11\xe0", "a workbook"))
_COMPARED_LINES: Final = 50
_COMPARED_CHARS: Final = 64 * 1024
"""Of what is looked at for the delimiter; the header and one row are, as a rule, two lines."""
_UNUSABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

ReadLine = Callable[[int], str]
"""Takes the most characters to read; returns a line with its end, or nothing at the end of the file."""


class UnreadableFileError(AdvisedError):
    """A file that is not read any further; the text says which line, and what to do."""


class _LineTooLongError(Exception):
    """A line has more than `MAX_LINE_CHARS`; the rest of it has been passed over."""


def encoding_of(head: bytes) -> str | None:
    """Return the encoding that the first bytes of a file state by a mark; None without one."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def refuse_archives(head: bytes) -> None:
    """Check by the first bytes of a file that it is no workbook.

    Raises:
        UnreadableFileError: it is one.
    """
    for mark, kind in _ARCHIVES:
        if head.startswith(mark):
            raise UnreadableFileError(f"it is {kind}, and no text: save the sheet as CSV")


def undecodable(line: str, number: int, encoding: str, *, lenient: bool) -> str | None:
    """Return what no text may hold and this line holds: NUL, or a byte that is not in the encoding; None without it.

    Raises:
        UnreadableFileError: there is such a byte, and it is not to be lenient about.
    """
    found = _UNUSABLE.search(line)
    if found is None:
        return None
    if found[0] == "\0":
        return "the row holds a NUL character"
    reason = f"byte 0x{ord(found[0]) & 0xFF:02X} in line {number} is not {encoding}"
    if not lenient:
        raise UnreadableFileError(
            f"{reason}: ",
            Advice(
                "state {encoding}, for example {encoding:cp1252}", on_page="state it, for example {encoding:cp1252}"
            ),
        )
    return reason


class Table:
    """Delimited text with a header: its columns, and its rows one after the other."""

    def __init__(self, readline: ReadLine, encoding: str, delimiter: str | None = None, *, lenient: bool) -> None:
        """Read the header.

        Args:
            readline: reads the decoded text; undecodable bytes are lone surrogates (`surrogateescape`).
            encoding: its name, for messages.
            delimiter: None to find it by the header and the first row.
            lenient: whether a line that is not in this encoding is a reject; otherwise the file is not read further.

        Raises:
            UnreadableFileError: there is no header that can be read.
        """
        self._lines = _Lines(readline, encoding, lenient=lenient)
        self.encoding = encoding
        # The limit is one of the whole process; it is the same for every table.
        csv.field_size_limit(MAX_FIELD_CHARS)
        first = self._first_line()
        if stated := _SEPARATOR_LINE.fullmatch(first):
            delimiter = delimiter or stated[1]
            first = self._first_line()
        self._lines.read_again([first])
        self.delimiter = delimiter or self._found_delimiter()
        self._reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        header = self._record()
        if isinstance(header, Reject):
            raise UnreadableFileError(f"line {header.line}, the header, cannot be read: {header.reason}")
        self.columns = [] if header is None else [name.strip().lstrip("\ufeff") for name in header.cells]
        if not any(self.columns):
            raise UnreadableFileError("the file has no header row with the names of its columns")
        if len(self.columns) > MAX_COLUMNS:
            raise UnreadableFileError(f"the file has {len(self.columns):,} columns; {MAX_COLUMNS:,} are read")

    def rows(self) -> Iterator[Row | Reject]:
        """Return the rows in their order, each as it can be read.

        Raises:
            UnreadableFileError: a line is not in the encoding, and that was not stated.
        """
        wanted = len(self.columns)
        while (record := self._record()) is not None:
            if isinstance(record, Reject):
                yield record
                continue
            line, cells = record
            if not any(cells):
                continue
            if len(cells) > wanted and not any(cells[wanted:]):
                cells = cells[:wanted]
            if len(cells) == wanted:
                yield Row(line, cells)
            else:
                size = "short" if len(cells) < wanted else "long"
                yield Reject(line, "", f"the row is too {size}: {len(cells)} cells for {wanted} columns", cells)

    def _found_delimiter(self) -> str:
        """Return the delimiter that splits the header into the most columns, and the first row into as many."""
        seen: list[str] = []

        def lines() -> Iterator[str]:
            for place in range(_COMPARED_LINES):
                if place == len(seen):
                    line = self._lines.peeked() if sum(map(len, seen)) < _COMPARED_CHARS else ""
                    if not line:
                        return
                    seen.append(line)
                yield seen[place]

        found = max(DELIMITERS, key=lambda delimiter: _fit(lines(), delimiter))
        self._lines.read_again(seen)
        return found

    def _first_line(self) -> str:
        try:
            line = next(self._lines, "")
            while line and not line.strip():
                line = next(self._lines, "")
        except _LineTooLongError as error:
            raise UnreadableFileError(f"line 1 has more than {MAX_LINE_CHARS:,} characters") from error
        if not line:
            raise UnreadableFileError("the file is empty: a header row with the names of its columns is needed")
        return line

    def _record(self) -> Row | Reject | None:
        line = self._lines.begin()
        try:
            cells = next(self._reader, None)
        except _LineTooLongError:
            return Reject(line, "", f"the line has more than {MAX_LINE_CHARS:,} characters", [])
        except csv.Error as error:
            return self._unreadable(line, str(error))
        if cells is None:
            return None
        reason = self._lines.unusable()
        return Row(line, cells) if reason is None else Reject(line, "", reason, cells)

    def _unreadable(self, line: int, error: str) -> Reject:
        raw = self._lines.record
        if "unexpected end" in error:
            reason = "a quote is opened and never closed"
        elif "field larger" in error:
            reason = f"a field has more than {MAX_FIELD_CHARS:,} characters, or a quote is never closed"
        else:
            text = "".join(raw).rstrip("\r\n")
            return Reject(line, "", 'a quote inside a quoted field is not doubled ("")', [text])
        self._lines.read_again(raw[1:])
        return Reject(line, "", reason, [raw[0].rstrip("\r\n")])


class _Lines:
    """The lines of a text with their numbers; those of a broken record can be read again."""

    def __init__(self, readline: ReadLine, encoding: str, *, lenient: bool) -> None:
        self.record: list[str] = []
        self._readline = readline
        self._encoding = encoding
        self._lenient = lenient
        self._again: deque[str] = deque()
        self._number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self._number += 1
        self.record.append(line)
        if len(line) > MAX_LINE_CHARS:
            rest = line
            while rest and not rest.endswith("\n"):
                rest = self._read()
            # So it is too long again when it is read again, and takes nothing of the line after it.
            self.record[-1] = line if line.endswith("\n") else f"{line}\n"
            raise _LineTooLongError
        return line

    def peeked(self) -> str:
        """Return the next line, which is to be read again; nothing at the end."""
        try:
            return next(self, "")
        except _LineTooLongError:
            return self.record[-1]

    def begin(self) -> int:
        """Begin a record; return the number of its first line."""
        self.record = []
        return self._number + 1

    def read_again(self, lines: list[str]) -> None:
        """Give lines back, the last ones that were read."""
        self._again.extendleft(reversed(lines))
        self._number -= len(lines)

    def unusable(self) -> str | None:
        """Return what no text may hold and the record holds.

        Raises:
            UnreadableFileError: bytes that are not in the encoding, which was not stated.
        """
        first = self._number - len(self.record) + 1
        for number, line in enumerate(self.record, first):
            if reason := undecodable(line, number, self._encoding, lenient=self._lenient):
                return reason
        return None

    def _read(self) -> str:
        try:
            return self._readline(MAX_LINE_CHARS + 1)
        except UnicodeError as error:
            raise UnreadableFileError(
                f"the text around line {self._number + 1} is not {self._encoding} ({error}): ",
                Advice("state {encoding}"),
            ) from error
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableFileError(f"line {self._number + 1}: {error}") from error


def _fit(lines: Iterator[str], delimiter: str) -> tuple[bool, int]:
    """Return whether a delimiter splits the first row as it splits the header, and into how many columns that."""
    counts: list[int] = []
    with suppress(csv.Error):
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            wanted = counts[0] if counts else len(cells)
            if cells:
                counts.append(len(cells) if any(cells[wanted:]) else min(len(cells), wanted))
            if len(counts) == 2:
                break
    return len(counts) == 2 and counts[0] == counts[1] > 1, counts[0] if counts else 0
