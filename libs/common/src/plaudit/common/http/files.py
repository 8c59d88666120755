"""Answers that are files, a line for each thing: JSON Lines, or CSV (RFC 4180).

A file is made piece by piece, so that neither side holds all of it, and in threads, so that other requests are answered
meanwhile.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from plaudit.common.csv_cells import guarded
from plaudit.common.http.headers import preferred

LINES: Final = 500
"""How many lines of a file are made at once."""
BYTE_ORDER_MARK: Final = "\ufeff"
"""What a file for people begins with: without it, Excel reads UTF-8 in the character set of the machine."""
ByteOrderMark = Annotated[
    bool, Query(description="Begin with a byte order mark, without which Excel misreads umlauts. Programs want none.")
]


class Format(StrEnum):
    """The form of an answer."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


MEDIA_TYPES: Final = {Format.JSON: "application/json", Format.JSONL: "application/jsonl", Format.CSV: "text/csv"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """Things that follow each other in a file, and how one of them is written."""

    things: Iterable[T]
    line: Callable[[T], BaseModel]
    """What the line of JSON Lines holds."""
    row: Callable[[T], Sequence[str]]
    """The cells of the line of CSV."""


def accepted(accept: str) -> Format:
    """Return the form that a header `Accept` prefers, JSON if it names none."""
    forms = {media_type: form for form, media_type in MEDIA_TYPES.items()}
    return forms.get(preferred(accept, [*forms]) or "", Format.JSON)


def content_of_file(head: Sequence[str], line: str) -> dict[str, Any]:
    """Return the `content` of an OpenAPI response that is a file.

    Args:
        head: the names of the columns of CSV.
        line: an example of a line of JSON Lines.
    """
    return {
        MEDIA_TYPES[Format.JSONL]: {"schema": {"type": "string"}, "example": f"{line}\n"},
        **content_of_csv(head),
    }


def content_of_csv(head: Sequence[str]) -> dict[str, Any]:
    """Return the `content` of an OpenAPI response that is a file of CSV alone, with these names of its columns."""
    return {MEDIA_TYPES[Format.CSV]: {"schema": {"type": "string"}, "example": csv_lines([head])}}


def as_file(pieces: AsyncIterator[str], name: str, form: Format) -> StreamingResponse:
    """Return the answer that is a file.

    Args:
        pieces: what it holds.
        name: without its ending.
        form: it.
    """
    return StreamingResponse(
        pieces,
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form.value}"'},
    )


async def written(
    groups: AsyncIterator[Group[T]], head: Sequence[str], form: Format, *, byte_order_mark: bool = False
) -> AsyncIterator[str]:
    """Yield a file piece by piece, each of `LINES` lines at most.

    Args:
        groups: what the file holds; the next one is asked for once those before it are written.
        head: the names of the columns, which CSV begins with.
        form: JSON Lines or CSV.
        byte_order_mark: whether CSV begins with one.
    """
    if form is Format.CSV:
        yield (BYTE_ORDER_MARK if byte_order_mark else "") + csv_lines([head])
    async for group in groups:
        things = iter(group.things)
        while piece := await asyncio.to_thread(_piece, things, group, form):
            yield piece


def _piece(things: Iterator[T], group: Group[T], form: Format) -> str:
    """Return the next lines of a file; nothing at the end."""
    some = islice(things, LINES)
    if form is Format.CSV:
        return csv_lines(map(group.row, some))
    return "".join(f"{group.line(each).model_dump_json(by_alias=True)}\n" for each in some)


def csv_lines(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Return rows as lines of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def guarded_cell(value: object) -> str:
    """Return a value as a cell; a text that a spreadsheet could take for a formula has a quote in front."""
    return guarded(csv_cell(value)) if isinstance(value, str) else csv_cell(value)


def csv_cell(value: object) -> str:
    """Return a value as a cell: nothing for None, and numbers, instants and truths as JSON has them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
