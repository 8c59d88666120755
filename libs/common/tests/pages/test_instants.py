"""Instants are written in the zone of whoever reads, which is always named."""

from datetime import UTC, datetime

import pytest

from plaudit.common.pages.instants import for_input, moment, read_in, time_of_day, zone_name
from plaudit.common.time_zones import zone_of

AT = datetime(2026, 3, 7, 23, 30, 15, tzinfo=UTC)


def test_nobody_in_particular_reads_in_utc_and_it_says_so() -> None:
    assert (moment(AT), time_of_day(AT), zone_name()) == ("7 March 2026, 23:30 UTC", "23:30:15 UTC", "UTC")


@pytest.mark.parametrize(
    ("name", "words", "typed"),
    [
        ("Europe/Berlin", "8 March 2026, 00:30 CET", "2026-03-08T00:30"),
        ("America/New_York", "7 March 2026, 18:30 EST", "2026-03-07T18:30"),
        ("Asia/Dubai", "8 March 2026, 03:30 UTC+04", "2026-03-08T03:30"),
        ("Asia/Kathmandu", "8 March 2026, 05:15 UTC+0545", "2026-03-08T05:15"),
    ],
)
def test_a_reader_reads_in_their_zone(name: str, words: str, typed: str) -> None:
    with read_in(zone_of(name)):
        assert (moment(AT), for_input(AT), zone_name()) == (words, typed, name)
    assert zone_name() == "UTC"


@pytest.mark.parametrize(
    ("at", "name", "words"),
    [
        (datetime.min.replace(tzinfo=UTC), "America/New_York", "1 January 1, 00:00 UTC"),
        (datetime.max.replace(tzinfo=UTC), "Asia/Tokyo", "31 December 9999, 23:59 UTC"),
    ],
)
def test_an_instant_that_has_no_time_in_the_zone_of_the_reader_is_written_in_utc(
    at: datetime, name: str, words: str
) -> None:
    with read_in(zone_of(name)):
        assert moment(at) == words
        assert time_of_day(at).endswith(" UTC")
        assert for_input(at).endswith(f"T{at:%H:%M}")
