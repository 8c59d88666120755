"""The rows of one JSON array of objects, read part by part: memory is bounded by the longest object.

Only brackets and strings are looked at to find where an object ends. So one that is no JSON costs no other, as long as
its brackets and quotes are closed. A parser that reads as it goes, such as ijson, cannot go on behind such an object.
"""

import re
from collections.abc import Iterator
from typing import Final

from plaudit.ingest.transfer.domain.json_lines import JsonLines
from plaudit.ingest.transfer.domain.rows import Reject, Row
from plaudit.ingest.transfer.domain.table import MAX_LINE_CHARS, ReadLine, UnreadableFileError

PART_CHARS: Final = 64 * 1024
MAX_OBJECT_CHARS: Final = MAX_LINE_CHARS
_SPACE: Final = "\ufeff \t\r\n"
_BEGINNING: Final = re.compile(r"[\ufeff \t\r\n]*\[[ \t\r\n]*(?:[{\]]|$)")
_STRING: Final = r'"(?:[^"\\]++|\\.)*+"'
_WITHIN: Final = re.compile(rf'(?:[^\[\]{{}}"]++|{_STRING})*+([\[\]{{}}])', re.DOTALL)
"""Up to the next bracket within an object, past all strings."""
_BETWEEN: Final = re.compile(rf'(?:[^\[\]{{}},"]++|{_STRING})*+([\[\]{{}},])', re.DOTALL)
"""The same in the array itself, where a comma parts its elements."""
_WHOLE: Final = re.compile(rf'(?:[^"]++|{_STRING})*+', re.DOTALL)
"""Up to a string that goes on in the next part."""


def is_json_array(head: str) -> bool:
    """Return whether a text begins as an array of objects does."""
    return _BEGINNING.match(head) is not None


class JsonArray(JsonLines):
    """A JSON array of objects: their columns, and their rows one after the other.

    The number of a row is that of its object in the array, from 1: such a file may well have a single line.
    """

    def __init__(self, read: ReadLine, encoding: str, *, lenient: bool) -> None:
        """Read the first objects.

        Args:
            read: takes the most characters to read; returns these, or nothing at the end of the file.
            encoding: its name, for messages.
            lenient: whether an object that is not in this encoding is a reject.

        Raises:
            UnreadableFileError: none of the first is an object.
        """
        self._broken: UnreadableFileError | None = None
        self._elements = iter(_Elements(read))
        super().__init__(read, encoding, lenient=lenient)

    def rows(self) -> Iterator[Row | Reject]:
        """Return the rows in their order, each as it can be read.

        Raises:
            UnreadableFileError: an object is not in the encoding, and that was not stated; or the array has no end.
        """
        yield from super().rows()
        if self._broken is not None:
            raise self._broken

    def _objects(self) -> Iterator[tuple[int, dict[str, str]] | Reject]:
        """Yield the objects. What ends the file too early is raised once all rows before it were returned."""
        try:
            for element in self._elements:
                self._number += 1
                if element is None:
                    reason = f"the object has more than {MAX_OBJECT_CHARS:,} characters"
                    yield Reject(self._number, "", reason, [])
                else:
                    yield self._object(element, "entry of the array")
        except _EndsTooEarlyError as error:
            self._broken = UnreadableFileError(f"after entry {self._number} of the array, {error}")


class _EndsTooEarlyError(Exception):
    """The array has no end, or something follows it."""


class _Elements:
    """The elements of an array as texts, None for one that is too long; they can be passed through once."""

    def __init__(self, read: ReadLine) -> None:
        self._read = read
        self._text = ""
        """What was read last, with all of the element that is looked at."""
        self._start = 0
        """Of that element."""

    def __iter__(self) -> Iterator[str | None]:
        while part := self._read(PART_CHARS):
            if found := part.lstrip(_SPACE):
                self._text = found.removeprefix("[")
                break
        has_more = bool(part)
        while has_more:
            element, has_more = self._element()
            if element is None or element.strip(_SPACE) or has_more:
                yield element and element.strip(_SPACE)
        rest = self._text[self._start :]
        while rest:
            if rest.strip(_SPACE):
                raise _EndsTooEarlyError("there is something behind its end")
            rest = self._read(PART_CHARS)

    def _element(self) -> tuple[str | None, bool]:
        """Return the next element, and whether a comma is behind it; the one after it begins behind that then."""
        depth, at, is_long = 0, self._start, False
        while True:
            mark = (_WITHIN if depth else _BETWEEN).match(self._text, at)
            if mark is None:
                seen = at - self._start
                if len(self._text) - self._start > MAX_OBJECT_CHARS:
                    is_long, seen = True, 0
                    self._let_go(at)
                self._read_more()
                at = seen
                continue
            at = mark.end()
            if mark[1] in "[{":
                depth += 1
            elif depth:
                depth -= mark[1] in "]}"
            else:
                element, self._start = self._text[self._start : at - 1], at
                return (None if is_long or len(element) > MAX_OBJECT_CHARS else element), mark[1] == ","

    def _let_go(self, at: int) -> None:
        """Let go of what was read of an element that is too long; of a string, that it is one and what it ends in."""
        whole = _WHOLE.match(self._text, at)
        is_in_string = whole is not None and whole.end() < len(self._text)
        slashes = len(self._text) - len(self._text.rstrip("\\"))
        self._text = '"' + "\\" * (slashes % 2) if is_in_string else ""
        self._start = 0

    def _read_more(self) -> None:
        """Read on, and keep the element that is looked at."""
        kept = self._text[self._start :]
        # As much again as there is: a long string is looked through a few times and not once for each part.
        more = self._read(max(PART_CHARS, len(kept)))
        if not more:
            raise _EndsTooEarlyError("the file ends before the array does: send it whole")
        self._text, self._start = kept + more, 0
