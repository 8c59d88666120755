"""Files of other boards: what each row says, and that a bad row costs no other one."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.imports.domain import csv_table, rows
from plaudit.feedback_board.imports.domain.reading import read_file
from plaudit.feedback_board.imports.domain.rows import (
    Form,
    ImportRow,
    Refusal,
    UnusableFileError,
    changed_fields,
    digests,
)
from plaudit.feedback_board.requests.domain.status import Status

NOW = datetime(2026, 11, 30, tzinfo=UTC)
GOOD = "external_id,title\n"


def read(body: str | bytes, form: Form = Form.CSV) -> list[ImportRow | Refusal]:
    return list(read_file(body.encode() if isinstance(body, str) else body, form, "canny", NOW))


def taken(body: str | bytes, form: Form = Form.CSV) -> list[ImportRow]:
    return [row for row in read(body, form) if isinstance(row, ImportRow)]


def test_our_columns_are_read() -> None:
    head = "source,external_id,title,text,subject,persona,status,status_reason,impact,effort_weeks,created_at,url,votes"
    line = 'old,7,"Dark, mode",Please,acme/app,Night owl,planned,Next year.,2,0.5,2025-01-02,https://x.example/7,12'
    (row,) = taken(f"{head}\n{line}\n")
    assert (row.source, row.external_id, row.title) == ("old", "7", "Dark, mode")
    assert (row.status, row.status_reason) == (Status.PLANNED, "Next year.")
    assert (row.impact, row.effort_weeks, row.votes) == (Decimal(2), Decimal("0.5"), 12)
    assert row.created_at == datetime(2025, 1, 2, tzinfo=UTC)


def test_columns_of_canny_and_uservoice_are_read() -> None:
    (canny,) = taken(
        "Post ID,Title,Details,Status,Created,Score,Voter emails\n"
        "1,Dark mode,Please,under review,2025-01-02T03:04:05Z,3,b@x.example; a@x.example\n"
    )
    assert (canny.text, canny.status, canny.votes) == ("Please", Status.UNDER_REVIEW, 3)
    assert canny.voters == ("a@x.example", "b@x.example")
    (uservoice,) = taken("Id,Title,Description,Supporters Count,Creator Email\n1,Dark mode,Please,3,b@x.example\n")
    assert (uservoice.text, uservoice.votes, uservoice.author_email) == ("Please", 3, "b@x.example")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_line_end_and_a_byte_order_mark_are_read(end: str, mark: str) -> None:
    body = mark + end.join(["external_id,title", '1,"Dark\u2028 mode"', "2,Light mode", ""])
    assert [row.external_id for row in taken(body)] == ["1", "2"]


def test_a_semicolon_may_part_columns() -> None:
    assert taken("external_id;title\n1;Dark, mode\n")[0].title == "Dark, mode"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (",No id here", "external_id"),
        ("2,\u200bx\u200b", "title"),
        ('2,"never closed', ""),
        ("2,a title,and,more,cells", ""),
        ("2,with a \0 in it", "title"),
        ("1,The same id", "external_id"),
    ],
)
def test_a_bad_row_is_named_and_costs_no_other(line: str, field: str) -> None:
    found = read(f"{GOOD}1,Dark mode\n{line}\n3,Light mode\n")
    assert [row.external_id for row in found if isinstance(row, ImportRow)] == ["1", "3"]
    (refused,) = (each for each in found if isinstance(each, Refusal))
    assert (refused.line, refused.field) == (3, field)
    assert refused.sentence


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("votes", "-1"), ("votes", "1e9"), ("votes", "9" * 5_000), ("votes", "٣"), ("status", "maybe"),
        ("created_at", "01/02/2025"), ("created_at", "2025-01-02T03:04:05"), ("created_at", "2999-01-01"),
        ("created_at", "0001-01-01T00:00:00+14:00"), ("url", "javascript:alert(1)"), ("url", "http://["),
        ("voters", "nobody"), ("impact", "7"), ("subject", "no subject"), ("status_reason", "Because."),
    ],
)  # fmt: skip
def test_a_value_that_is_not_understood_is_refused_and_not_guessed(column: str, cell: str) -> None:
    (refused,) = read(f"external_id,title,{column}\n1,Dark mode,{cell}\n")
    assert isinstance(refused, Refusal)
    assert column.split("_", maxsplit=1)[0] in refused.field or refused.field == "effort_weeks"


def test_an_address_that_is_refused_is_not_repeated() -> None:
    (refused,) = read("external_id,title,voters\n1,Dark mode,secret-person@@x\n")
    assert isinstance(refused, Refusal)
    assert "secret-person" not in refused.sentence


def test_an_empty_cell_says_nothing() -> None:
    (row,) = taken("external_id,title,text,votes\n1,Dark mode,,\n")
    assert (row.text, row.votes) == (None, None)


def test_a_formula_stays_the_text_that_it_is() -> None:
    assert taken(f"{GOOD}1,=cmd|' /C calc'!A0\n")[0].title == "=cmd|' /C calc'!A0"
    assert taken(f"{GOOD}1,'=1+1\n")[0].title == "=1+1"  # as our own export guards it


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"\xff\xfe\x00",
        b"title\nDark mode\n",
        b"external_id,ID\n1,2\n",
        b"a,a\n1,2\n",
        b"," * 1_000_000,
        b'"open',
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_refused_whole(body: bytes) -> None:
    with pytest.raises(UnusableFileError):
        read(body)


def test_limits_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plaudit.feedback_board.imports.domain.reading.MAX_ROWS", 2)
    with pytest.raises(UnusableFileError, match="more than 2 rows"):
        read(GOOD + "1,Dark mode\n2,Dark mode\n3,Dark mode\n")
    with pytest.raises(UnusableFileError, match="20 MB"):
        read(b"x" * (rows.MAX_FILE_BYTES + 1))


def test_a_row_of_a_million_cells_costs_no_other() -> None:
    found = read(f"{GOOD}1,Dark mode\n{',' * 900_000}\n2,Light mode\n")
    assert [row.external_id for row in found if isinstance(row, ImportRow)] == ["1", "2"]


def test_a_file_of_nothing_but_quotes_is_read_to_its_end() -> None:
    body = GOOD + "".join(f'{number},"\n' for number in range(5_001))
    assert len(read(body)) >= csv_table.MAX_RETURNS


ISSUE = {
    "html_url": "https://github.com/Acme/app/issues/12",
    "number": 12,
    "title": "Dark mode",
    "body": "Please",
    "state": "open",
    "labels": [{"name": "Planned"}, {"name": "bug"}],
    "reactions": {"+1": 4, "-1": 1},
    "comments": 3,
    "created_at": "2025-01-02T03:04:05Z",
}


def test_issues_of_the_rest_api_and_of_gh_say_the_same() -> None:
    gh = {
        "url": ISSUE["html_url"], "title": "Dark mode", "body": "Please", "state": "OPEN", "labels": ISSUE["labels"],
        "reactionGroups": [{"content": "THUMBS_UP", "users": {"totalCount": 4}}], "comments": [{}, {}, {}],
        "createdAt": "2025-01-02T03:04:05Z",
    }  # fmt: skip
    (rest,) = taken(json.dumps([ISSUE]), Form.GITHUB)
    assert taken(json.dumps([gh]), Form.GITHUB) == [rest]
    assert (rest.source, rest.external_id, rest.votes, rest.comments) == ("github", "acme/app#12", 4, 3)
    assert rest.status is Status.PLANNED


@pytest.mark.parametrize(
    ("reason", "status"), [(None, Status.SHIPPED), ("completed", Status.SHIPPED), ("not_planned", Status.DECLINED)]
)
def test_a_closed_issue_is_shipped_or_declined(reason: str | None, status: Status) -> None:
    (row,) = taken(json.dumps([{**ISSUE, "state": "closed", "state_reason": reason}]), Form.GITHUB)
    assert row.status is status


@pytest.mark.parametrize(
    "issue",
    [
        7, None, [], {}, {**ISSUE, "pull_request": {}}, {**ISSUE, "comments": True},
        {**ISSUE, "reactions": {"+1": 1.5}},
        {**ISSUE, "title": 7}, {**ISSUE, "labels": "planned"}, {**ISSUE, "html_url": "https://["},
        {**ISSUE, "comments": 10**18}, {**ISSUE, "state": "merged"},
    ],
)  # fmt: skip
def test_an_issue_that_is_not_understood_costs_no_other(issue: object) -> None:
    other = {**ISSUE, "html_url": "https://github.com/acme/app/issues/13"}
    found = read(json.dumps([issue, other]), Form.GITHUB)
    assert isinstance(found[0], Refusal)
    assert isinstance(found[1], ImportRow)


@pytest.mark.parametrize(
    "body",
    [b"", b"7", b"{}", b"[" * 100_000, b'[{"a":"\\u0000"}]', b'[{"a":1,"a":2}]', b"[NaN]", b"[" + b"9" * 500 + b"]"],
)
def test_json_that_is_no_list_of_issues_is_refused_whole(body: bytes) -> None:
    with pytest.raises(UnusableFileError):
        read(body, Form.GITHUB)


def test_what_a_row_said_is_known_again_and_cannot_be_read() -> None:
    (before,), (after,) = (taken(f"external_id,title,voters\n1,{title},a@x.example\n") for title in ("Dark", "Light"))
    key = b"k" * 32
    assert changed_fields(digests(before, key), digests(before, key)) == frozenset()
    assert changed_fields(digests(after, key), digests(before, key)) == {"title"}
    assert digests(before, key)["voters"] != digests(before, b"l" * 32)["voters"]
    assert "x.example" not in str(digests(before, key))


@given(st.binary(max_size=400))
def test_whatever_bytes_come_the_answer_is_rows_or_a_sentence(body: bytes) -> None:
    for form in Form:
        for head in (b"", b"external_id,title,voters\n", b"[{"):
            found: list[ImportRow | Refusal] = []
            with suppress(UnusableFileError):
                found = read(head + body, form)
            assert all(isinstance(each, ImportRow | Refusal) for each in found)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_good_rows_among_any_lines_are_all_taken(lines: list[str]) -> None:
    junk = [
        line.replace("\r", " ").replace("\n", " ").replace('"', "'").encode("utf-8", "replace").decode()
        for line in lines
    ]
    body = "".join(f"{line}\nid-{number},A good title\n" for number, line in enumerate(junk))
    assert {row.external_id for row in taken(GOOD + body)} >= {f"id-{number}" for number in range(len(junk))}
