"""Lists in pages: what an endpoint is asked for and answers, and keyset cursors as opaque, versioned texts.

A cursor holds the sort key of the last item of a page. It is not signed: with an invented one, a client only chooses
where to start reading rows that it may read anyway. It is decoded strictly and within bounds.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from fastapi import Depends, Query
from pydantic import BaseModel, Field

from plaudit.common.http.problems import Problem, bad_request

MAX_PAGE_ITEMS: Final = 500
DEFAULT_PAGE_ITEMS: Final = 50
MAX_CURSOR_CHARS: Final = 2048
_VERSION: Final = b"\x01"
_MAX_BIGINT: Final = 2**63 - 1

Item = TypeVar("Item")
Row = TypeVar("Row")
Key = TypeVar("Key", bound=tuple[object, ...])

Cursor = Annotated[str | None, Query(description="The `next` of the page before.")]

_encode = msgspec.msgpack.Encoder().encode


class Page(BaseModel, Generic[Item]):
    """One page of a list, as an endpoint's return type: `Page[Review]`."""

    items: list[Item] = Field(description="What is on this page, in the order of the list.")
    next: str | None = Field(description="Send it as `cursor` to get the next page; null at the end.")


def encode_cursor(*values: object) -> str:
    """Return an opaque cursor of a sort key: times with a zone, UUIDs, integers, decimals, floats, texts, or None."""
    return base64.urlsafe_b64encode(_VERSION + _encode(values)).rstrip(b"=").decode()


def decode_cursor(text: str, kind: type[Key]) -> Key:
    """Return the sort key that a cursor holds, for example of the type `tuple[datetime, UUID]`.

    Raises:
        Problem: 400 `invalid-cursor`, when it is not a cursor of this list or of this version.
    """
    if len(text) > MAX_CURSOR_CHARS:
        raise _invalid_cursor()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = msgspec.msgpack.decode(raw[1:], type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise _invalid_cursor() from error
    if raw[:1] != _VERSION or not all(map(_fits_the_database, values)):
        raise _invalid_cursor()
    return values


@dataclass(frozen=True, slots=True)
class PageParameters:
    """Which page of a list is asked for."""

    cursor: Cursor = None
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS, description="How many items a page has at most.")] = (
        DEFAULT_PAGE_ITEMS
    )

    @property
    def rows(self) -> int:
        """How many rows to query: one more than the page takes, which only shows that there are more."""
        return self.limit + 1

    def after(self, kind: type[Key]) -> Key | None:
        """Return the sort key after which the page begins, None for the first page.

        Raises:
            Problem: 400 `invalid-cursor`.
        """
        return decode_cursor(self.cursor, kind) if self.cursor else None

    def page(
        self, rows: Sequence[Row], key: Callable[[Row], Iterable[object]], shown: Callable[[Row], Item]
    ) -> Page[Item]:
        """Return the page.

        Args:
            rows: what was found, at most `self.rows`.
            key: the sort key of a row.
            shown: a row as the API shows it.
        """
        following = encode_cursor(*key(rows[self.limit - 1])) if len(rows) > self.limit else None
        return Page(items=[shown(row) for row in rows[: self.limit]], next=following)


Paging = Annotated[PageParameters, Depends()]
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
    return bad_request("invalid-cursor", "This cursor is not from this list. Start again without one.")
