"""The rows of JSON lines: one object each, whose members are columns; `author.id` is a member of a member.

The columns are those of the first rows. Numbers stay the text that they are, so that none is rounded.
"""

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from plaudit.ingest.transfer.domain.rows import Reject, Row
from plaudit.ingest.transfer.domain.table import (
    MAX_COLUMNS,
    MAX_LINE_CHARS,
    ReadLine,
    UnreadableFileError,
    undecodable,
)

SAMPLED_ROWS: Final = 1_000
"""Their members are the columns of the table."""
MAX_DEPTH: Final = 8


class JsonLines:
    """JSON lines: their columns, and their rows one after the other."""

    delimiter: Final = ","
    """Of the file of rejects."""

    def __init__(self, readline: ReadLine, encoding: str, *, lenient: bool) -> None:
        """Read the first rows.

        Args:
            readline: reads the decoded text; undecodable bytes are lone surrogates (`surrogateescape`).
            encoding: its name, for messages.
            lenient: whether a line that is not in this encoding is a reject; otherwise the file is not read further.

        Raises:
            UnreadableFileError: none of the first rows is an object.
        """
        self.encoding = encoding
        self._readline = readline
        self._lenient = lenient
        self._number = 0
        self._sampled: deque[tuple[int, dict[str, str]] | Reject] = deque()
        names: dict[str, None] = {}
        for row in self._objects():
            self._sampled.append(row)
            if not isinstance(row, Reject):
                names.update(dict.fromkeys(row[1]))
            if len(self._sampled) == SAMPLED_ROWS:
                break
        self.columns = list(names)
        if not names:
            raise UnreadableFileError(f"none of the first {SAMPLED_ROWS:,} rows is a JSON object")
        if len(names) > MAX_COLUMNS:
            raise UnreadableFileError(f"the objects have {len(names):,} members; {MAX_COLUMNS:,} are read")

    def rows(self) -> Iterator[Row | Reject]:
        """Return the rows in their order, each as it can be read.

        Raises:
            UnreadableFileError: a line is not in the encoding, and that was not stated.
        """
        while self._sampled:
            yield self._row(self._sampled.popleft())
        yield from map(self._row, self._objects())

    def _row(self, read: tuple[int, dict[str, str]] | Reject) -> Row | Reject:
        if isinstance(read, Reject):
            return read
        number, members = read
        return Row(number, [members.get(name, "") for name in self.columns])

    def _objects(self) -> Iterator[tuple[int, dict[str, str]] | Reject]:
        while line := self._readline(MAX_LINE_CHARS + 1):
            self._number += 1
            if len(line) > MAX_LINE_CHARS:
                while line and not line.endswith("\n"):
                    line = self._readline(MAX_LINE_CHARS + 1)
                yield Reject(self._number, "", f"the line has more than {MAX_LINE_CHARS:,} characters", [])
            elif line.strip("\ufeff \t\r\n"):
                yield self._object(line.strip("\ufeff \t\r\n"))

    def _object(self, line: str, what: str = "line") -> tuple[int, dict[str, str]] | Reject:
        try:
            if reason := undecodable(line, self._number, self.encoding, lenient=self._lenient):
                return Reject(self._number, "", reason, [line])
            members = _flat(_decode(line))
        except (ValueError, RecursionError) as error:
            if isinstance(error, UnreadableFileError):
                raise
            return Reject(self._number, "", f"the {what} is no JSON object that can be read: {error}", [line])
        if any("\0" in value for value in members.values()):
            return Reject(self._number, "", "the row holds a NUL character", [line])
        return self._number, members


def _decode(line: str) -> dict[str, Any]:
    found = json.loads(
        line, parse_int=str, parse_float=str, parse_constant=_not_json, object_pairs_hook=_without_repeated
    )
    if not isinstance(found, dict):
        raise ValueError("it is another kind of value")  # noqa: TRY004 - not a mistake of ours
    return found


def _not_json(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _without_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is named twice")
    return members


def _flat(members: dict[str, Any], prefix: str = "", depth: int = 1) -> dict[str, str]:
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    flat: dict[str, str] = {}
    for name, value in members.items():
        match value:
            case dict():
                flat.update(_flat(value, f"{prefix}{name}.", depth + 1))
            case None:
                flat[f"{prefix}{name}"] = ""
            case bool():
                flat[f"{prefix}{name}"] = "true" if value else "false"
            case str():
                flat[f"{prefix}{name}"] = value
            case _:
                flat[f"{prefix}{name}"] = json.dumps(value, ensure_ascii=False)
    return flat
