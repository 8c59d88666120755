import base64
import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.http import Paging, create_app, paging
from plaudit.common.http.paging import MAX_CURSOR_CHARS, Page, PageParameters
from plaudit.common.http.problems import Problem
from plaudit_testing.problems import problem_of
from plaudit_testing.serving import serving

encode_cursor = partial(paging.encode_cursor, of="/v1/numbers?")
decode_cursor = partial(paging.decode_cursor, of="/v1/numbers?")

bigints = st.integers(-(2**63) + 1, 2**63 - 1)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100)
times = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants it naive


@given(bigints, texts, times, st.uuids())
def test_a_sort_key_comes_back_as_it_went(number: int, text: str, time: datetime, id_: UUID) -> None:
    cursor = encode_cursor(number, text, time, id_)
    assert decode_cursor(cursor, tuple[int, str, datetime, UUID]) == (number, text, time, id_)


@given(st.decimals(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_figures_come_back_exactly(exact: Decimal, rough: float) -> None:
    assert decode_cursor(encode_cursor(exact, rough), tuple[Decimal, float]) == (exact, rough)


def test_a_time_is_the_same_instant_whatever_its_zone() -> None:
    time = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    assert decode_cursor(encode_cursor(time), tuple[datetime]) == (time,)


def test_a_missing_value_is_kept_where_the_list_allows_it() -> None:
    assert decode_cursor(encode_cursor(None, 1), tuple[int | None, int]) == (None, 1)


def test_a_cursor_may_stand_in_an_address_as_it_is() -> None:
    assert all(c.isalnum() or c in "-_" for n in range(300) for c in encode_cursor("ÿ" * n, n))


def raw(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", tuple[int]),
        ("!!!", tuple[int]),
        ("ä", tuple[int]),
        ("a", tuple[int]),
        (encode_cursor(1)[:-1], tuple[int]),
        (encode_cursor(1, 2), tuple[int]),
        (encode_cursor(1), tuple[int, int]),
        (encode_cursor("1"), tuple[int]),
        (encode_cursor("no-uuid"), tuple[UUID]),
        (encode_cursor(2**63), tuple[int]),
        (encode_cursor("2026-03-01T12:00:00"), tuple[datetime]),
        (encode_cursor("0001-01-01T00:00:00"), tuple[datetime]),
        (encode_cursor("0001-01-01T00:00:00+05:00"), tuple[datetime]),
        (encode_cursor("a\0b"), tuple[str]),
        (raw(b"\x01" + msgspec.msgpack.encode((1,))), tuple[int]),
        (raw(b"\x02"), tuple[int]),
        (raw(b"\x02" + bytes(8) + msgspec.msgpack.encode((1,))), tuple[int]),
        (encode_cursor(1) + "AAAA", tuple[int]),
        (encode_cursor(1) + "=", tuple[int]),
        (encode_cursor(1) + "==", tuple[int]),
        (encode_cursor(1, of="/v1/things?"), tuple[int]),
        ("A" * (MAX_CURSOR_CHARS + 1), tuple[int]),
    ],
)
def test_what_is_no_cursor_of_this_list_is_a_422(text: str, kind: type[tuple[Any, ...]]) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(text, kind)
    assert (caught.value.slug, caught.value.status) == ("invalid-cursor", 422)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_problem(text: str) -> None:
    with contextlib.suppress(Problem):
        number, word = decode_cursor(text, tuple[int, str])
        assert (type(number), type(word)) == (int, str)


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 10))
def test_walking_by_cursors_gives_each_item_once_and_in_order(numbers: list[int], limit: int) -> None:
    rows = sorted((number, position) for position, number in enumerate(numbers))

    def query(after: tuple[int, int] | None) -> list[tuple[int, int]]:
        return [row for row in rows if after is None or row > after][: limit + 1]

    def page(paging: PageParameters) -> Page[tuple[int, int]]:
        return paging.page(query(paging.after(tuple[int, int])), key=lambda row: row, shown=lambda row: row)

    answer = page(PageParameters(limit=limit))
    walked = answer.items
    while answer.next:
        assert len(answer.items) == limit
        answer = page(PageParameters(answer.next, limit))
        walked += answer.items
    assert walked == rows


@given(st.data(), bigints, texts)
def test_a_damaged_cursor_is_refused(data: st.DataObject, number: int, text: str) -> None:
    cursor = encode_cursor(number, text, of="/v1/things?state=open")
    at = data.draw(st.integers(0, len(cursor) - 2))
    # The last character may hold bits that stand for nothing.
    other = data.draw(st.sampled_from([c for c in "abcXYZ019-_" if c != cursor[at]]))
    with pytest.raises(Problem):
        decode_cursor(cursor[:at] + other + cursor[at + 1 :], tuple[int, str], of="/v1/things?state=open")


router = APIRouter()


@router.get("/v1/{noun}")
async def list_numbers(noun: str, paging: Paging, state: str = "", kind: str = "") -> Page[int]:
    (after,) = paging.after(tuple[int]) or (0,)
    return paging.page(range(after + 1, after + 1 + paging.rows), lambda number: (number,), lambda number: number)


async def test_a_cursor_counts_for_its_list_and_filters_only_whatever_their_order_and_the_size_of_a_page(
    no_database: SimpleNamespace,
) -> None:
    app = create_app(title="T", service="t", description="", resources=no_database, routers=[router], needs_key=False)
    async with serving(app) as client:
        page = (await client.get("/v1/clocks?state=open&kind=stars&limit=2")).json()
        assert page["items"] == [1, 2]
        more = f"cursor={page['next']}&limit=3"
        assert (await client.get(f"/v1/clocks?{more}&kind=stars&state=open")).json()["items"] == [3, 4, 5]
        for other in (
            *("/v1/clocks?", "/v1/clocks?state=open&", "/v1/clocks?state=late&kind=stars&"),
            "/v1/alerts?state=open&kind=stars&",
        ):
            assert problem_of(await client.get(f"{other}{more}")) == (422, "invalid-cursor"), other


async def test_the_document_says_what_a_cursor_looks_like(no_database: SimpleNamespace) -> None:
    app = create_app(title="T", service="t", description="", resources=no_database, routers=[router])
    parameters = app.openapi()["paths"]["/v1/{noun}"]["get"]["parameters"]
    [schema] = [each["schema"] for each in parameters if each["name"] == "cursor"]
    assert schema["maxLength"] == MAX_CURSOR_CHARS
    for cursor in (encode_cursor(), *(encode_cursor(number, of=str(number)) for number in range(300))):
        assert re.search(schema["pattern"], cursor)
    for other in ("", "x", "a=b", raw(b"\x01" + bytes(20))):
        assert not re.search(schema["pattern"], other)
