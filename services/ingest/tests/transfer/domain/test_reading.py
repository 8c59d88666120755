"""A row becomes events, or a reject that names column and reason; nothing in it is silently another value."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from plaudit.ingest.platforms.native.adapter import read_event
from plaudit.ingest.reviews.domain.instructions import CreateReview, RemoveReview
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.transfer.domain.mapping import FieldMapping, MappingError, parse_columns, parse_constants
from plaudit.ingest.transfer.domain.reading import MAX_BODY_BYTES, Options, RowReader, SameId
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row, Skipped
from plaudit.ingest.transfer.domain.subjects import Subjects

HEADER = ("id", "stars", "date", "more", "other")
SOURCE = KeyedSource(
    tenant_id="t",
    id="s",
    name="n",
    platform="native",
    subject="acme",
    secret="whsec_",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    person_key=b"k" * 32,
)
MAP = ("id=id", "rating=stars", "published_at=date")


def reader(*mapped: str, constants: tuple[str, ...] = (), options: Options | None = None) -> RowReader:
    mapping = FieldMapping(parse_columns([*MAP, *mapped]), parse_constants(constants))
    return RowReader(mapping, HEADER, Subjects({}), options or Options())


def row(**cells: str) -> Row:
    values = {"id": "r-1", "stars": "4", "date": "2026-01-01T00:00:00Z", "more": "", "other": "", **cells}
    return Row(7, [values[name] for name in HEADER])


def data(read: Ready | Reject | Skipped) -> dict:
    assert isinstance(read, Ready), read
    return json.loads(read.events[-1])["data"]


def reason(read: Ready | Reject | Skipped) -> tuple[int, str, str]:
    assert isinstance(read, Reject), read
    return read.line, read.id, read.reason


def test_a_row_becomes_a_review_with_nested_fields_and_constants():
    made = reader("author.email=more", "title=other", "subject=stars", constants=("kind=csat",)).read(
        row(more="ann@example.com", stars="4,5")
    )
    assert data(made) == {
        "kind": "csat",
        "id": "r-1",
        "rating": 4.5,
        "published_at": "2026-01-01T00:00:00Z",
        "author": {"email": "ann@example.com"},
        "subject": "4,5",
    }
    assert isinstance(made, Ready)
    assert (made.id, made.line, made.instant) == ("r-1", 7, 1_767_225_600_000_000)


def test_a_subject_is_put_below_another_one():
    below = reader("subject=more|slug", options=Options(under="rental"))
    assert data(below.read(row(more="Añy & Co.")))["subject"] == "rental/any-co"
    assert data(below.read(row()))["subject"] == "rental"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"id": " "}, (7, "", "the row has no id")),
        ({"stars": "NaN"}, (7, "r-1", "rating (column stars): 'NaN' is no rating, such as 4, 4.5, 4,5 or 4 stars")),
        ({"stars": ""}, (7, "r-1", "rating: the row has no rating")),
        ({"date": ""}, (7, "r-1", "published_at: the row has no time")),
        ({"stars": "4/10"}, (7, "r-1", "rating: it is given out of 10, and the scale ends at 5: set scale.max")),
    ],
)
def test_a_row_that_cannot_be_read_is_told_by_line_id_column_and_reason(cells: dict[str, str], told):
    assert reason(reader().read(row(**cells))) == told


def test_an_id_in_spreadsheet_notation_is_refused_unless_it_is_stated_to_be_one():
    assert "spreadsheet" in reason(reader().read(row(id="1.23E+17")))[2]
    mapping = FieldMapping(parse_columns(["id=id|as-is", *MAP[1:]]))
    assert data(RowReader(mapping, HEADER, Subjects({}), Options()).read(row(id="1.23E+17")))["id"] == "1.23E+17"


def test_whole_numbers_beyond_a_float_stay_exact_and_beyond_a_version_are_refused():
    assert data(reader("version=more").read(row(more="9007199254740993")))["version"] == 2**53 + 1
    assert "version (column more)" in reason(reader("version=more").read(row(more=str(2**63))))[2]
    assert "no whole number" in reason(reader("version=more").read(row(more="9.0E+15")))[2]


def test_words_for_yes_and_no_are_known_or_stated_or_refused():
    stated = reader("verified=more|buyer,verified:not-yet,on")
    assert [data(stated.read(row(more=word)))["verified"] for word in ("Buyer", "not-yet", "on", "y")] == [
        True,
        False,
        False,
        True,
    ]
    assert "'email' says neither yes nor no" in reason(stated.read(row(more="email")))[2]
    assert "'buyer' says neither" in reason(reader("verified=more").read(row(more="buyer")))[2]
    assert "verified" not in data(stated.read(row()))


def test_times_are_read_with_zone_order_and_unit_as_stated():
    assert "has no zone" in reason(reader().read(row(date="2026-01-01")))[2]
    zoned = reader(options=Options(zone=ZoneInfo("Europe/Berlin"), dates="dmy"))
    assert data(zoned.read(row(date="05/03/2026")))["published_at"] == "2026-03-04T23:00:00Z"
    both = reader("edited_at=more|epoch_s", "answer.text=other", "answer.published_at=more|epoch_s")
    made = both.read(row(more="1777622400", other="Sorry"))
    assert data(made)["edited_at"] == "2026-05-01T08:00:00Z"
    assert data(made)["answer"] == {"text": "Sorry", "published_at": "2026-05-01T08:00:00Z"}
    assert isinstance(made, Ready)
    assert made.instant == 1_777_622_400_000_000
    assert "answer" not in data(both.read(row(more="1777622400")))


def test_words_that_stand_for_nothing_are_no_values():
    empty = reader("title=more", options=Options(empty=frozenset({"null"})))
    assert "title" not in data(empty.read(row(more="null")))
    assert data(reader("title=more").read(row(more="null")))["title"] == "null"


def test_the_first_column_with_a_value_counts():
    first = reader("title=more", "title=other")
    assert [data(first.read(row(**cells)))["title"] for cells in ({"more": "a", "other": "b"}, {"other": "b"})] == [
        "a",
        "b",
    ]


def test_a_state_removes_a_review_before_it_could_be_public_or_leaves_the_row_out():
    states = reader("removed=more|hidden,spam", "skip=other|test")
    made = states.read(row(more="Hidden"))
    assert isinstance(made, Ready)
    assert [json.loads(event)["type"] for event in made.events] == ["review.removed", "review.created"]
    assert states.read(row(other="TEST")) == Skipped(7)
    kept = states.read(row(more="active"))
    assert isinstance(kept, Ready)
    assert len(kept.events) == 1


def test_a_review_that_no_delivery_can_hold_is_told():
    assert "larger than" in reason(reader("text=more").read(row(more="x" * MAX_BODY_BYTES)))[2]


@pytest.mark.parametrize("constant", ["rating=good", "verified=perhaps", "version=x", "published_at=yesterday"])
def test_a_constant_that_is_no_value_of_its_field_is_refused(constant: str):
    with pytest.raises(MappingError, match="--set"):
        reader(constants=(constant,))


def test_what_is_made_is_the_native_format():
    full = reader("removed=more|hidden", "title=other", constants=("verified=yes", "language=pt_BR"))
    made = full.read(row(more="hidden", other="T"))
    assert isinstance(made, Ready)
    removed, created = (read_event(json.loads(event), SOURCE) for event in made.events)
    assert isinstance(removed, RemoveReview)
    assert isinstance(created, CreateReview)
    assert (created.content.title, created.content.verified, created.content.language) == ("T", True, "pt-BR")


def test_rows_under_one_derived_id_that_differ_are_rejected_and_under_a_given_one_counted():
    rejected: list[Reject] = []
    same = SameId(rejected.append)

    def ready(external_id: str, line: int, event: bytes) -> Ready:
        return Ready(0, external_id, line, [event], [])

    rows = [
        ready("a", 2, b"1"),
        ready("a", 3, b"1"),
        ready("a", 4, b"2"),
        ready("derived-1", 5, b"1"),
        ready("derived-1", 6, b"1"),
        ready("derived-1", 7, b"2"),
    ]
    assert [each.line for each in same.sorted_out(rows)] == [2, 3, 4, 5, 6]
    assert (same.count, same.example) == (1, (3, 4))
    assert [(each.line, each.reason[:6]) for each in rejected] == [(7, "line 6")]
