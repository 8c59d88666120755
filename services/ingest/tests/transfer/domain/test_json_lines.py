"""JSON lines are read line by line, and no number in them is rounded."""

import gzip
import io
from pathlib import Path

import pytest

from plaudit.common.refusals import WrongInputError
from plaudit.ingest.transfer.domain.json_lines import SAMPLED_ROWS, JsonLines
from plaudit.ingest.transfer.domain.rows import Reject, Row
from plaudit.ingest.transfer.domain.table import MAX_LINE_CHARS, UnreadableFileError
from plaudit.ingest.transfer.store.files import opened


def table(text: str) -> JsonLines:
    return JsonLines(io.StringIO(text, newline="").readline, "utf-8", lenient=False)


def test_members_become_columns_and_values_stay_what_they_are():
    found = table(
        '\ufeff{"id": 900000000000000001, "stars": 4.50, "author": {"id": "a", "known": true}, "text": null}\n'
        "\n"
        '{"id": "r", "tags": ["é", 1], "stars": 1e3}\r\n'
    )
    assert found.columns == ["id", "stars", "author.id", "author.known", "text", "tags"]
    assert list(found.rows()) == [
        Row(1, ["900000000000000001", "4.50", "a", "true", "", ""]),
        Row(3, ["r", "1e3", "", "", "", '["é", "1"]']),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "another kind of value"),
        ("{", "no JSON object"),
        ('{"id": NaN}', "NaN is no JSON"),
        ('{"id": 1, "id": 2}', "named twice"),
        ('{"id": "\\u0000"}', "NUL"),
        ('{"a":' * 9 + "1" + "}" * 9, "nested more than"),
        ('{"a":' * 100_000, "no JSON object"),
        ("x" * (MAX_LINE_CHARS + 5), "the line has more than"),
    ],
)
def test_a_line_that_cannot_be_read_costs_no_other(line: str, reason: str):
    first, second, third = table(f'{{"id": "a"}}\n{line}\n{{"id": "b"}}\n').rows()
    assert (first, third) == (Row(1, ["a"]), Row(3, ["b"]))
    assert isinstance(second, Reject)
    assert (second.line, reason in second.reason) == (2, True), second.reason


def test_the_first_rows_say_which_columns_there_are():
    text = '{"id": "a"}\n' * SAMPLED_ROWS + '{"late": "b"}\n'
    found = table(text)
    assert found.columns == ["id"]
    assert [row.cells for row in found.rows()] == [["a"]] * SAMPLED_ROWS + [[""]]
    for nothing in ("", "\n", "[1]\n"):
        with pytest.raises(UnreadableFileError, match="JSON object"):
            table(nothing)


def test_it_is_known_by_the_name_of_the_file_and_read_in_its_encoding(tmp_path: Path):
    path = tmp_path / "reviews.jsonl.gz"
    path.write_bytes(gzip.compress('{"id": "é"}\n'.encode("utf-16")))
    with opened(path, None, None) as found:
        assert list(found.rows()) == [Row(1, ["é"])]
    path.write_bytes(gzip.compress('{"id": "a"}\n{"id": "é"}\n'.encode("cp1252")))
    with (
        pytest.raises(WrongInputError, match="cannot be read as JSON lines: byte 0xE9 in line 2"),
        opened(path, None, None),
    ):
        pass
