"""Plans of every kind of rule, walked through time as the job does: each occurrence fires, and the next is planned."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.alerting.cadences.domain.person import Told, tell
from plaudit.alerting.cadences.domain.plan import Step, next_digest, plan, reminder_of
from plaudit.alerting.cadences.domain.rules import (
    AfterEvent,
    BeforeRenewal,
    Monthly,
    Purpose,
    SinceContact,
    Trigger,
    Weekday,
    Weekly,
)
from plaudit.alerting.calendars.domain.local_times import at_local, local_date
from plaudit_testing.planning import NOON, dates_of, happening, person, revision, rule, walk

CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "America/Sao_Paulo": (date(2018, 2, 18), date(2018, 11, 4)),
}


def test_a_new_customer_is_contacted_on_days_0_3_7_and_30():
    someone = person(happening(Told.STAGE_ENTERED, at=datetime(2026, 3, 27, 7, tzinfo=UTC), stage="new"))
    fired = walk(someone, revision(rule(AfterEvent(Trigger.STAGE_ENTERED, (0, 3, 7, 30)), stages=("new",))), NOON, 9)
    assert dates_of(fired) == [date(2026, 3, 27), date(2026, 3, 30), date(2026, 4, 3), date(2026, 4, 26)]
    # 09:00 by the wall before the change and after it.
    assert [each.due_at.hour for each in fired] == [8, 7, 7, 7]


def test_a_renewal_is_preceded_by_90_60_and_30_days():
    someone = person(happening(Told.RENEWAL_SET, renews_at=datetime(2026, 6, 30, tzinfo=UTC)))
    fired = walk(someone, revision(rule(BeforeRenewal((90, 60, 30)))), NOON, 9)
    assert dates_of(fired) == [date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 31)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("never", ["9999-12-31T23:59:59", "9999-12-31T00:00:00", "0001-01-01T00:00:00"])
def test_of_a_renewal_that_never_comes_as_programs_write_it_nothing_is_planned(never, zone):
    someone = person(happening(Told.RENEWAL_SET, renews_at=datetime.fromisoformat(f"{never}+00:00")))
    rules = revision(rule(BeforeRenewal((90, 0))), zone=zone)
    assert plan(someone, rules, NOON, fired=(), pending=()) == []


def test_a_renewal_that_is_moved_takes_its_days_with_it():
    rules = revision(rule(BeforeRenewal((90, 60, 30))))
    before = person(happening(Told.RENEWAL_SET, renews_at=datetime(2026, 6, 30, tzinfo=UTC)))
    pending = plan(before, rules, NOON, fired=(), pending=())
    later = happening(Told.RENEWAL_SET, at=NOON + timedelta(days=1), renews_at=datetime(2026, 7, 30, tzinfo=UTC))
    moved = plan(tell(before, later), rules, NOON, fired=(), pending=pending)
    assert dates_of(moved) == [date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 30)]


def test_the_interval_begins_anew_with_each_contact():
    rules = revision(rule(SinceContact(14), stages=("active",)))
    someone = person(happening(Told.STAGE_ENTERED, stage="active"))
    [first] = plan(someone, rules, NOON, fired=(), pending=())
    assert first.local_date == date(2026, 2, 14)
    for told in (Told.CONTACTED, Told.REPLIED):
        contacted = tell(someone, happening(told, at=NOON + timedelta(days=5)))
        [anew] = plan(contacted, rules, NOON + timedelta(days=5), fired=(), pending=[first])
        assert anew.local_date == date(2026, 2, 19)


def test_a_lapsed_customer_is_contacted_monthly_with_the_day_kept_until_a_response():
    someone = person(happening(Told.STAGE_ENTERED, stage="lapsed"))
    rules = revision(rule(Monthly(), stages=("lapsed",), until_response=True))
    assert dates_of(walk(someone, rules, NOON, 3)) == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    for told in (Told.REVIEWED, Told.REPLIED, Told.PURCHASED):
        responded = tell(someone, happening(told, NOON + timedelta(days=40)))
        assert plan(responded, rules, NOON, fired=(), pending=()) == []
        assert plan(responded, rules, NOON, fired=(), pending=plan(someone, rules, NOON, fired=(), pending=())) == []
        [still] = plan(tell(someone, happening(told, NOON - timedelta(days=1))), rules, NOON, fired=(), pending=())
        assert still.local_date == date(2026, 2, 28)


def test_another_stage_ends_what_was_planned_for_the_one_before():
    rules = revision()
    someone = person(happening(Told.STAGE_ENTERED, stage="new"))
    pending = plan(someone, rules, NOON, fired=(), pending=())
    assert {each.rule for each in pending} == {"new-customer"}
    active = tell(someone, happening(Told.STAGE_ENTERED, at=NOON + timedelta(days=1), stage="active"))
    assert active.generation == someone.generation + 1
    planned = plan(active, rules, NOON + timedelta(days=1), fired=(), pending=pending)
    assert {(each.rule, each.generation) for each in planned} == {("active-customer", active.generation)}


def test_every_closed_ticket_is_followed_although_another_is_closed_meanwhile():
    rules = revision(rule(AfterEvent(Trigger.TICKET_CLOSED, (3,)), purpose=Purpose.INVITATION))
    first = person(happening(Told.TICKET_CLOSED))
    pending = plan(first, rules, NOON, fired=(), pending=())
    second = tell(first, happening(Told.TICKET_CLOSED, at=NOON + timedelta(days=2)))
    planned = plan(second, rules, NOON + timedelta(days=2), fired=(), pending=pending)
    assert dates_of(planned) == [date(2026, 2, 3), date(2026, 2, 5)]


def test_years_of_history_plan_nothing_in_the_past():
    told = NOON + timedelta(days=3000)
    someone = person(
        happening(Told.STAGE_ENTERED, stage="active", received=told),
        happening(Told.PURCHASED, received=told),
        happening(Told.RENEWAL_SET, renews_at=NOON + timedelta(days=30), received=told),
    )
    planned = plan(someone, revision(), told, fired=(), pending=())
    assert {each.rule for each in planned} == {"active-customer"}
    assert local_date(ZoneInfo("Europe/Berlin"), told) <= planned[0].local_date


def test_whoever_wants_nothing_now_is_planned_like_others_since_they_may_choose_anew():
    someone = person(happening(Told.STAGE_ENTERED, stage="new"))
    planned = plan(someone, revision(), NOON, fired=(), pending=())
    silent = msgspec.structs.replace(someone, wants_nothing=True)
    assert planned
    assert plan(silent, revision(), NOON, fired=(), pending=()) == planned


def test_what_is_due_and_has_not_fired_stays_when_something_else_is_told_late():
    rules = revision(rule(AfterEvent(Trigger.PURCHASED, (3,))))
    someone = person(happening(Told.PURCHASED))
    pending = plan(someone, rules, NOON, fired=(), pending=())
    later = NOON + timedelta(days=20)
    assert plan(tell(someone, happening(Told.REVIEWED, later)), rules, later, fired=(), pending=pending) == pending


def test_a_new_revision_moves_what_is_planned_and_drops_what_no_longer_follows():
    someone = person(happening(Told.PURCHASED))
    pending = plan(someone, revision(rule(AfterEvent(Trigger.PURCHASED, (3, 9)))), NOON, fired=(), pending=())
    edited = revision(rule(AfterEvent(Trigger.PURCHASED, (3, 5)), at=time(16)), number=2)
    planned = plan(someone, edited, NOON, fired=(), pending=pending)
    assert [(each.local_date, each.due_at.hour, each.revision) for each in planned] == [
        (date(2026, 2, 3), 15, 2),
        (date(2026, 2, 5), 15, 2),
    ]


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize("wall", [time(0), time(0, 30), time(1, 30), time(2, 30), time(3), time(9), time(23, 30)])
def test_on_both_change_days_each_kind_fires_exactly_once_per_local_date(zone, wall):
    for changed in CHANGES[zone]:
        start = at_local(ZoneInfo(zone), changed - timedelta(days=3), time(12))
        someone = person(happening(Told.STAGE_ENTERED, at=start, stage="new"))
        kinds = [
            AfterEvent(Trigger.STAGE_ENTERED, tuple(range(1, 7))),
            SinceContact(1),
        ]
        for schedule in kinds:
            rules = revision(rule(schedule, at=wall), zone=zone, active_from=start)
            fired = walk(someone, rules, start, 6)
            assert dates_of(fired) == [changed + timedelta(days=n) for n in range(-2, 4)]
            assert [each.due_at for each in fired] == sorted({each.due_at for each in fired})
        grid = revision(rule(Weekly(Weekday(changed.weekday())), at=wall), zone=zone, active_from=start)
        assert dates_of(walk(someone, grid, start, 2)) == [changed, changed + timedelta(days=7)]


def test_a_date_that_a_zone_skipped_is_the_next_one_and_fires_once():
    start = datetime(2011, 12, 27, 20, tzinfo=UTC)
    someone = person(happening(Told.STAGE_ENTERED, at=start, stage="new"))
    fired = walk(someone, revision(rule(SinceContact(1)), zone="Pacific/Apia", active_from=start), start, 4)
    assert dates_of(fired) == [date(2011, 12, 28), date(2011, 12, 29), date(2011, 12, 31), date(2012, 1, 1)]


schedules = st.one_of(
    st.lists(st.integers(0, 60), min_size=1, max_size=5, unique=True).map(
        lambda days: AfterEvent(Trigger.STAGE_ENTERED, tuple(sorted(days)))
    ),
    st.integers(1, 40).map(SinceContact),
    st.just(Monthly()),
    st.sampled_from(Weekday).map(Weekly),
)


@settings(max_examples=150, deadline=None)
@given(
    schedules,
    st.sampled_from([*CHANGES, "Pacific/Apia", "Asia/Kathmandu"]),
    st.integers(1_262_304_000, 1_830_000_000).map(lambda each: datetime.fromtimestamp(each, UTC)),
    st.times().map(lambda each: each.replace(microsecond=0)),
)
def test_whatever_the_zone_no_local_date_fires_twice_and_time_only_advances(schedule, zone, start, wall):
    someone = person(happening(Told.STAGE_ENTERED, at=start, stage="s"))
    rules = revision(rule(schedule, at=wall, stages=("s",)), zone=zone, active_from=start)
    fired = walk(someone, rules, start, 8)
    assert len({each.local_date for each in fired}) == len(fired)
    assert [each.local_date for each in fired] == sorted(each.local_date for each in fired)
    assert all(local_date(ZoneInfo(zone), start) <= each.local_date for each in fired)
    again = plan(someone, rules, start, fired=(), pending=plan(someone, rules, start, fired=(), pending=()))
    assert again == plan(someone, rules, start, fired=(), pending=())


def test_the_digest_comes_each_monday_also_over_the_change():
    weekly = rule(Weekly(Weekday.MONDAY), purpose=Purpose.DIGEST)
    rules = revision(weekly, active_from=datetime(2026, 3, 23, 7, 59, tzinfo=UTC))
    found = [next_digest(weekly, rules, None)]
    for _ in range(2):
        found.append(next_digest(weekly, rules, found[-1].local_date))
    assert dates_of(found) == [date(2026, 3, 23), date(2026, 3, 30), date(2026, 4, 6)]
    assert [each.due_at.hour for each in found] == [8, 7, 7]
    late = revision(weekly, active_from=datetime(2026, 3, 23, 8, 1, tzinfo=UTC))
    assert next_digest(weekly, late, None).local_date == date(2026, 3, 30)


def test_an_invitation_is_brought_back_to_mind_once():
    asking = rule(AfterEvent(Trigger.PURCHASED, (3,)), purpose=Purpose.INVITATION, reminder_after_days=7)
    rules = revision(asking)
    [first] = plan(person(happening(Told.PURCHASED)), rules, NOON, fired=(), pending=())
    reminder = reminder_of(asking, first, rules, first.due_at)
    assert reminder is not None
    assert (reminder.step, reminder.local_date) == (Step.REMINDER, date(2026, 2, 10))
    assert reminder_of(asking, reminder, rules, reminder.due_at) is None
