"""Lists in pages: `Page`, `Cursor` and `Limit` of every list, and keyset cursors as opaque, versioned texts.

A cursor holds the sort key of the last item of a page. It is not signed: with an invented one, a client only chooses
where to start reading rows that it may read anyway. It is decoded strictly and within bounds.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar, overload

import msgspec
from fastapi import Query
from pydantic import BaseModel

from plaudit.common.http.problems import Problem, bad_request

MAX_PAGE_ITEMS: Final = 500
DEFAULT_PAGE_ITEMS: Final = 50
MAX_CURSOR_CHARS: Final = 2048
_VERSION: Final = b"\x01"
_MAX_BIGINT: Final = 2**63 - 1

Item = TypeVar("Item")
Row = TypeVar("Row")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)]

_encode = msgspec.msgpack.Encoder().encode


class Page(BaseModel, Generic[Item]):
    """One page of a list, as an endpoint's return type: `Page[Review]`."""

    items: list[Item]
    next: str | None
    """Send it as `cursor` to get the next page; null at the end."""


def encode_cursor(*values: object) -> str:
    """Return an opaque cursor of a sort key: times with a zone, UUIDs, integers, decimals, floats, texts, or None."""
    return base64.urlsafe_b64encode(_VERSION + _encode(values)).rstrip(b"=").decode()


@overload
def decode_cursor(text: str, first: type[A], /) -> tuple[A]: ...
@overload
def decode_cursor(text: str, first: type[A], second: type[B], /) -> tuple[A, B]: ...
@overload
def decode_cursor(text: str, first: type[A], second: type[B], third: type[C], /) -> tuple[A, B, C]: ...
@overload
def decode_cursor(
    text: str, first: type[A], second: type[B], third: type[C], fourth: type[D], /
) -> tuple[A, B, C, D]: ...
@overload
def decode_cursor(text: str, *types: Any) -> tuple[Any, ...]: ...
def decode_cursor(text: str, *types: Any) -> tuple[Any, ...]:
    """Return the sort key that a cursor holds.

    Raises:
        Problem: 400 `invalid-cursor`, when it is not a cursor of this list or of this version.
    """
    if len(text) > MAX_CURSOR_CHARS:
        raise _invalid_cursor()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values: tuple[Any, ...] = msgspec.msgpack.decode(raw[1:], type=tuple[types])  # type: ignore[valid-type]
    except (ValueError, msgspec.MsgspecError) as error:
        raise _invalid_cursor() from error
    if raw[:1] != _VERSION or not all(map(_fits_the_database, values)):
        raise _invalid_cursor()
    return values


def page(
    rows: Sequence[Row], limit: int, key: Callable[[Row], Iterable[object]], shown: Callable[[Row], Item]
) -> Page[Item]:
    """Return a page from a query for one row more than the limit.

    Args:
        rows: at most `limit + 1`; the last one only shows that there are more.
        limit: of the page.
        key: the sort key of a row; its cursor goes to `decode_cursor` for the next page.
        shown: a row as the API shows it.
    """
    following = encode_cursor(*key(rows[limit - 1])) if len(rows) > limit else None
    return Page(items=[shown(row) for row in rows[:limit]], next=following)


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
    return bad_request("invalid-cursor", "This cursor is not from this list. Start again without one.")
