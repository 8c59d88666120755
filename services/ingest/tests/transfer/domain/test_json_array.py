"""A JSON array of objects is read object by object, in constant memory, and one bad object costs no other."""

import gzip
import io
import json
import random
import tracemalloc
from pathlib import Path

import pytest

from plaudit.common.refusals import WrongInputError
from plaudit.ingest.transfer.domain.json_array import MAX_OBJECT_CHARS, PART_CHARS, JsonArray, is_json_array
from plaudit.ingest.transfer.domain.rows import Reject, Row
from plaudit.ingest.transfer.domain.table import UnreadableFileError
from plaudit.ingest.transfer.store.files import opened

MEMORY_BYTES = 8 * 1024 * 1024


def table(text: str, part_chars: int | None = None) -> JsonArray:
    file = io.StringIO(text, newline="")
    return JsonArray(lambda most: file.read(part_chars or most), "utf-8", lenient=False)


def test_members_become_columns_and_values_stay_what_they_are():
    found = table(
        '\ufeff [\n{"id": 900000000000000001, "a": {"b": [1, {"c": "]"}]}},\r\n{"id": "}\\"", "t": "[,"}\n]\n'
    )
    assert found.columns == ["id", "a.b", "t"]
    assert list(found.rows()) == [
        Row(1, ["900000000000000001", '["1", {"c": "]"}]', ""]),
        Row(2, ['}"', "", "[,"]),
    ]


@pytest.mark.parametrize("part_chars", [1, 2, 7, 64])
def test_it_does_not_matter_where_the_text_is_cut(part_chars: int):
    drawn = random.Random(part_chars)
    letters = '{}[],:"\\ é\n😀n'
    said = [
        {"id": str(number), "".join(drawn.choices(letters, k=3)): "".join(drawn.choices(letters, k=9))}
        for number in range(60)
    ]
    for written in (json.dumps(said), json.dumps(said, indent=1, ensure_ascii=False)):
        whole, cut = table(written), table(written, part_chars)
        assert cut.columns == whole.columns
        rows = list(cut.rows())
        assert rows == list(whole.rows())
        assert [row.cells[0] for row in rows] == [each["id"] for each in said]


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ("[1]", "another kind of value"),
        ("7", "another kind of value"),
        ('"a,]"', "another kind of value"),
        ("", "the entry of the array is no JSON object"),
        ('{"id": NaN}', "NaN is no JSON"),
        ('{"id": 1, "id": 2}', "named twice"),
        ('{"id": "\\u0000"}', "NUL"),
        ('{"a":' * 9 + "1" + "}" * 9, "nested more than"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "no JSON object"),
        ('{"id": nothing}', "no JSON object"),
        ('{"id": "' + "x" * MAX_OBJECT_CHARS + '"}', "the object has more than"),
        ('{"id": "' + "\\\\" * (MAX_OBJECT_CHARS // 2) + '\\""}', "the object has more than"),
        ('{"id": ' + " " * MAX_OBJECT_CHARS + "1}", "the object has more than"),
    ],
)
def test_an_object_that_cannot_be_read_costs_no_other(element: str, reason: str):
    first, second, third = table(f'[{{"id": "a"}},{element},{{"id": "b"}}]').rows()
    assert (first, third) == (Row(1, ["a"]), Row(3, ["b"]))
    assert isinstance(second, Reject)
    assert (second.line, reason in second.reason) == (2, True), second.reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"id": "a"}, {"id": "b"', "after entry 1 of the array, the file ends before the array does"),
        ('[{"id": "a"}', "after entry 0 of the array, the file ends"),
        ('[{"id": "a"}, {"id": "b', "after entry 1 of the array, the file ends"),
        ('[{"id": "a"}] []', "there is something behind its end"),
        ('[{"id": "a"}}, {"id": "b"}]', "there is something behind its end"),
    ],
)
def test_an_array_that_does_not_end_as_one_is_told_behind_its_rows(text: str, said: str):
    if "entry 0" in said:
        with pytest.raises(UnreadableFileError):
            table(text)
        return
    rows = table(text).rows()
    assert next(rows) == Row(1, ["a"])
    with pytest.raises(UnreadableFileError, match=said):
        list(rows)


def test_a_comma_before_the_end_and_space_behind_it_are_harmless():
    assert list(table('[{"id": "a"},\n]\n' + " " * 2 * PART_CHARS).rows()) == [Row(1, ["a"])]


def test_an_empty_array_has_no_columns():
    with pytest.raises(UnreadableFileError, match="none of the first 1,000 rows"):
        table("[]")


def test_an_array_is_known_by_its_beginning():
    assert all(map(is_json_array, ('[{"id"', "[\n  {", "\ufeff[", "[]", "[ \n")))
    assert not any(map(is_json_array, ("[id],name", '["a"]', "[1]", "id,[{", '{"id": [{}]}', "")))


@pytest.mark.parametrize("name", ["reviews.json", "reviews.json.gz", "reviews.jsonl", "reviews.csv"])
def test_a_file_is_read_as_an_array_whatever_its_name(tmp_path: Path, name: str):
    path, content = tmp_path / name, b'[{"id": "a"}, {"id": "b"}]'
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with opened(path, None, None) as found:
        assert [row.cells for row in found.rows()] == [["a"], ["b"]]


def test_a_json_file_with_an_object_in_each_line_is_json_lines_and_an_empty_one_is_told_as_json(tmp_path: Path):
    path = tmp_path / "reviews.json"
    path.write_text('{"id": "a"}\n{"id": "b"}\n')
    with opened(path, None, None) as found:
        assert [row.cells for row in found.rows()] == [["a"], ["b"]]
    path.write_text("[]")
    with pytest.raises(WrongInputError, match="cannot be read as JSON: "), opened(path, None, None):
        pass


def test_memory_stays_flat_over_a_file_of_20_mb(tmp_path: Path):
    path = tmp_path / "reviews.json"
    with path.open("w") as file:
        file.write("[")
        for number in range(10_000):
            file.write("," * (number > 0) + json.dumps({"id": str(number), "rating": 4, "text": "good " * 400}))
        file.write("]")
    assert path.stat().st_size > 20_000_000
    tracemalloc.start()
    try:
        with opened(path, None, None) as found:
            assert sum(isinstance(row, Row) for row in found.rows()) == 10_000
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MEMORY_BYTES
