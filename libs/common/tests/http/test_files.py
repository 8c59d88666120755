"""A file has each thing on one line, in its order, whatever its form and however many pieces it is made of."""

import csv
import io
import json
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http import files
from plaudit.common.http.files import Format, Group, accepted, as_file, content_of_file, csv_cell, csv_lines, written

HEAD = ("from", "text")


class Line(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    start: int = Field(alias="from")
    text: str


def line(number: int) -> Line:
    return Line(start=number, text=f"{number},\n“{number}”")


def row(number: int) -> tuple[str, str]:
    return csv_cell(number), line(number).text


async def groups(numbers: Sequence[Sequence[int]]) -> AsyncIterator[Group[int]]:
    for each in numbers:
        yield Group(each, line, row)


async def pieces(numbers: Sequence[Sequence[int]], form: Format) -> list[str]:
    return [piece async for piece in written(groups(numbers), HEAD, form)]


NUMBERS = ([0, 1, 2, 3, 4], [], [5], [6, 7])


async def test_json_lines_have_an_object_on_each_line_by_the_names_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINES", 2)
    found = "".join(await pieces(NUMBERS, Format.JSONL))
    assert [json.loads(each) for each in found.split("\n")[:-1]] == [
        {"from": number, "text": line(number).text} for number in range(8)
    ]
    assert found.endswith("}\n")


async def test_csv_has_its_head_once_and_a_row_for_each_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINES", 2)
    found = "".join(await pieces(NUMBERS, Format.CSV))
    assert [*csv.reader(io.StringIO(found, newline=""))] == [[*HEAD], *([*row(number)] for number in range(8))]


async def test_a_piece_has_so_many_lines_at_most_and_none_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINES", 2)
    assert [piece.count("}\n") for piece in await pieces(NUMBERS, Format.JSONL)] == [2, 2, 1, 1, 2]


async def test_a_file_of_nothing_is_empty_but_for_the_head_of_csv() -> None:
    assert await pieces([], Format.JSONL) == await pieces([[]], Format.JSONL) == []
    assert await pieces([], Format.CSV) == await pieces([[]], Format.CSV) == ["from,text\r\n"]


async def test_lines_are_made_beside_the_thread_that_answers_requests() -> None:
    made_in = set()

    def made(number: int) -> Line:
        made_in.add(threading.get_ident())
        return line(number)

    async def of_threads() -> AsyncIterator[Group[int]]:
        yield Group([1, 2], made, row)

    assert [piece async for piece in written(of_threads(), HEAD, Format.JSONL)]
    assert made_in
    assert threading.get_ident() not in made_in


async def test_the_next_group_is_asked_for_once_those_before_it_are_written() -> None:
    asked = []

    async def of_two() -> AsyncIterator[Group[int]]:
        for number in (1, 2):
            asked.append(number)
            yield Group([number], line, row)

    file = written(of_two(), HEAD, Format.JSONL)
    await anext(file)
    assert asked == [1]
    await anext(file)
    assert asked == [1, 2]


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\x00", codec="utf-8")), min_size=1)))
def test_a_reader_of_csv_gets_back_every_cell(rows: list[list[str]]) -> None:
    for delimiter in ",;\t":
        assert [*csv.reader(io.StringIO(csv_lines(rows, delimiter), newline=""), delimiter=delimiter)] == rows


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-3.0, "-3.0"),
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00Z"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("acme/berlin", "acme/berlin"),
    ],
)
def test_a_cell_is_as_json_has_the_value_and_empty_for_none(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("image/png", Format.JSON),
        ("text/csv", Format.CSV),
        ("application/jsonl", Format.JSONL),
        ("application/json;q=0.5, text/csv", Format.CSV),
        ("text/csv;q=0.2, application/jsonl;q=0.7", Format.JSONL),
    ],
)
def test_the_form_is_what_accept_prefers_and_json_where_it_names_none(accept: str, form: Format) -> None:
    assert accepted(accept) is form


@pytest.mark.parametrize(("form", "media_type"), [(Format.JSONL, "application/jsonl"), (Format.CSV, "text/csv")])
async def test_the_answer_is_saved_under_a_name_with_the_ending_of_its_form(form: Format, media_type: str) -> None:
    answer = as_file(written(groups([[1]]), HEAD, form), "scores", form)
    assert answer.headers["content-disposition"] == f'attachment; filename="scores.{form}"'
    assert answer.headers["content-type"].startswith(media_type)
    assert media_type in content_of_file(HEAD, "{}")


def test_the_reference_shows_a_line_of_each_form() -> None:
    found = content_of_file(HEAD, '{"from": 1}')
    assert found["application/jsonl"]["example"] == '{"from": 1}\n'
    assert found["text/csv"]["example"] == "from,text\r\n"
