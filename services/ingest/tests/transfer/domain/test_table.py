"""A table is read row by row: what cannot be read is told by its line, and costs no other row."""

import gzip
import io
from pathlib import Path

import pytest

from plaudit.common.refusals import WrongInputError
from plaudit.ingest.transfer.domain import table as tables
from plaudit.ingest.transfer.domain.rows import Reject, Row
from plaudit.ingest.transfer.domain.table import MAX_FIELD_CHARS, Table, UnreadableFileError, encoding_of
from plaudit.ingest.transfer.store.files import opened


def table(text: str, delimiter: str | None = None) -> Table:
    return Table(io.StringIO(text, newline="").readline, "utf-8", delimiter, lenient=False)


def rows(text: str) -> list[Row | Reject]:
    return list(table(text).rows())


def lines(text: str) -> list[tuple[int, str]]:
    """Each row by its line: its first cell, or why it is rejected."""
    return [(row.line, row.reason if isinstance(row, Reject) else row.cells[0]) for row in rows(text)]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b;c\n1,5;2;3\n", ";"),
        ("a\tb\tc\n1\t2\t3\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('"a, or b";"c";"d"\n1;2;3\n', ";"),
        ("sep=;\na;b;c\n1;2;3\n", ";"),
        ('"sep=;"\na;b;c\n1;2;3\n', ";"),
        ("a\n1\n", ","),
        ("a;b (1,2,3,4,5);c\n1;5;3\n", ";"),
        ("a;b (1,2,3,4,5);c\n\n1;5;3;;\n", ";"),
        ('"What, if\nanything";b;c\n"1\n2";2;3\n', ";"),
        ('"Why?\r\n";b;c\r\n1;2;3\r\n', ";"),
        ("Why;b,c\n1,2\n", ","),
    ],
)
def test_the_delimiter_is_found_by_the_header_and_the_first_row(text: str, delimiter: str):
    found = table(text)
    assert found.delimiter == delimiter
    assert [type(row) for row in found.rows()] == [Row]


def test_a_line_that_says_the_delimiter_is_no_header_where_it_is_stated_too():
    found = table("sep=;\na;b\n1;2\n", ";")
    assert (found.columns, list(found.rows())) == (["a", "b"], [Row(3, ["1", "2"])])


def test_what_was_looked_at_for_the_delimiter_is_read_with_its_lines(monkeypatch: pytest.MonkeyPatch):
    assert lines('"a;\nb";c\n"1;\n2";3\n4\n"5;x\n6;7\n') == [
        (3, "1;\n2"),
        (5, "the row is too short: 1 cells for 2 columns"),
        (6, "a quote is opened and never closed"),
        (7, "6"),
    ]
    monkeypatch.setattr(tables, "MAX_LINE_CHARS", 10)
    assert lines(f"a,b\n{'x' * 30}\n1,2\n") == [(2, "the line has more than 10 characters"), (3, "1")]
    assert lines(f"a,b\n{'x' * 30}") == [(2, "the line has more than 10 characters")]


def test_line_breaks_quotes_and_blank_lines_are_read_as_they_are_written():
    assert rows('a,b\n"1\r\nor\n""2""",x\r\n\r\n3,y') == [Row(2, ['1\r\nor\n"2"', "x"]), Row(6, ["3", "y"])]


def test_a_short_and_a_long_row_are_told_and_empty_cells_at_the_end_are_none():
    assert lines("a,b,c\n1,2,3\n2,2\n3,3,3,4\n4,4,4,,\n") == [
        (2, "1"),
        (3, "the row is too short: 2 cells for 3 columns"),
        (4, "the row is too long: 4 cells for 3 columns"),
        (5, "4"),
    ]


def test_a_quote_that_is_never_closed_costs_its_own_line_only():
    assert lines('a,b\n1,x\n"2,x\n3,x\n4,x\n') == [
        (2, "1"),
        (3, "a quote is opened and never closed"),
        (4, "3"),
        (5, "4"),
    ]


def test_a_quote_that_is_never_closed_in_a_large_file_costs_its_own_line_only():
    text = "a,b\n" + '"1,x\n' + "2,abcdefghij\n" * (MAX_FIELD_CHARS // 10)
    found = lines(text)
    assert found[0] == (2, f"a field has more than {MAX_FIELD_CHARS:,} characters, or a quote is never closed")
    assert len(found) == 1 + MAX_FIELD_CHARS // 10
    assert found[-1] == (len(found) + 1, "2")


def test_a_quote_that_is_not_doubled_costs_its_own_row_only():
    assert lines('a,b\n"5" screen",x\n2,x\n') == [(2, 'a quote inside a quoted field is not doubled ("")'), (3, "2")]


def test_a_quote_in_a_field_without_quotes_is_a_quote():
    assert rows('a,b\n5" screen,x\n') == [Row(2, ['5" screen', "x"])]


def test_a_long_text_is_read_and_a_line_without_end_is_told():
    assert [len(row.cells[0]) for row in rows("a,b\n" + "x" * 140_000 + ",y\n")] == [140_000]
    found = lines("a,b\n" + "x" * (5 * MAX_FIELD_CHARS) + "\n2,y\n")
    assert [line for line, _ in found] == [2, 3]
    assert found[0][1].startswith("the line has more than")


def test_nul_costs_its_own_row_only():
    assert lines("a,b\n1,x\0y\n2,y\n") == [(2, "the row holds a NUL character"), (3, "2")]


@pytest.mark.parametrize("text", ["", "\n\n", ",,\n1,2,3\n"])
def test_a_file_without_a_header_is_not_read(text: str):
    with pytest.raises(UnreadableFileError, match="header"):
        table(text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_a_mark_decides_the_encoding(tmp_path: Path, encoding: str, suffix: str):
    content = "name\tstars\nMüller 日本\t5\n".encode(encoding)
    path = tmp_path / f"reviews.{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    assert encoding_of(content) == encoding
    with opened(path, None, None) as found:
        assert (found.columns, list(found.rows())) == (["name", "stars"], [Row(2, ["Müller 日本", "5"])])


def test_a_mark_counts_more_than_what_is_stated(tmp_path: Path):
    path = tmp_path / "reviews.csv"
    path.write_bytes("a,b\né,1\n".encode("utf-16"))
    with opened(path, "cp1252", None) as found:
        assert list(found.rows()) == [Row(2, ["é", "1"])]


def test_another_encoding_is_an_error_that_names_line_and_option_and_is_read_when_it_is_stated(tmp_path: Path):
    path = tmp_path / "reviews.csv"
    path.write_bytes("name,stars\nMueller,4\nMüller,5\n".encode("cp1252"))
    with (
        pytest.raises(WrongInputError, match=r"byte 0xFC in line 3 is not utf-8: state --encoding"),
        opened(path, None, None) as found,
    ):
        list(found.rows())
    with opened(path, "cp1252", None) as found:
        assert [row.cells[0] for row in found.rows()] == ["Mueller", "Müller"]
    with opened(path, "utf-8", None) as found:
        assert [type(row) for row in found.rows()] == [Row, Reject]


def test_utf_16_without_a_mark_is_an_error_that_names_the_option(tmp_path: Path):
    path = tmp_path / "reviews.csv"
    path.write_bytes("a,b\n1,2\n".encode("utf-16-le"))
    with pytest.raises(WrongInputError, match="utf-16-le"), opened(path, None, None):
        pass
    path.write_bytes(b"a,b\n1,x\0y\n2,y\n")
    with opened(path, None, None) as found:
        assert [type(row) for row in found.rows()] == [Reject, Row]
    path.write_bytes("a,b\n1,2\n".encode("utf-16-le"))
    with opened(path, "utf-16-le", None) as found:
        assert list(found.rows()) == [Row(2, ["1", "2"])]
    with pytest.raises(WrongInputError, match="no encoding that is known"), opened(path, "klingon", None):
        pass


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.csv.gz"])
def test_gzip_is_known_by_its_beginning_since_browsers_unpack_and_keep_the_name(tmp_path: Path, name: str):
    path = tmp_path / name
    for content in (b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n"), gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n")):
        path.write_bytes(content)
        with opened(path, None, None) as found:
            assert list(found.rows()) == [Row(2, ["1", "2"])]


@pytest.mark.parametrize("begin", [b"PK\x03\x04\x14\x00", b"\xd0\xcf\x11\xe0\xa1\xb1"])
def test_a_workbook_is_named_as_what_it_is(tmp_path: Path, begin: bytes):
    path = tmp_path / "reviews.csv"
    for encoding in (None, "cp1252"):
        path.write_bytes(begin + b"\x00" * 50)
        with pytest.raises(WrongInputError, match=r"workbook.*save the sheet as CSV"), opened(path, encoding, None):
            pass
