"""What a cell says: known forms are read, everything else is refused, and nothing is guessed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from plaudit.ingest.transfer.domain import values
from plaudit.ingest.transfer.domain.rows import RowError
from plaudit.ingest.transfer.domain.values import (
    NO,
    YES,
    derived_id,
    epoch,
    from_link,
    given_id,
    instant,
    number,
    rating,
    whole_number,
    yes_or_no,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", (4, None)),
        (" 4.5 ", (4.5, None)),
        ("4,5", (4.5, None)),
        ("5 stars", (5, None)),
        ("1 star", (1, None)),
        ("4 Sterne", (4, None)),
        ("5 bintang", (5, None)),
        ("4/5", (4, 5)),
        ("8 out of 10", (8, 10)),
        ("4 von 5 Sternen", (4, 5)),
        ("4,0 su 5 stelle", (4, 5)),
        ("3,0 av 5 stjärnor", (3, 5)),
        ("4,5 z 5 gwiazdek", (4.5, 5)),
        ("5つ星のうち4.0", (4, 5)),
        ("5 y\u0131ld\u0131z üzerinden 3,0", (3, 5)),
        ("★★★★☆", (4, None)),
        ("⭐️⭐️", (2, None)),
        ("FOUR", (4, None)),
        ("-1", (-1, None)),
    ],
)
def test_a_rating_is_read_in_the_forms_that_files_hold(text: str, value: tuple[float, int | None]):
    assert rating(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "inf",
        "-Infinity",
        "1e5",
        "good",
        "4;5",
        "1.000,5",
        "4 5",
        "5つ星のうち",
        "5 y\u0131ld\u0131z üzerinden 1e5",
        "",
        "٤",
        "9" * 400,
    ],
)
def test_what_is_no_rating_is_refused(text: str):
    with pytest.raises(RowError, match="no rating"):
        rating(text)


def test_whole_numbers_stay_exact_however_long():
    assert whole_number("9007199254740993") == 2**53 + 1
    assert whole_number("18446744073709551617.0") == 2**64 + 1
    for text in ("1.23E+17", "1.5", "x", "nan"):
        with pytest.raises(RowError, match="no whole number"):
            whole_number(text)
    assert (number("10"), number("0,5")) == (10, 0.5)
    with pytest.raises(RowError, match="no number"):
        number("inf")


@pytest.mark.parametrize("text", ["1.23457E+17", "1E15", "1,23E+17", "5e10"])
def test_an_id_that_a_spreadsheet_rounded_is_refused(text: str):
    with pytest.raises(RowError, match="spreadsheet"):
        given_id(text)


@pytest.mark.parametrize("text", ["1e", "E17", "900000000000000001", "lg:AOqp-1", "5d1dbacb42fa560a286febf9", "1.5"])
def test_an_id_stays_text(text: str):
    assert given_id(f" {text}") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [("TRUE", True), (" yes", True), ("Y", True), ("T", True), ("on", True), ("0", False), ("Nein", False)],
)
def test_known_words_say_yes_or_no(text: str, said: bool):
    assert yes_or_no(text, YES, NO) is said


@pytest.mark.parametrize("text", ["buyer", "verified-purchase", "confirmed-buyer", "maybe", "2"])
def test_an_unknown_word_is_refused_and_named(text: str):
    with pytest.raises(RowError, match=f"'{text}' says neither yes nor no"):
        yes_or_no(text, YES, NO)


@pytest.mark.parametrize(
    ("text", "zone", "order", "utc"),
    [
        ("2026-05-01T10:00:00Z", None, None, datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00.123456789+02:00", None, None, datetime(2026, 5, 1, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2026-05-01 10:00:00 UTC", None, None, datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00+0000", None, None, datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01 10:00:00.745232+02", None, None, datetime(2026, 5, 1, 8, 0, 0, 745232, tzinfo=UTC)),
        ("2026-05-01 10:00:00-03", BERLIN, None, datetime(2026, 5, 1, 13, tzinfo=UTC)),
        ("2026-05-01", BERLIN, None, datetime(2026, 4, 30, 22, tzinfo=UTC)),
        ("2026-05-01 10:00", BERLIN, None, datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("13.1.17", UTC, "dmy", datetime(2017, 1, 13, tzinfo=UTC)),
        ("1/13/17", UTC, "mdy", datetime(2017, 1, 13, tzinfo=UTC)),
        ("17/1/13", UTC, "ymd", datetime(2017, 1, 13, tzinfo=UTC)),
        ("05/03/2024 12:30 PM", UTC, "dmy", datetime(2024, 3, 5, 12, 30, tzinfo=UTC)),
        ("05/03/2024 12:30 AM", UTC, "mdy", datetime(2024, 5, 3, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_with_what_is_stated_about_it(text: str, zone, order, utc: datetime):
    assert instant(text, zone, order) == utc


@pytest.mark.parametrize(
    ("text", "zone", "order", "said"),
    [
        ("2026-05-01", None, None, "has no zone"),
        ("2026-05-01T10:00:00", None, None, "has no zone"),
        ("05/03/2024", UTC, None, "two ways"),
        ("a month ago", UTC, "dmy", "relative"),
        ("Edited 2 weeks ago", UTC, "dmy", "relative"),
        ("3 bulan lalu", UTC, "dmy", "relative"),
        ("2026-02-30T10:00:00Z", None, None, "exists"),
        ("2026-05-01-02", UTC, None, "exists"),
        ("31/02/2024", UTC, "dmy", "exists"),
        ("05/03/2024 13:30 PM", UTC, "dmy", "exists"),
        ("0001-01-01T00:00:00+14:00", None, None, "kept"),
        ("1777622400", UTC, "dmy", "no date and time"),
    ],
)
def test_a_time_that_can_be_read_in_two_ways_or_in_none_is_refused(text: str, zone, order, said: str):
    with pytest.raises(RowError, match=said):
        instant(text, zone, order)


def test_a_count_since_1970_is_read_in_the_unit_that_is_stated():
    assert epoch("1762353632542", 1_000) == datetime(2025, 11, 5, 14, 40, 32, 542000, tzinfo=UTC)
    assert epoch("1777622400", 1) == datetime(2026, 5, 1, 8, tzinfo=UTC)
    for text in ("9" * 30, "1.5", "x"):
        with pytest.raises(RowError):
            epoch(text, 1)


def test_an_id_is_taken_out_of_a_link_or_derived_from_cells():
    assert from_link("http://x.test/a?reviewId=7-1&corpus=P", "reviewId") == "7-1"
    assert from_link("http://x.test/a", "reviewId") is None
    assert from_link("http://[", "reviewId") is None
    one = derived_id(["ann", "2026"])
    assert one is not None
    assert one == derived_id(["ann ", "2026"]) != derived_id(["ann2026", ""])
    assert derived_id(["", ""]) is None


@pytest.mark.parametrize(
    "text",
    [
        f"2026-{month}-{day}{between}{clock}{zone}"
        for month, day in (("05", "01"), ("02", "30"), ("13", "01"), ("1", "1"), ("\u06601", "01"))
        for between in "T _"
        for clock in ("10:00:00", "24:00:00", "10:00:60", "10:00", "10:00:00.25", "9:00:00", "10-00-00")
        for zone in ("Z", "z", "+00:00", "-00:00", "+02:00", "+02", "")
    ],
)
def test_a_time_that_is_read_at_once_is_the_one_that_is_read_by_its_form(text: str, monkeypatch: pytest.MonkeyPatch):
    def read() -> object:
        try:
            found = instant(text, None, None)
        except RowError as error:
            return str(error)
        return found, found.tzinfo

    at_once = read()
    monkeypatch.setattr(values, "PLAIN_CHARS", ())
    assert at_once == read()
