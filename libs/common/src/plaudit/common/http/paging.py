"""Lists in pages: what an endpoint is asked for and answers, and keyset cursors as opaque, versioned texts.

A cursor holds the sort key of the last item of a page, and a digest of that and of the list with its filters: so a
damaged one, and one of another list or of other filters, is refused. It is not signed: with an invented one, a client
only chooses where to start reading rows that it may read anyway. It is decoded strictly and within bounds.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from plaudit.common.http.parameters import parameters
from plaudit.common.http.problems import Problem, unprocessable

MAX_PAGE_ITEMS: Final = 500
DEFAULT_PAGE_ITEMS: Final = 50
MAX_CURSOR_CHARS: Final = 2048
CURSOR_PATTERN: Final = "^A[g-v][A-Za-z0-9_-]{12,}$"
"""The version, the digest and at least one byte, in base64."""
_VERSION: Final = b"\x02"
_DIGEST_BYTES: Final = 8
_KEY_AT: Final = len(_VERSION) + _DIGEST_BYTES
_NOT_FILTERS: Final = ("cursor", "limit")
_MAX_BIGINT: Final = 2**63 - 1

Item = TypeVar("Item")
Row = TypeVar("Row")
Key = TypeVar("Key", bound=tuple[object, ...])

Cursor = Annotated[
    str | None,
    Query(
        description="The `next` of the page before, with the same filters.",
        json_schema_extra={"pattern": CURSOR_PATTERN, "maxLength": MAX_CURSOR_CHARS},
    ),
]

_encode = msgspec.msgpack.Encoder().encode


class Page(BaseModel, Generic[Item]):
    """One page of a list, as an endpoint's return type: `Page[Review]`."""

    items: list[Item] = Field(description="What is on this page, in the order of the list.")
    next: str | None = Field(description="Send it as `cursor` to get the next page; null at the end.")


def encode_cursor(*values: object, of: str) -> str:
    """Return an opaque cursor of a sort key.

    Args:
        values: the key: times with a zone, UUIDs, integers, decimals, floats, texts, or None.
        of: which list it belongs to, with its filters: their address without the page, for example.
    """
    key = _encode(values)
    return base64.urlsafe_b64encode(_VERSION + _digest(of, key) + key).rstrip(b"=").decode()


def decode_cursor(text: str, kind: type[Key], *, of: str) -> Key:
    """Return the sort key that a cursor holds.

    Args:
        text: the cursor.
        kind: the type of the key, for example `tuple[datetime, UUID]`.
        of: as it was given to `encode_cursor`.

    Raises:
        Problem: 422 `invalid-cursor`, when it is not a cursor of this list, or not whole, or of another version.
    """
    # Padding is not sent, and would be read: one cursor is one text.
    if len(text) > MAX_CURSOR_CHARS or "=" in text:
        raise _invalid_cursor()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = msgspec.msgpack.decode(raw[_KEY_AT:], type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise _invalid_cursor() from error
    if raw[:_KEY_AT] != _VERSION + _digest(of, raw[_KEY_AT:]) or not all(map(_fits_the_database, values)):
        raise _invalid_cursor()
    return values


def cut_page(
    rows: Sequence[Row], limit: int, key: Callable[[Row], Iterable[object]], *, of: str
) -> tuple[Sequence[Row], str | None]:
    """Return the rows of a page, and the cursor of the next one; None at the end.

    Args:
        rows: what was found: one row more than the page takes shows that there are more.
        limit: how many rows the page takes.
        key: the sort key of a row.
        of: which list it is, as for `encode_cursor`.
    """
    return rows[:limit], encode_cursor(*key(rows[limit - 1]), of=of) if len(rows) > limit else None


def _digest(of: str, key: bytes) -> bytes:
    return blake2b(of.encode() + b"\0" + key, digest_size=_DIGEST_BYTES).digest()


def list_of(request: Request) -> str:
    """Return what tells a list with its filters from others: the path, and the query without the page."""
    filters = sorted(each for each in request.query_params.multi_items() if each[0] not in _NOT_FILTERS)
    return f"{request.url.path}?{urlencode(filters)}"


async def _list_asked_for(request: Request) -> str:
    return list_of(request)


@dataclass(frozen=True, slots=True)
class PageParameters:
    """Which page of a list is asked for."""

    cursor: Cursor = None
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS, description="How many items a page has at most.")] = (
        DEFAULT_PAGE_ITEMS
    )
    of: Annotated[str, Depends(_list_asked_for)] = ""

    @property
    def rows(self) -> int:
        """How many rows to query: one more than the page takes, which only shows that there are more."""
        return self.limit + 1

    def after(self, kind: type[Key]) -> Key | None:
        """Return the sort key after which the page begins, None for the first page.

        Raises:
            Problem: 422 `invalid-cursor`.
        """
        return None if self.cursor is None else decode_cursor(self.cursor, kind, of=self.of)

    def page(
        self, rows: Sequence[Row], key: Callable[[Row], Iterable[object]], shown: Callable[[Row], Item]
    ) -> Page[Item]:
        """Return the page.

        Args:
            rows: what was found, at most `self.rows`.
            key: the sort key of a row.
            shown: a row as the API shows it.
        """
        listed, following = cut_page(rows, self.limit, key, of=self.of)
        return Page(items=[shown(row) for row in listed], next=following)


Paging = Annotated[PageParameters, Depends(parameters(PageParameters))]
"""A parameter of an endpoint: `cursor` and `limit` of its query."""


def _fits_the_database(value: object) -> bool:
    """Return whether the database accepts a value: an invented cursor must not cause an internal error."""
    if isinstance(value, int):
        return abs(value) <= _MAX_BIGINT
    if isinstance(value, datetime):
        return _is_an_instant(value)
    return not (isinstance(value, str) and "\0" in value)


def _is_an_instant(time: datetime) -> bool:
    """Return whether a time has a zone, and exists in UTC too."""
    if time.tzinfo is None:
        return False
    try:
        time.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _invalid_cursor() -> Problem:
    detail = "This cursor is not from this list with these filters, or is not whole. Start again without one."
    return unprocessable("invalid-cursor", detail)
