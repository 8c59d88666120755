"""What the suites of other help desks expect of business hours; facts and values of theirs, none of their code.

Zammad (`test/unit/ticket_sla_test.rb`, `spec/models/ticket/escalation_examples.rb`), Chatwoot
(`sla/business_hours_service_spec.rb`), Frappe Helpdesk (`test_hd_ticket.py`), zendesk/biz (`spec/**`), GLPI
(`tests/functional/CalendarTest.php`), osTicket (PR 4807).
"""

from datetime import timedelta

import pytest

from plaudit.alerting.calendars.domain import (
    ALWAYS,
    Calendar,
    Interval,
    InvalidCalendarError,
    Pause,
    before,
    days_later,
    due_at,
    elapsed,
    elapsed_seconds,
    next_open,
    segments,
    warn_at,
)
from plaudit_testing.calendars import calendar, local, utc

BERLIN = "Europe/Berlin"
ZAMMAD = {
    "A": calendar(BERLIN, Mon_Fri="09:00-17:00"),
    "B": calendar(BERLIN, Mon_Fri="08:00-18:00"),
    "C": calendar(BERLIN, "2015-09-22", Mon_Sun="08:00-17:00"),
    "D": calendar(BERLIN, Mon_Sun="09:00-18:00"),
    "E": calendar(BERLIN, "2016-11-01", Mon_Fri="08:00-20:00"),
    "F": calendar(BERLIN, "2016-11-01", Mon_Fri="04:00-20:00"),
}


def moment(text, start):
    """`11:30` is of the day of the start, `09-23 07:30` of its year; a full date is itself."""
    parts = text.split()
    day = start[:10] if len(parts) == 1 else start[: 10 - len(parts[0])] + parts[0]
    return utc(f"{day} {parts[-1]}")


def paused(text, start):
    """`09:30-09:45, 10:00-10:30` of the day of the start."""
    for each in filter(None, text.split(", ")):
        begin, end = each.split("-")
        yield Pause(moment(begin, start), moment(end, start), "closed")


@pytest.mark.parametrize(
    ("name", "start", "pauses", "targets"),
    [
        pytest.param("A", "2013-03-21 09:30", "", "60 10:30; 120 11:30; 180 12:30; 240 13:30", id="Z1"),
        pytest.param("B", "2013-03-21 09:30", "", "60 10:30; 120 11:30; 180 12:30", id="Z2"),
        pytest.param("C", "2013-10-21 09:30", "", "120 11:30; 180 12:30; 240 13:30", id="Z6"),
        pytest.param("C", "2013-10-21 05:30", "", "120 08:00; 180 09:00; 240 10:00", id="Z7, before opening"),
        pytest.param("C", "2015-09-21 14:30", "", "120 09-23 07:30; 180 09-23 08:30; 240 09-23 09:30", id="Z8"),
        pytest.param("D", "2013-06-04 09:00", "09:30-09:45, 10:00-10:30", "120 11:45", id="Z9"),
        pytest.param("D", "2013-06-04 09:00", "10:00-15:00", "120 16:00", id="Z10, at closing"),
        pytest.param("D", "2013-06-04 09:00", "10:00-10:30", "120 11:30; 250 13:40", id="Z11"),
        pytest.param("D", "2013-06-04 10:15", "10:00-10:30", "180 13:30", id="Z11, from within the pause"),
        pytest.param("D", "2013-06-04 09:00", "09:00-12:00", "120 14:00; 180 15:00; 240 16:00", id="Z12"),
        pytest.param("D", "2013-06-04 09:00", "09:00-10:30, 11:00-12:00", "120 13:30; 180 14:30; 240 15:30", id="Z13"),
        pytest.param("D", "2013-06-04 09:00", "09:00-10:30, 11:00-11:30", "120 13:00; 180 14:00; 240 15:00", id="Z14"),
        pytest.param("D", "2016-03-21 12:30", "", "60 13:30; 120 14:30; 180 15:30", id="Z15"),
        pytest.param("E", "2016-11-01 13:56:21", "", "120 11-02 09:00; 1200 11-03 15:00", id="Z16"),
        # Zammad expects 09:27:00 here, since it keeps pauses as whole minutes.
        pytest.param("E", "2016-11-07 13:26:36", "", "1200 11-09 09:26:36", id="Z16c, exact"),
        pytest.param("E", "2016-11-07 14:26:36", "", "1200 11-09 10:26:36", id="Z16d"),
        pytest.param("E", "2016-11-01 13:56:21", "", "60 11-02 08:00", id="Z17 with E"),
        pytest.param("F", "2016-11-01 13:56:21", "", "60 11-02 04:00", id="Z17 with F"),
        pytest.param("E", "2016-11-07 13:26:36", "", "120 15:26:36", id="Z17b"),
    ],
)
def test_zammad_due_times(name, start, pauses, targets):
    for target in targets.split("; "):
        minutes, due = target.split(" ", 1)
        found = due_at(ZAMMAD[name], utc(start), int(minutes) * 60, paused(pauses, start))
        assert found == moment(due, start), target


@pytest.mark.parametrize(
    ("name", "start", "pauses", "ends"),
    [
        pytest.param(
            "B",
            "2013-03-21 09:30",
            "",
            "10:00 30; 11:00 90; 12:00 150; 14:00 270; 11:30 120; 13:00 210",
            id="Z2, as the states of its escalations have them",
        ),
        pytest.param("B", "2013-03-28 23:49", "", "03-29 07:00:03 0", id="Z3"),
        pytest.param("D", "2013-06-04 09:00", "10:00-10:30", "10:45 75; 12:00 150", id="Z11"),
        pytest.param("D", "2013-06-04 09:00", "09:00-12:00", "12:00 0", id="Z12"),
        pytest.param("D", "2013-06-04 09:00", "09:00-10:30, 11:00-12:00", "12:00 30", id="Z13"),
        pytest.param("D", "2013-06-04 09:00", "09:00-10:30, 11:00-11:30", "12:00 60", id="Z14"),
    ],
)
def test_zammad_elapsed_minutes(name, start, pauses, ends):
    for each in ends.split("; "):
        end, minutes = each.rsplit(" ", 1)
        assert elapsed(ZAMMAD[name], utc(start), moment(end, start), paused(pauses, start)) // timedelta(
            minutes=1
        ) == int(minutes), each


def test_zammad_counts_three_seconds_after_opening():
    assert elapsed_seconds(ZAMMAD["B"], utc("2013-03-28 23:49"), utc("2013-03-29 07:00:03")) == 3


def test_zammad_life_of_a_ticket_around_the_clock():
    start = utc("2026-01-05 12:00")
    pending, closed = start + timedelta(minutes=90), start + timedelta(minutes=120)
    life = [Pause(pending, closed, "pending")]

    def minutes(begin, end):
        return elapsed_seconds(ALWAYS, begin, end, life) // 60

    half, whole = start + timedelta(minutes=30), closed
    assert (minutes(start, whole), minutes(half, whole), minutes(half, start + timedelta(minutes=60))) == (90, 60, 30)
    # The target crosses the pause, and time after it counts again.
    assert due_at(ALWAYS, start + timedelta(minutes=75), 30 * 60, life) == start + timedelta(minutes=135)


def test_a_pause_over_midnight_is_one_pause():
    night = [Pause(utc("2026-01-05 16:00"), utc("2026-01-06 09:30"), "waiting for the customer")]
    weekdays = calendar("Etc/UTC", Mon_Fri="09:00-17:00")
    assert due_at(weekdays, utc("2026-01-05 15:00"), 2 * 3600, night) == utc("2026-01-06 10:30")


UTC_HOURS = calendar("Etc/UTC", Mon_Fri="09:00-17:00")


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2024-01-17 10:00", 2, "2024-01-17 12:00"),
        ("2024-01-19 16:00", 2, "2024-01-22 10:00"),
        ("2024-01-17 07:00", 2, "2024-01-17 11:00"),
        ("2024-01-17 18:00", 2, "2024-01-18 11:00"),
        ("2024-01-20 10:00", 2, "2024-01-22 11:00"),
        ("2024-01-15 16:00", 10, "2024-01-17 10:00"),
    ],
)
def test_chatwoot_due_times(start, hours, due):
    assert due_at(UTC_HOURS, utc(start), hours * 3600) == utc(due)


def test_chatwoot_in_a_zone_over_the_weekend():
    new_york = calendar("America/New_York", Mon_Fri="09:00-17:00")
    friday = local("2024-01-19 16:00", "America/New_York")
    assert due_at(new_york, friday, 2 * 3600) == local("2024-01-22 10:00", "America/New_York")


def test_chatwoot_a_day_that_is_open_all_day():
    saturday = calendar("Etc/UTC", Mon_Fri="09:00-17:00", Sat="00:00-24:00")
    assert due_at(saturday, utc("2024-01-20 00:00"), 24 * 3600) == utc("2024-01-21 00:00")


def test_chatwoot_a_long_tuesday():
    long_tuesday = calendar("Etc/UTC", Mon="09:00-17:00", Tue="09:00-20:00", Wed_Fri="09:00-17:00")
    assert due_at(long_tuesday, utc("2024-01-15 18:00"), 10 * 3600) == utc("2024-01-16 19:00")
    # From 16:00 an hour is left of Monday; from Tuesday's eleven, 11 of 12 hours are taken.
    assert due_at(long_tuesday, utc("2024-01-15 16:00"), 12 * 3600) == utc("2024-01-16 20:00")


def test_without_hours_it_is_the_wall_clock_and_without_open_days_it_is_refused():
    assert due_at(ALWAYS, utc("2024-01-19 16:00"), 2 * 3600) == utc("2024-01-19 18:00")
    with pytest.raises(InvalidCalendarError, match="open time"):
        Calendar(zone="Etc/UTC", week=((),) * 7)


FRAPPE = calendar("Etc/UTC", Mon_Fri="10:00-18:00")


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-06-01 11:00", 1, "2026-06-01 12:00"),
        ("2026-06-01 11:00", 4, "2026-06-01 15:00"),
        ("2026-06-01 08:00", 1, "2026-06-01 11:00"),
        ("2026-06-01 08:00", 4, "2026-06-01 14:00"),
        ("2026-06-01 20:00", 0.5, "2026-06-02 10:30"),
        ("2026-06-01 20:00", 2, "2026-06-02 12:00"),
        ("2026-06-06 15:00", 24, "2026-06-10 18:00"),
        ("2026-06-06 15:00", 72, "2026-06-18 18:00"),
        ("2026-06-05 17:00", 0.5, "2026-06-05 17:30"),
        ("2026-06-05 17:00", 2, "2026-06-08 11:00"),
        ("2026-06-05 19:00", 1, "2026-06-08 11:00"),
        ("2026-06-05 19:00", 4, "2026-06-08 14:00"),
    ],
)
def test_frappe_due_times(start, hours, due):
    assert due_at(FRAPPE, utc(start), int(hours * 3600)) == utc(due)


def test_frappe_two_holidays_before_the_weekend():
    closed = calendar("Etc/UTC", "2026-06-04", "2026-06-05", Mon_Fri="10:00-18:00")
    assert due_at(closed, utc("2026-06-04 15:00"), 1800) == utc("2026-06-08 10:30")
    assert due_at(closed, utc("2026-06-04 15:00"), 7200) == utc("2026-06-08 12:00")


@pytest.mark.parametrize(("hold", "due"), [(3600, "2026-06-04 18:00"), (3601, "2026-06-05 10:00:01")])
def test_frappe_a_second_of_pause_past_closing(hold, due):
    start = utc("2026-06-04 15:00")
    pause = Pause(start, start + timedelta(seconds=hold), "replied")
    assert due_at(FRAPPE, start, 7200, [pause]) == utc(due)


def test_frappe_a_lunch_that_was_paused():
    pause = [Pause(utc("2026-06-01 12:30"), utc("2026-06-01 13:00"), "replied")]
    assert due_at(FRAPPE, utc("2026-06-01 12:00"), 4 * 3600, pause) == utc("2026-06-01 16:30")
    assert elapsed_seconds(FRAPPE, utc("2026-06-01 12:00"), utc("2026-06-01 13:30"), pause) == 60 * 60


def test_frappe_a_pause_over_a_holiday_and_a_weekend():
    closed = calendar("Etc/UTC", "2026-06-05", Mon_Fri="10:00-18:00")
    start, end = utc("2026-06-04 17:30"), utc("2026-06-08 13:00")
    pause = Pause(utc("2026-06-04 17:50"), utc("2026-06-08 12:30"), "replied")
    assert elapsed_seconds(closed, pause.from_at, pause.to_at) == 160 * 60
    assert elapsed_seconds(closed, start, end) == 210 * 60
    assert elapsed_seconds(closed, start, end, [pause]) == 50 * 60


BIZ = calendar(
    "Etc/UTC", Mon="09:00-17:00", Tue="10:00-16:00", Wed="09:00-17:00", Thu="10:00-16:00", Fri="09:00-17:00",
    Sat="11:00-14:30",
)  # fmt: skip


def test_biz_due_times_at_closing_stay():
    assert due_at(BIZ, utc("2006-01-04 15:58:30"), 90) == utc("2006-01-04 16:00")
    assert due_at(BIZ, utc("2006-01-04 14:30"), 90 * 60) == utc("2006-01-04 16:00")
    assert due_at(BIZ, utc("2006-01-04 13:00"), 3 * 3600) == utc("2006-01-04 16:00")


def test_biz_no_time_at_all_is_the_next_open_moment_and_backwards_the_last_one():
    assert due_at(BIZ, utc("2006-01-03 00:00"), 0) == utc("2006-01-03 10:00")
    assert before(BIZ, utc("2006-01-03 00:00"), 0) == utc("2006-01-02 17:00")
    assert before(BIZ, utc("2006-01-04 17:00"), 3 * 3600) == utc("2006-01-04 14:00")


def test_biz_a_week_has_so_many_hours():
    assert elapsed(BIZ, utc("2006-01-01 00:00"), utc("2006-01-08 00:00")) == timedelta(hours=39.5)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2006-01-06 12:00", 2, "2006-01-09 12:00"),
        ("2006-01-03 08:00", 2, "2006-01-05 10:00"),
        ("2006-01-03 18:00", 2, "2006-01-06 09:00"),
    ],
)
def test_biz_days_later(start, days, end):
    assert days_later(BIZ, utc(start), days) == utc(end)


@pytest.mark.parametrize(
    ("pause", "hours"),
    [
        ("08:00-10:00", ["10:00-17:00"]),
        ("16:00-18:00", ["09:00-16:00"]),
        ("13:30-15:30", ["09:00-13:30", "15:30-17:00"]),
        ("08:00-18:00", []),
    ],
)
def test_biz_breaks_of_a_monday(pause, hours):
    day = "2006-01-02 00:00"
    found = segments(BIZ, utc(day), utc("2006-01-03 00:00"), paused(pause, day))
    assert found == [(each.from_at, each.to_at) for text in hours for each in paused(text, day)]


def test_biz_shifts_of_a_date_stand_instead_of_its_weekday():
    shifted = calendar(
        "Etc/UTC", overrides={"2006-01-02": "20:00-02:00", "2006-01-08": "10:00-12:00"}, Mon="09:00-17:00"
    )
    found = segments(shifted, utc("2006-01-02 00:00"), utc("2006-01-09 00:00"))
    assert found == [
        (utc("2006-01-02 20:00"), utc("2006-01-03 02:00")),
        (utc("2006-01-08 10:00"), utc("2006-01-08 12:00")),
    ]


def test_biz_holidays_are_skipped():
    closed = calendar("Etc/UTC", "2006-01-16", "2006-01-18", Mon_Fri="09:00-17:00")
    found = segments(closed, utc("2006-01-16 00:00"), utc("2006-01-20 00:00"))
    assert [start for start, _ in found] == [utc("2006-01-17 09:00"), utc("2006-01-19 09:00")]


@pytest.mark.parametrize(
    ("zone", "hours", "opening"),
    [
        ("America/Los_Angeles", {"overrides": {"2014-03-09": "02:30-05:00"}}, "2014-03-09 10:30"),
        ("America/Los_Angeles", {"overrides": {"2014-11-02": "01:30-05:00"}}, "2014-11-02 08:30"),
        ("America/Sao_Paulo", {"overrides": {"2015-10-18": "00:00-05:00"}}, "2015-10-18 03:00"),
    ],
)
def test_biz_changes_of_clocks(zone, hours, opening):
    open_at_night = calendar(zone, Wed="09:00-10:00", **hours)
    assert next_open(open_at_night, utc(opening) - timedelta(hours=8)) == utc(opening)


def test_biz_a_midnight_that_does_not_exist_ends_an_hour_later():
    evening = calendar("America/Sao_Paulo", Sat="20:00-24:00")
    [(_, closing)] = segments(evening, utc("2015-10-17 20:00"), utc("2015-10-18 20:00"))
    assert closing == utc("2015-10-18 03:00")


def test_biz_an_interval_that_a_change_turns_around_is_dropped():
    short = calendar("America/Los_Angeles", Sun="02:30-03:15", Mon="09:00-17:00")
    assert next_open(short, utc("2006-04-02 00:00")) == utc("2006-04-03 16:00")


GLPI = calendar("Etc/UTC", Mon_Fri="08:00-20:00")


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2019-01-01 07:00", "2019-01-01 09:00", 1),
        ("2019-01-01 06:00", "2019-01-01 07:00", 0),
        ("2019-01-01 00:00", "2019-01-08 00:00", 60),
        ("2019-01-08 00:00", "2019-01-01 00:00", 0),
    ],
)
def test_glpi_elapsed(start, end, hours):
    assert elapsed(GLPI, utc(start), utc(end)) == timedelta(hours=hours)


def test_glpi_seven_working_days():
    assert days_later(GLPI, utc("2018-11-19 10:00"), 7) == utc("2018-11-28 10:00")
    assert days_later(GLPI, utc("2018-11-19 10:00"), -7) == utc("2018-11-08 10:00")
    # The end of that day, as an option of GLPI has it.
    assert segments(GLPI, utc("2018-11-28 10:00"), utc("2018-11-29 00:00")) == [
        (utc("2018-11-28 10:00"), utc("2018-11-28 20:00"))
    ]


def test_glpi_an_hour_before_the_due_time_and_eighty_percent_of_it():
    hours = calendar("Etc/UTC", Mon_Fri="08:00-18:00")
    monday = utc("2026-06-01 17:00")
    due = due_at(hours, monday, 4 * 3600)
    assert due == utc("2026-06-02 11:00")
    assert before(hours, due, 3600) == utc("2026-06-02 10:00")
    assert warn_at(hours, monday, 4 * 3600, 80) == utc("2026-06-02 10:12")


def test_osticket_over_a_weekend():
    hours = calendar("Etc/UTC", Mon_Fri="08:00-18:00")
    assert due_at(hours, utc("2026-06-05 17:00"), 4 * 3600) == utc("2026-06-08 11:00")


def test_a_day_until_a_minute_before_midnight_loses_that_minute():
    """Zammad issue 3180: who is open around the clock writes 24:00."""
    short = calendar("Etc/UTC", Mon_Sun="00:00-23:59")
    assert due_at(short, utc("2026-06-01 23:58"), 120) == utc("2026-06-02 00:01")
    whole = Calendar(zone="Etc/UTC", week=((Interval(0, 1440),),) * 7)
    assert due_at(whole, utc("2026-06-01 23:58"), 120) == utc("2026-06-02 00:00")
