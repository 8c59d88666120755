import base64
import contextlib
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.http.paging import MAX_CURSOR_CHARS, decode_cursor, encode_cursor, page
from plaudit.common.http.problems import Problem

bigints = st.integers(-(2**63) + 1, 2**63 - 1)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100)
times = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants it naive


@given(bigints, texts, times, st.uuids())
def test_a_sort_key_comes_back_as_it_went(number: int, text: str, time: datetime, id_: UUID) -> None:
    cursor = encode_cursor(number, text, time, id_)
    assert decode_cursor(cursor, int, str, datetime, UUID) == (number, text, time, id_)


@given(st.decimals(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_figures_come_back_exactly(exact: Decimal, rough: float) -> None:
    assert decode_cursor(encode_cursor(exact, rough), Decimal, float) == (exact, rough)


def test_a_time_is_the_same_instant_whatever_its_zone() -> None:
    time = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    assert decode_cursor(encode_cursor(time), datetime) == (time,)


def test_a_missing_value_is_kept_where_the_list_allows_it() -> None:
    assert decode_cursor(encode_cursor(None, 1), int | None, int) == (None, 1)


def test_a_cursor_may_stand_in_an_address_as_it_is() -> None:
    assert all(c.isalnum() or c in "-_" for n in range(300) for c in encode_cursor("ÿ" * n, n))


def raw(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("", (int,)),
        ("!!!", (int,)),
        ("ä", (int,)),
        ("a", (int,)),
        (encode_cursor(1)[:-1], (int,)),
        (encode_cursor(1, 2), (int,)),
        (encode_cursor(1), (int, int)),
        (encode_cursor("1"), (int,)),
        (encode_cursor("no-uuid"), (UUID,)),
        (encode_cursor(2**63), (int,)),
        (encode_cursor("2026-03-01T12:00:00"), (datetime,)),
        (encode_cursor("0001-01-01T00:00:00"), (datetime,)),
        (encode_cursor("0001-01-01T00:00:00+05:00"), (datetime,)),
        (encode_cursor("a\0b"), (str,)),
        (raw(b"\x02" + msgspec.msgpack.encode((1,))), (int,)),
        (raw(b"\x01"), (int,)),
        (raw(b"\x01" + msgspec.msgpack.encode((1,)) + b"x"), (int,)),
        ("A" * (MAX_CURSOR_CHARS + 1), (int,)),
    ],
)
def test_what_is_no_cursor_of_this_list_is_a_400(text: str, types: tuple[Any, ...]) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(text, *types)
    assert (caught.value.slug, caught.value.status) == ("invalid-cursor", 400)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_problem(text: str) -> None:
    with contextlib.suppress(Problem):
        number, word = decode_cursor(text, int, str)
        assert (type(number), type(word)) == (int, str)


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 10))
def test_walking_by_cursors_gives_each_item_once_and_in_order(numbers: list[int], limit: int) -> None:
    rows = sorted((number, position) for position, number in enumerate(numbers))

    def query(after: tuple[int, int] | None) -> list[tuple[int, int]]:
        return [row for row in rows if after is None or row > after][: limit + 1]

    walked: list[tuple[int, int]] = []
    answer = page(query(None), limit, key=lambda row: row, shown=lambda row: row)
    walked += answer.items
    while answer.next:
        assert len(answer.items) == limit
        answer = page(query(decode_cursor(answer.next, int, int)), limit, key=lambda row: row, shown=lambda row: row)
        walked += answer.items
    assert walked == rows
