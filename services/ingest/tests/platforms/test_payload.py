"""The shared reader of payloads: what it takes, and what it refuses by its path."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.platforms import UnusableBodyError
from plaudit.ingest.platforms.fields import ImpossibleTimeError
from plaudit.ingest.platforms.payload import Fields, UnreadableFieldError, expect_rows, lines
from plaudit.ingest.reviews.domain.instructions import AnswerState
from plaudit.ingest.reviews.domain.scales import OffScaleError, Scale
from plaudit_testing.platforms import source_of

BERLIN = source_of("yotpo")
NOWHERE = replace(BERLIN, time_zone=None)


def fields(value, source=BERLIN):
    return Fields({"a": {"b": value}}, source, "data")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-02-14T10:15:30Z", "2026-02-14T10:15:30+00:00"),
        ("2026-02-14T10:15:30z", "2026-02-14T10:15:30+00:00"),
        ("2026-02-14 10:15:30 UTC", "2026-02-14T10:15:30+00:00"),
        ("2026-02-14 10:15:30 -0500", "2026-02-14T15:15:30+00:00"),
        ("2026-02-14T10:15:30+0000", "2026-02-14T10:15:30+00:00"),
        ("2026-02-14T10:15:30-07:00", "2026-02-14T17:15:30+00:00"),
        ("2026-02-14T10:15:30.1Z", "2026-02-14T10:15:30.100000+00:00"),
        ("2026-02-14T10:15:30.123456789Z", "2026-02-14T10:15:30.123456+00:00"),
        (1771064130, "2026-02-14T10:15:30+00:00"),
        ("1771064130", "2026-02-14T10:15:30+00:00"),
        (1771064130500, "2026-02-14T10:15:30.500000+00:00"),
        ("1771064130500", "2026-02-14T10:15:30.500000+00:00"),
        ("2026-02-14T10:15:30", "2026-02-14T09:15:30+00:00"),
        ("2026-07-14T10:15", "2026-07-14T08:15:00+00:00"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_a_time_is_read_in_every_form_that_platforms_write(written, instant):
    assert fields(written).time("a.b") == datetime.fromisoformat(instant)


@pytest.mark.parametrize("none", [None, ""])
def test_nothing_is_not_a_value(none):
    assert [getattr(fields(none), read)("a.b") for read in ("time", "number", "rating", "flag")] == [UNSET] * 4
    assert fields(none).text("a.b") is None
    assert fields(none).name("a.b") is None


def test_what_is_absent_was_not_mentioned():
    for path in ("x", "a.x", "a.x.y"):
        assert fields("v").text(path) is UNSET
        assert fields("v").time(path) is UNSET
        assert fields("v").name(path) is None
        assert list(fields("v").each(path)) == []


def test_a_time_without_a_zone_is_refused_where_the_source_has_none():
    with pytest.raises(UnreadableFieldError, match=r"^data\.a\.b: the time has no zone"):
        fields("2026-02-14T10:15:30", NOWHERE).time("a.b")
    assert fields("2026-02-14T10:15:30Z", NOWHERE).time("a.b") == datetime(2026, 2, 14, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["yesterday", "2026-02-30T10:00:00Z", "02/14/2026", "2026-02-14", "2026-02-14T25:00:00Z", True, [], {}, "1e9", -1],
)
def test_what_is_no_time_is_refused(written):
    with pytest.raises((UnreadableFieldError, ImpossibleTimeError)):
        fields(written).time("a.b")


@pytest.mark.parametrize(("written", "value"), [(4, 4), ("4", 4), (" 4.5 ", 4.5), ("4,6", 4.6), (2.5, 2.5)])
def test_a_number_is_read_also_from_a_text(written, value):
    assert fields(written).rating("a.b") == value


@pytest.mark.parametrize("written", [True, "four", "NaN", "inf", "1e3", "1.234,5", "4 stars", [], "٤", "0x4"])
def test_what_is_no_number_is_refused(written):
    with pytest.raises(UnreadableFieldError, match=r"^data\.a\.b: must be a number"):
        fields(written).number("a.b")


@pytest.mark.parametrize("written", [0, 6, "5.1", -1, 1e300])
def test_a_rating_off_its_scale_is_refused(written):
    with pytest.raises(OffScaleError):
        fields(written).rating("a.b")
    assert fields(8).rating("a.b", Scale(0.0, 10.0)) == 8


@pytest.mark.parametrize(
    ("written", "value"),
    [(True, True), ("true", True), ("False", False), ("false", False), (1, True), ("0", False), ("buyer", True)],
)
def test_a_yes_or_no_is_a_boolean_or_a_known_word(written, value):
    assert fields(written).flag("a.b", yes=("buyer",)) is value


@pytest.mark.parametrize("written", ["maybe", 2, 0.5, [], "ja"])
def test_an_unknown_word_is_neither_yes_nor_no(written):
    with pytest.raises(UnreadableFieldError, match="must be a yes or a no"):
        fields(written).flag("a.b")


def test_words_are_read_in_any_case_and_only_known_ones():
    words = {"one": 1.0, "five": 5.0}
    assert fields("FIVE").word("a.b", words) == 5
    with pytest.raises(UnreadableFieldError, match="must be one of one, five, not a text of 3 characters"):
        fields("SIX").word("a.b", words)


@pytest.mark.parametrize(("written", "value"), [("x-1", "x-1"), (8302000000001, "8302000000001"), (" 7 ", "7")])
def test_an_id_is_a_text_also_where_it_is_a_number(written, value):
    assert fields(written).id("a.b") == value


@pytest.mark.parametrize("written", [None, "", " ", 1.5, True, [], {}, "x" * 201, "a\nb", "a\0b"])
def test_what_is_no_id_is_refused(written):
    with pytest.raises(UnreadableFieldError, match=r"^data\.a\.b: "):
        fields(written).id("a.b")


def test_a_link_that_cannot_be_kept_is_left_out_and_a_language_is_a_tag():
    assert fields("https://shop.example/r").link("a.b") == "https://shop.example/r"
    for wrong in ("javascript:alert(1)", "https://a b", "x", "https://" + "x" * 3_000):
        assert fields(wrong).link("a.b") is UNSET
    assert fields("de_DE").language("a.b") == "de-DE"
    with pytest.raises(UnreadableFieldError, match="no language tag"):
        fields("german language").language("a.b")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=5,
)


@given(value=anything, source=st.sampled_from([BERLIN, NOWHERE]))
def test_anything_is_read_or_refused(value, source):
    read = fields(value, source)
    reads = (read.time, read.number, read.rating, read.flag, read.text, read.name, read.id, read.link, read.language)
    for each in (*reads, read.inner, read.texts, lambda path: list(read.each(path))):
        try:
            each("a.b")
        except (UnreadableFieldError, ImpossibleTimeError, OffScaleError):
            continue


def test_a_time_without_a_zone_is_in_the_platforms_own_where_it_has_one():
    assert fields("2026-07-14T10:15:00", NOWHERE).time("a.b", UTC) == datetime(2026, 7, 14, 10, 15, tzinfo=UTC)
    assert fields("2026-07-14T10:15:00+02:00", NOWHERE).time("a.b", UTC) == datetime(2026, 7, 14, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<p>Nice &amp; blue</p>\n", "Nice & blue"),
        ("<p>One</p>\n<p>Two<br/>three</p>", "One\nTwo\nthree"),
        ("3 < 5 and 5 > 3", "3 < 5 and 5 > 3"),
        ("&lt;b&gt; stays", "<b> stays"),
        ("<p></p>", None),
        ("<" * 5_000, "<" * 5_000),
    ],
)
def test_html_becomes_its_text(written, text):
    assert fields(written).html("a.b") == text


def test_an_answer_is_told_withdrawn_or_not_mentioned():
    told = Fields({"reply": {"text": "Thanks.", "at": "2026-02-14T10:15:30Z"}, "none": None, "empty": ""}, NOWHERE)
    answer = told.answer("reply.text", "reply.at")
    assert (answer.text, answer.published_at) == ("Thanks.", datetime(2026, 2, 14, 10, 15, 30, tzinfo=UTC))
    assert told.answer("reply.text").published_at is None
    assert [told.answer(path).state for path in ("none.text", "empty")] == [AnswerState.REMOVED] * 2
    assert told.answer("absent.text") is UNSET


def test_a_word_that_must_be_there_is_not_made_up():
    words = {"live": True}
    assert fields("Live").needed_word("a.b", words) is True
    for absent in ("a.x", "x"):
        with pytest.raises(UnreadableFieldError, match="is missing"):
            fields("live").needed_word(absent, words)


def test_lines_are_the_texts_that_there_are():
    assert lines("Fast.", None, UNSET, "x", marks=("+ ", "- ")) == "+ Fast.\nx"
    assert lines(None, UNSET) is None


@pytest.mark.parametrize("body", [None, {}, [1], [{"id": 1}], [{"id": 1}, {"rating": 2}]])
def test_rows_of_another_shape_are_refused(body):
    with pytest.raises(UnusableBodyError, match="id and rating"):
        expect_rows(body, "id", "rating")


def test_one_bad_row_costs_no_other():
    rows = [{"id": 1, "rating": 2}, {"id": 3}, None]
    assert expect_rows(rows, "id", "rating") == rows
    assert expect_rows([], "id", "rating") == []
