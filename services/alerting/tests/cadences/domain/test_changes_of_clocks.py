"""On each day on which clocks change, a cadence fires exactly once for each local date."""

import json
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from plaudit.alerting.cadences.domain.person import Told
from plaudit.alerting.cadences.domain.plan import next_digest
from plaudit.alerting.cadences.domain.rules import AfterEvent, Purpose, SinceContact, Trigger, Weekday, Weekly
from plaudit.alerting.calendars.domain.local_times import at_local, local_date
from plaudit_testing.planning import dates_of, happening, person, revision, rule, walk
from plaudit_testing.shared import shared

WALLS = (time(0), time(0, 30), time(1, 30), time(2, 30), time(9), time(23, 59))


@pytest.fixture(scope="module")
def vectors():
    return json.loads(shared("vectors", "calendar_iso_weeks_dst.json").read_text(encoding="utf-8"))


def _changes(vectors):
    """Zone, the local date of a change, and the change."""
    for zone, changes in vectors["transitions_computed"]["zones"].items():
        for change in changes:
            last = timedelta(seconds=1) if change["kind"] == "repeat" else timedelta()
            before = timedelta(minutes=change["offset_before_min"])
            yield zone, (datetime.fromisoformat(change["utc"]) - last + before).date(), change


def test_each_kind_fires_once_for_each_local_date_around_each_change(vectors):
    checked = 0
    for zone, changed, _ in _changes(vectors):
        start = at_local(ZoneInfo(zone), changed - timedelta(days=3), time(12))
        someone = person(happening(Told.STAGE_ENTERED, at=start, stage="new"))
        for wall in WALLS:
            for schedule in (AfterEvent(Trigger.STAGE_ENTERED, tuple(range(1, 7))), SinceContact(1)):
                rules = revision(rule(schedule, at=wall), zone=zone, active_from=start)
                fired = walk(someone, rules, start, 6)
                assert dates_of(fired) == [changed + timedelta(days=n) for n in range(-2, 4)], (zone, wall)
                assert [local_date(ZoneInfo(zone), each.due_at) for each in fired] == dates_of(fired), (zone, wall)
                assert [each.due_at for each in fired] == sorted({each.due_at for each in fired}), (zone, wall)
            checked += 1
    assert checked > 300


def test_the_digest_of_a_week_in_which_clocks_change_comes_once(vectors):
    for zone, changed, _ in _changes(vectors):
        weekly = rule(Weekly(Weekday(changed.weekday())), purpose=Purpose.DIGEST, at=time(2, 30))
        rules = revision(weekly, zone=zone, active_from=at_local(ZoneInfo(zone), changed - timedelta(days=6), time(12)))
        first = next_digest(weekly, rules, None)
        second = next_digest(weekly, rules, first.local_date)
        assert dates_of([first, second]) == [changed, changed + timedelta(days=7)], zone


def test_a_wall_time_within_a_change_is_that_of_the_published_rules(vectors):
    cases = [each for each in vectors["wall_time_rules"]["cases"] if each["wall"][0].isdigit()]
    assert len(cases) == 3
    for case in cases:
        day, _, wall = case["wall"].partition("T")
        on = date.fromisoformat(day) + timedelta(days=wall == "24:00")
        at = time() if wall == "24:00" else time.fromisoformat(wall)
        assert at_local(ZoneInfo(case["zone"]), on, at) == datetime.fromisoformat(case["utc"]), case


def test_a_week_of_the_report_is_that_of_the_local_date(vectors):
    for case in vectors["week_of_an_instant_computed"]:
        local = local_date(ZoneInfo(case["zone"]), datetime.fromisoformat(case["instant"]))
        year, week, _ = local.isocalendar()
        assert (local.isoformat(), f"{year}-W{week:02}") == (case["local_date"], case["iso_week_local"])
