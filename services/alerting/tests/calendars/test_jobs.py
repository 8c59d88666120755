"""Calendars that nobody touches: their lists are made anew, and they are computed by new data of their zones."""

from datetime import date, timedelta, timezone

import pytest

from plaudit.alerting.calendars import commands, store
from plaudit.alerting.calendars.domain import ALWAYS, CalendarRef, Holiday, due_at
from plaudit.alerting.calendars.domain.definition import RENEWAL, Definition
from plaudit.alerting.calendars.domain.holiday_lists import HolidayRule
from plaudit.alerting.calendars.domain.writing import intervals_of
from plaudit.alerting.calendars.jobs import CalendarsJob
from plaudit_testing.calendars import utc
from plaudit_testing.clocks import PUBLISHED

pytestmark = pytest.mark.postgres

DAY = intervals_of("09:00-17:00")
OFFICE = Definition(zone="Europe/Berlin", week=(*(DAY,) * 5, (), ()), holidays=HolidayRule("DE"))
PLAIN = Definition(zone="Europe/Berlin", week=OFFICE.week)


async def given(stage, definition=OFFICE, name="berlin", tenant="default"):
    async with stage.worker.transaction() as tx:
        return await commands.set_calendar(tx, tenant, name, definition, "person:somebody")


async def all_revisions(stage, name="berlin", tenant="default"):
    async with stage.worker.transaction() as tx:
        found = await store.revisions(tx, tenant, name, None, 100)
    return [(each.revision, each.changed_by) for each in found]


async def turns(job):
    while await job.turn():
        pass


async def test_a_list_of_which_a_year_is_left_stays_and_one_of_less_is_made_anew(stage):
    first = await given(stage)
    assert first.calendar.holidays_to == date(2028, 4, 1)
    job = CalendarsJob(stage.worker)
    await stage.move_to(PUBLISHED.replace(year=2027, month=3, day=28))
    await turns(job)
    assert await all_revisions(stage) == [(1, "person:somebody")]
    await stage.move_to(PUBLISHED.replace(year=2027, month=4, day=2))
    await turns(job)
    await turns(job)
    assert await all_revisions(stage) == [(2, RENEWAL), (1, "person:somebody")]
    async with stage.worker.transaction() as tx:
        renewed = await store.latest(tx, "default", "berlin")
    assert renewed.definition == OFFICE
    assert renewed.calendar.holidays_to == date(2029, 5, 1)


async def test_a_holiday_that_was_decided_after_the_list_was_made_is_heard_of(stage, monkeypatch):
    await given(stage)
    await given(stage, PLAIN, "plain")
    from plaudit.alerting.calendars.domain import definition

    known = definition.holidays_between
    decided = date(2026, 10, 31)

    def with_one_more(rule, first, end):
        return known(rule, first, end) | ({decided: Holiday("Reformation Day")} if first <= decided < end else {})

    monkeypatch.setattr(definition, "holidays_between", with_one_more)
    await turns(CalendarsJob(stage.worker))
    assert await all_revisions(stage) == [(2, RENEWAL), (1, "person:somebody")]
    assert await all_revisions(stage, "plain") == [(1, "person:somebody")]


async def test_a_holiday_of_the_past_that_the_library_knows_otherwise_later_moves_nothing(stage, monkeypatch):
    first = await given(stage)
    from plaudit.alerting.calendars.domain import definition

    known, new_year = definition.holidays_between, date(2026, 1, 1)

    def without_it(rule, start, end):
        return {day: holiday for day, holiday in known(rule, start, end).items() if day != new_year}

    monkeypatch.setattr(definition, "holidays_between", without_it)
    await turns(CalendarsJob(stage.worker))
    assert await all_revisions(stage) == [(1, "person:somebody")]
    async with stage.worker.transaction() as tx:
        again = await store.latest(tx, "default", "berlin")
    assert new_year in again.calendar.holidays
    start = utc("2025-12-31 16:00")
    assert due_at(again.calendar, start, 7200) == due_at(first.calendar, start, 7200) == utc("2026-01-02 10:00")


async def test_a_calendar_whose_list_is_gone_stays_as_it_is_and_holds_up_no_other(stage, monkeypatch):
    await given(stage, Definition(zone="Europe/Dublin", week=OFFICE.week, holidays=HolidayRule("IE")), "a-dublin")
    await given(stage)
    from plaudit.alerting.calendars.domain import holiday_lists

    known = dict(holiday_lists.countries())
    monkeypatch.setattr(holiday_lists, "_countries", lambda: {code: known[code] for code in known if code != "IE"})
    await stage.move_to(PUBLISHED.replace(year=2027, month=4, day=2))
    await turns(CalendarsJob(stage.worker))
    assert await all_revisions(stage, "a-dublin") == [(1, "person:somebody")]
    assert (await all_revisions(stage))[0] == (2, RENEWAL)


async def test_other_data_of_a_zone_computes_the_same_revision_anew_and_tells_those_that_moved(stage, monkeypatch):
    await given(stage, PLAIN)
    await given(stage, Definition(zone="Etc/UTC", week=OFFICE.week), "greenwich", tenant="other")
    start = utc("2027-06-07 06:00")
    moved = []

    async def note(tx, tenant_id, ref):
        assert tx.now
        moved.append((tenant_id, ref))

    job = CalendarsJob(stage.worker, [note])
    await turns(job)
    assert moved == []
    _new_zone_data(monkeypatch)
    await turns(job)
    await turns(CalendarsJob(stage.worker, [note]))
    assert moved == [("default", CalendarRef("berlin", 1))]
    rows = await stage.rows(
        "SELECT name, revision, tzdata, has_moved FROM calendar_zone_data ORDER BY name, computed_at"
    )
    assert [(row["name"], row["revision"], row["has_moved"]) for row in rows] == [
        ("berlin", 1, False),
        ("berlin", 1, True),
        ("greenwich", 1, False),
        ("greenwich", 1, False),
    ]
    assert [row["tzdata"] for row in rows][1::2] == ["2099z", "2099z"]
    # The revision is the same, and says under which data it was made; its due time is that of the new data.
    [stored] = await stage.rows("SELECT revision, tzdata FROM calendar_revisions WHERE name = 'berlin'")
    assert (stored["revision"], stored["tzdata"] != "2099z") == (1, True)
    async with stage.worker.transaction() as tx:
        found = await store.revision(tx, "default", CalendarRef("berlin", 1))
    assert due_at(found.calendar, start, 3600) == utc("2027-06-07 09:00")


def _new_zone_data(monkeypatch):
    """As an upgrade has it: Berlin no longer moves its clocks. A new process has computed nothing yet."""
    from plaudit.alerting.calendars.domain import zones

    real = zones.zone_named

    def named(name):
        return timezone(timedelta(hours=1), name) if name == "Europe/Berlin" else real(name)

    monkeypatch.setattr("plaudit.alerting.calendars.domain.calendar.zone_named", named)
    monkeypatch.setattr(commands, "tz_version", lambda: "2099z")
    store._decoded.cache_clear()


async def test_pinned_revisions_are_found_in_one_go_and_keep_what_was_computed_of_them(stage):
    await given(stage)
    await given(stage, PLAIN)
    await given(stage, PLAIN, tenant="other")
    first, second = CalendarRef("berlin", 1), CalendarRef("berlin", 2)
    async with stage.worker.transaction() as tx:
        found = await store.pinned(
            tx,
            [("default", first), ("default", second), ("other", first), ("other", second), ("default", ALWAYS.ref)],
        )
        again = await store.pinned(tx, [("default", first)])
        newest = await store.newest(tx, ["default", "other", "nobody"])
        assert await store.pinned(tx, []) == {}
    assert found.keys() == {("default", first), ("default", second), ("other", first), ("default", ALWAYS.ref)}
    assert found["default", ALWAYS.ref] is ALWAYS
    assert again["default", first] is found["default", first]
    assert (len(found["default", first].holidays) > 0, len(found["default", second].holidays)) == (True, 0)
    assert newest["default", "berlin"].revision == 2
    assert newest["other", "berlin"].revision == 1
    assert newest["nobody", "always"] is ALWAYS
    assert len(newest) == 5


async def test_a_calendar_is_read_as_it_was_made(stage):
    made = await given(stage)
    async with stage.worker.transaction() as tx:
        assert await store.latest(tx, "default", "berlin") == made
        assert await store.revision(tx, "default", CalendarRef("berlin", 2)) is None
        assert await store.latest(tx, "other", "berlin") is None
