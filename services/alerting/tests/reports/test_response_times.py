"""How soon what is due happens: by SQL as by the pure functions, and of real answers as plain arithmetic has it."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from msgspec.structs import replace

from plaudit.alerting.calendars import store as calendar_store
from plaudit.alerting.calendars.domain import CalendarRef, Pause, elapsed
from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.domain.clock_events import CancelReason
from plaudit.alerting.clocks.domain.filters import Ownership
from plaudit.alerting.reports.domain.asked import Asked, Dimension, LateEntries, Start, TimeKind, Window
from plaudit.alerting.reports.domain.response_times import Seen, times_of, together
from plaudit.alerting.reports.store.clocks import compliance_of, times_of_clocks
from plaudit.common.contracts import Answers
from plaudit.common.statistics.waiting import Quantile
from plaudit_testing.clocks import TENANT, answered, at, rated, review
from plaudit_testing.real_answers import (
    REPLIED,
    SUBMITTED,
    UPDATED,
    facts,
    first_answers,
    moment,
    percentiles,
    rows,
)

WHOSE = Ownership("owner@acme.example")
HOUR_US = 3_600_000_000
AFTER_ALL = datetime(2018, 8, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def asked(*by, **more):
    return Asked(window=Window(at(-1000), at(1000)), by=by, **more)


async def told(stage, of):
    async with stage.worker.transaction() as tx:
        return await times_of_clocks(tx, TENANT, of, WHOSE)


def seen_of(*, answered=(), waiting=(), cancelled=(), **more):
    """In hours."""
    in_us = [tuple(round(hours * HOUR_US) for hours in each) for each in (answered, waiting, cancelled)]
    return Seen(*in_us, **more)


def test_what_waits_and_what_is_cancelled_pulls_the_times_up():
    assert times_of(Seen((1, 2, 3, 10))).median.at == 2
    assert times_of(Seen((1, 2, 3, 10), waiting=(20,))).median.at == 3
    assert times_of(Seen((1, 2, 3, 10), cancelled=(20, 20), waiting=(20, 20))).median.at == 10
    assert times_of(Seen((1, 2, 3, 10), waiting=(20,) * 5)).median.at is None


def test_of_nothing_no_time_is_told():
    found = times_of(Seen(unknown=4))
    assert (found.counted, found.all, found.median) == (0, 4, Quantile(None, None, None))


def test_groups_together_have_all_waits():
    groups = [Seen((1,), (2,), (3,), (4,), 5, 6, 7), Seen((8,), unknown=1)]
    assert together(groups) == Seen((1, 8), (2,), (3,), (4,), 6, 6, 7)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_answered_open_cancelled_and_unknown_ones_are_told_apart(stage):
    await stage.happens(None, review(), at(0), review_id="answered")
    await stage.happens(review(), answered(review(), at(2)), at(2.5), review_id="answered")
    await stage.happens(None, review(), at(0), review_id="open")
    await stage.happens(None, review(), at(0), review_id="removed")
    await stage.happens(review(), None, at(3), review_id="removed")
    await stage.happens(None, review(), at(0), review_id="unknown", answers=Answers.UNTOLD)
    await stage.move_to(at(4))
    found = (await told(stage, asked())).all
    assert found.seen._replace(waiting=()) == seen_of(answered=[2], cancelled=[3], unknown=1)
    [waiting] = found.seen.waiting
    assert waiting >= 4 * HOUR_US
    assert (found.median.at, found.counted, found.all) == (None, 3, 4)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_an_answer_that_is_older_than_the_statement_is_no_quick_one(stage):
    later = replace(review(), published_at=at(5), rated_at=at(5), received_at=at(5))
    await stage.happens(None, later, at(5))
    await stage.happens(later, answered(later, at(1)), at(6))
    assert (await stage.clock())["reason"] == CancelReason.ANSWERED_BEFORE
    for start in Start:
        found = (await told(stage, asked(start=start))).all
        assert (found.seen, found.counted) == (Seen(answered_before=1), 0)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_what_was_answered_before_we_knew_of_it_has_no_time_from_the_receipt(stage):
    known_late = replace(review(), received_at=at(5))
    await stage.happens(None, known_late, at(5))
    await stage.happens(known_late, answered(known_late, at(2)), at(6))
    assert (await told(stage, asked())).all.seen == seen_of(answered=[2])
    assert (await told(stage, asked(start=Start.RECEIPT))).all.seen == Seen(ended_before=1)
    truncated = (await told(stage, asked(late_entries=LateEntries.TRUNCATED))).all.seen
    assert truncated == Seen(ended_before=1)


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_of_what_was_known_late_both_starts_and_the_entry_are_told(stage):
    known_late = replace(review(), received_at=at(5))
    await stage.happens(None, known_late, at(5))
    await stage.happens(known_late, answered(known_late, at(7)), at(7))
    assert (await told(stage, asked())).all.seen == seen_of(answered=[7])
    assert (await told(stage, asked(start=Start.RECEIPT))).all.seen == seen_of(answered=[2])
    truncated = (await told(stage, asked(late_entries=LateEntries.TRUNCATED))).all.seen
    assert truncated == seen_of(answered=[7], entered=(5 * HOUR_US,))


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_what_was_learned_of_late_is_told_apart_from_what_came_live(stage):
    live, imported = replace(review(), received_at=at(1)), replace(review(), received_at=at(90))
    await stage.happens(None, live, at(1), review_id="live")
    await stage.happens(live, answered(live, at(2)), at(2), review_id="live")
    await stage.happens(None, imported, at(90), review_id="imported")
    await stage.happens(imported, answered(imported, at(80)), at(90), review_id="imported")
    groups = (await told(stage, asked(Dimension.ARRIVAL))).groups
    assert {each.key.values[0]: each.figures.seen for each in groups} == {
        "live": seen_of(answered=[2]),
        "late": seen_of(answered=[80]),
    }


@pytest.mark.postgres
@pytest.mark.usefixtures("first_answers_only")
async def test_groups_add_up_to_all_whatever_they_are_told_by(stage):
    for number, hours in enumerate([1, 2, 30]):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
        await stage.happens(review(), answered(review(), at(hours)), at(hours), review_id=f"review-{number}")
    again = rated(answered(review(), at(1)), 2.0, at(3))
    await stage.happens(answered(review(), at(1)), again, at(3), review_id="review-0")
    await stage.move_to(at(40))
    for by in Dimension:
        report = await told(stage, asked(by))
        assert together(group.figures.seen for group in report.groups)._replace(answered=()) == (
            report.all.seen._replace(answered=())
        ), by
        assert report.all.median == times_of(seen_of(answered=[1, 2, 30])).median, by


@pytest.mark.postgres
async def test_in_business_time_only_open_hours_count(stage, open_on_weekdays):
    await open_on_weekdays(target="8h")
    friday = at(4 * 24 + 7)  # 16:00
    late = replace(review(), published_at=friday, rated_at=friday, received_at=friday)
    await stage.happens(None, late, friday)
    monday = friday + timedelta(days=2, hours=18)  # 10:00
    await stage.happens(late, answered(late, monday), monday)
    await stage.move_to(monday)
    assert (await told(stage, asked())).all.seen == seen_of(answered=[2])
    assert (await told(stage, asked(time=TimeKind.CALENDAR))).all.seen == seen_of(answered=[66])


SPLIT = {
    **{day: ["09:00-12:00", "13:00-17:30"] for day in ("monday", "tuesday", "wednesday", "thursday")},
    "friday": ["22:00-06:00"],
    "saturday": [],
    "sunday": ["00:00-24:00"],
}


@pytest.mark.postgres
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
async def test_the_database_counts_open_time_as_the_calendar_does(stage, open_on_weekdays, zone):
    """Random clocks over a year with both changes of clocks, some with pauses that overlap, or that still last."""
    await open_on_weekdays(target="8h", week=SPLIT, zone=zone)
    await stage.happens(None, review(), at(0))
    chance = random.Random(zone)
    now = at(24 * 400)
    await stage.move_to(now)
    async with stage.worker.transaction() as tx:
        [model] = [
            clock
            for clock in await clock_store.load_about(tx, [(TENANT, "review-1")])
            if clock.metric == "first_answer"
        ]
        ref = model.run.calendar
        assert ref == CalendarRef("office", 1)
        calendar = (await calendar_store.pinned(tx, [(TENANT, ref)]))[TENANT, ref]
        clocks = [_random(chance, model, calendar=ref if chance.random() < 0.8 else None) for _ in range(300)]
        await clock_store.save(tx, clocks)
    whole = Window(at(0) + MICROSECOND, at(24 * 400))  # without the one that all are like
    found = (await told(stage, Asked(window=whole))).all.seen
    expected = sorted(
        elapsed(calendar, clock.run.anchor_at, clock.run.fulfilled_at, clock.run.pauses) // MICROSECOND
        if clock.run.calendar
        else _around(clock.run)
        for clock in clocks
    )
    assert sorted(found.answered) == expected
    received = (await told(stage, Asked(window=whole, start=Start.RECEIPT))).all.seen
    assert len(received.answered) + received.ended_before == len(clocks)
    truncated = (await told(stage, Asked(window=whole, late_entries=LateEntries.TRUNCATED))).all.seen
    assert all(entry > 0 for entry in truncated.entered)
    plain = (await told(stage, Asked(window=whole, time=TimeKind.CALENDAR))).all.seen
    assert sorted(plain.answered) == sorted(
        (clock.run.fulfilled_at - clock.run.anchor_at) // MICROSECOND for clock in clocks
    )


def _around(run):
    """The time between, without pauses, of a clock around the clock: counted by the microsecond in pieces."""
    edges = sorted(
        {run.anchor_at, run.fulfilled_at, *(each for pause in run.pauses for each in pause_ends(pause, run))}
    )
    total = timedelta()
    for start, end in pairwise(edges):
        is_inside = run.anchor_at <= start and end <= run.fulfilled_at
        is_paused = any(pause.from_at <= start and end <= (pause.to_at or run.fulfilled_at) for pause in run.pauses)
        total += end - start if is_inside and not is_paused else timedelta()
    return total // MICROSECOND


def pause_ends(pause, run):
    return (pause.from_at, pause.to_at or max(run.fulfilled_at, pause.from_at))


def _random(chance, model, *, calendar):
    def span(hours):
        return timedelta(microseconds=chance.randrange(1, hours * HOUR_US))

    anchor = at(0) + span(24 * 360)
    end = anchor + span(chance.choice([1, 24, 24 * 20]))
    pauses = []
    for _ in range(chance.choice([0, 0, 1, 3])):
        begin = anchor - timedelta(hours=5) + span(24 * 10)
        pauses.append(Pause(begin, begin + span(chance.choice([1, 48])) if chance.random() < 0.9 else None, "waits"))
    run = replace(
        model.run,
        anchor_at=anchor,
        started_at=anchor + span(3),
        due_at=anchor + timedelta(days=30),
        fulfilled_at=end,
        calendar=calendar,
        pauses=tuple(pauses),
    )
    name = str(uuid4())
    return replace(model, id=uuid4(), about=replace(model.about, id=name), run=run)


# What follows are real answers.


async def keep(stage, clocks):
    await stage.move_to(AFTER_ALL)
    async with stage.worker.transaction() as tx:
        await clock_store.save(tx, clocks)


REAL = Window(datetime(2011, 1, 1, tzinfo=UTC), AFTER_ALL)


def whole_seconds(waits):
    return [wait // 1_000_000 for wait in waits]


@pytest.mark.postgres
async def test_of_real_answers_response_times_from_the_submission_are_the_facts(stage):
    await keep(stage, first_answers(SUBMITTED))
    found = (await told(stage, Asked(window=REAL))).all
    like = facts()["lag_seconds_from_submit"]
    assert len(found.seen.answered) == found.all == facts()["rows"]
    assert percentiles(whole_seconds(found.seen.answered), like) == like
    assert found.median.at // 1_000_000 == like["p50"]


@pytest.mark.postgres
async def test_of_real_answers_one_that_is_older_than_the_last_update_is_in_no_time(stage):
    await keep(stage, first_answers(UPDATED))
    found = (await told(stage, Asked(window=REAL))).all
    lags = [(moment(row, REPLIED) - moment(row, UPDATED)) // timedelta(seconds=1) for row in rows()]
    assert found.seen.answered_before == facts()["reply_before_last_update"]
    assert sorted(whole_seconds(found.seen.answered)) == sorted(lag for lag in lags if lag >= 0)


@pytest.mark.postgres
async def test_of_real_answers_both_start_rules_are_told_of_the_same_clocks(stage):
    """Published when they were submitted, and learned of when they were last updated."""
    await keep(stage, first_answers(SUBMITTED, UPDATED))
    window = REAL
    published = (await told(stage, Asked(window=window))).all
    received = (await told(stage, Asked(window=window, start=Start.RECEIPT))).all
    like = facts()["lag_seconds_from_submit"]
    assert percentiles(whole_seconds(published.seen.answered), like) == like
    lags = [(moment(row, REPLIED) - moment(row, UPDATED)) // timedelta(seconds=1) for row in rows()]
    assert received.seen.ended_before == facts()["reply_before_last_update"]
    assert sorted(whole_seconds(received.seen.answered)) == sorted(lag for lag in lags if lag >= 0)


DAY = timedelta(days=1)
TARGETS = {1: DAY, 2: DAY, 3: 3 * DAY, 4: 7 * DAY, 5: 7 * DAY}


@pytest.mark.postgres
@pytest.mark.parametrize("start", [SUBMITTED, UPDATED])
async def test_of_real_answers_those_are_late_that_plain_arithmetic_finds_late(stage, start):
    await keep(stage, first_answers(start))
    window = REAL
    lags = [(moment(row, REPLIED) - moment(row, start), TARGETS[int(row["Star Rating"])]) for row in rows()]
    late = sum(lag > target for lag, target in lags)
    older = sum(lag < timedelta() for lag, _ in lags)
    async with stage.worker.transaction() as tx:
        for time in TimeKind:
            found = (await compliance_of(tx, TENANT, Asked(window=window, time=time), WHOSE)).all
            assert (found.late, found.in_time, found.cancelled) == (late, len(lags) - late - older, older)
