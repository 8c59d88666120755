"""The 72 hours: strict, and as Regulation 1182/71 may be read."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.incidents.domain.breach import (
    Breach,
    CountedBy,
    by_regulation,
    counted,
    regulation_of,
    strict_at,
)
from plaudit.alerting.incidents.domain.incident import WrongIncidentError

BERLIN = ZoneInfo("Europe/Berlin")
EASTER = {date(2026, 4, 3), date(2026, 4, 6)}
"""Good Friday and Easter Monday."""


def berlin(day, hour, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def test_the_strict_point_is_72_hours_later_also_where_clocks_are_moved():
    aware_at = berlin(27, 12, 30)  # a Friday; clocks move on Sunday, 29 March
    assert strict_at(aware_at).astimezone(BERLIN) == datetime(2026, 3, 30, 13, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("aware_at", "ends_at"),
    [
        # Monday 10:20: the hour to 11:00 does not count, and the period ends on a Thursday.
        (berlin(2, 10, 20), berlin(5, 11)),
        # At the full hour, that hour is the one in which it happened.
        (berlin(2, 10), berlin(5, 11)),
        # Wednesday and Thursday: the period would end on Saturday or Sunday, and ends with Monday.
        (berlin(4, 10, 20), berlin(10, 0)),
        (berlin(5, 10, 20), berlin(10, 0)),
        # Friday 17:10 to Monday 18:00: both are working days.
        (berlin(6, 17, 10), berlin(9, 18)),
        # Tuesday 23:10 begins on Wednesday, and its last instant is that of Friday.
        (berlin(3, 23, 10), berlin(7, 0)),
        # Saturday 23:30 begins on Sunday and ends with Tuesday: two working days.
        (berlin(7, 23, 30), berlin(11, 0)),
    ],
)
def test_a_period_that_would_end_on_no_working_day_ends_with_the_next_one(aware_at, ends_at):
    assert by_regulation(aware_at, BERLIN, ()) == ends_at


def test_public_holidays_are_no_working_days():
    # The Tuesday before Easter, 20:10: it would end on Good Friday, and ends with the Tuesday after.
    assert by_regulation(berlin(31, 20, 10), BERLIN, EASTER) == berlin(8, 0, month=4)
    of_germany = Breach(
        tenant_id="default", incident_id=UUID(int=1), aware_at=berlin(31, 20, 10), zone="Europe/Berlin", country="DE"
    )
    assert regulation_of(of_germany) == berlin(8, 0, month=4)


@given(
    st.integers(min_value=0, max_value=10 * 365 * 24 * 60),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Auckland"]),
)
def test_the_reading_by_the_regulation_is_never_before_the_strict_one(minutes, zone):
    aware_at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ends_at = by_regulation(aware_at, ZoneInfo(zone), ())
    assert strict_at(aware_at) <= ends_at <= strict_at(aware_at) + timedelta(days=4)


def test_a_list_is_counted_without_repeats_and_its_hash_does_not_depend_on_the_order():
    one = counted(None, CountedBy.LIST, "The export of customers.", "person\nb,2\na,1\nb,3\n\n")
    other = counted(None, CountedBy.LIST, "The same.", "a\nb\n")
    assert (one.people, one.list_hash) == (2, other.list_hash)


@pytest.mark.parametrize(
    "people",
    [
        "\ufeffperson\nada@a.example\nbob@a.example\n",
        "E-Mail;Order\nada@a.example;1\nADA@a.example;2\nbob@a.example;3\n",
        "ada@a.example\tx\nAda <ada@a.example>\ty\nbob@a.example\tz\n",
        "customer_id,mail\n17,ada@a.example\n17,ada@b.example\n18,bob@a.example\n",
    ],
)
def test_a_list_of_a_spreadsheet_counts_each_person_once_and_no_head(people):
    assert counted(None, CountedBy.LIST, "The export.", people).people == 2


@pytest.mark.parametrize(
    ("count", "by", "method", "people", "field"),
    [
        (None, CountedBy.COUNT, "Rows.", None, "/count"),
        (-1, CountedBy.COUNT, "Rows.", None, "/count"),
        (3, CountedBy.COUNT, " ", None, "/method"),
        (3, CountedBy.COUNT, "Rows.", "a\n", "/people"),
        (None, CountedBy.LIST, "Rows.", None, "/people"),
        (None, CountedBy.LIST, "Rows.", "person\n", "/people"),
        (3, CountedBy.LIST, "Rows.", "a\n", "/count"),
        (None, CountedBy.LIST, "Rows.", '"a', "/people"),
    ],
)
def test_a_count_that_cannot_be_is_refused_at_its_field(count, by, method, people, field):
    with pytest.raises(WrongIncidentError) as refused:
        counted(count, by, method, people)
    assert refused.value.field == field
