"""Time that jumps, processes whose clocks differ, hours of standstill, and years of history."""

import time
from datetime import timedelta
from itertools import pairwise

import pytest

from plaudit.alerting.main import followers
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.runtime import short_and_long

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

BREACHES = "SELECT count(*) AS breaches FROM clock_events WHERE kind = 'breached'"
READ_TOGETHER = 500


async def reads_many(stage, records):
    for first in range(0, len(records), READ_TOGETHER):
        await stage.reads(records[first : first + READ_TOGETHER])


async def test_two_processes_whose_clocks_are_minutes_apart_fire_nothing_early_and_nothing_twice(stage, monkeypatch):
    await stage.happens(None, review(), at(0))
    ahead, behind = stage.timers, stage.timers_of_another_process()
    real = time.time
    for moment, breaches in ((at(24) - timedelta(minutes=2), 0), (at(24) + timedelta(seconds=1), 1), (at(24.1), 1)):
        await stage.move_to(moment)
        for job, skew_seconds in ((ahead, 300), (behind, -300), (ahead, 300)):
            monkeypatch.setattr(time, "time", lambda skew_seconds=skew_seconds: real() + skew_seconds)
            while await job.turn():
                pass
        assert await stage.rows(BREACHES) == [{"breaches": breaches}]


@pytest.mark.parametrize("jump_hours", [1, -1])
async def test_time_that_jumps_by_an_hour_fires_each_timer_once(stage, jump_hours):
    await stage.happens(None, review(), at(0))
    for hours in (23.5, 23.5 + jump_hours, 24.2, 24.2 + jump_hours, 24.2, 26):
        await stage.move_to(at(hours))
        await stage.fires()
    assert await stage.log() == ["started", "(warned 50)", "warned 80", "breached"]
    assert (await stage.published()).count("clock.breached") == 1


async def test_where_the_clock_is_set_back_an_answer_that_waits_in_kafka_still_prevents_the_breach(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(30))
    await stage.fires()
    assert (await stage.clock())["state"] == "breached"
    await stage.move_to(at(25))
    later = review(published_at=at(2), rated_at=at(2))
    await stage.happens(None, later, at(2), review_id="later")
    waiting = stage.record(later, answered(later, at(25.9)), at(25.9), "later")
    await stage.move_to(at(26.1))
    await stage.fires()
    assert (await stage.clock("later"))["state"] == "running"
    await stage.reads([waiting])
    await stage.fires()
    assert (await stage.clock("later"))["state"] == "fulfilled"


@pytest.mark.parametrize("clocks", short_and_long(600, 50_000))
async def test_after_an_hour_of_standstill_all_fire_late_in_the_order_of_their_due_times_and_are_two_mails(
    stage, mailbox, clocks
):
    minutes = [number * 60 / clocks for number in range(clocks)]
    records = [
        stage.record(
            None,
            review(published_at=at(minute / 60), rated_at=at(minute / 60), received_at=at(minute / 60)),
            at(minute / 60),
            f"review-{number}",
        )
        for number, minute in enumerate(minutes)
    ]
    await stage.move_to(at(1))
    await reads_many(stage, records)
    await stage.rows("UPDATE timers SET kind = 'breach', due_at = breach_at")
    await stage.move_to(at(26))
    settings = stage.settings.model_copy(update={"timer_batch_clocks": max(100, clocks // 50)})
    stage.resources.settings = settings
    timers = TimerJob(stage.resources, followers(settings), stage._end_offset)
    while await timers.turn():
        pass
    batches = await stage.rows(
        "SELECT recorded_at, min(happened_at) AS first, max(happened_at) AS last, count(*) AS n, "
        "min(recorded_at - happened_at) AS late_by FROM clock_events WHERE kind = 'breached' GROUP BY 1 ORDER BY 1"
    )
    assert sum(batch["n"] for batch in batches) == clocks
    assert len(batches) > 2
    for before, after in pairwise(batches):
        assert before["last"] <= after["first"]
    assert min(batch["late_by"] for batch in batches) > timedelta(minutes=59)
    assert await stage.rows("SELECT FROM timers") == []
    stage.settings = settings
    await stage.sends()
    [first] = await stage.rows("SELECT free_at, opened_at FROM gatherings WHERE opened_at IS NOT NULL")
    assert first["free_at"] - first["opened_at"] <= timedelta(minutes=1)
    await stage.move_to(first["free_at"])  # not an hour that the test names: the timers may have fired until after it
    await stage.sends()
    assert [mail["To"] for mail in mailbox.mails] == ["owner@acme.example"] * 2
    assert mailbox.mails[1]["Subject"].startswith(f"{clocks - 1:,} at once")


@pytest.mark.parametrize("reviews", short_and_long(2_000, 100_000))
async def test_years_of_old_negative_reviews_start_no_clock_and_page_nobody(stage, mailbox, reviews):
    old = [at(-24 * 365 * 4 + number * 24 * 365 * 3 / reviews) for number in range(reviews)]
    records = [
        stage.record(None, review(published_at=each, rated_at=each), at(0), f"review-{number}")
        for number, each in enumerate(old)
    ]
    await reads_many(stage, records)
    await stage.move_to(at(30))
    await stage.fires()
    await stage.sends()
    assert await stage.rows("SELECT FROM clocks") == []
    assert await stage.rows("SELECT FROM alerts") == []
    assert await stage.rows("SELECT FROM message_deliveries") == []
    assert await stage.events() == []
    assert mailbox.mails == []


async def nobody_was_called(stage, mailbox):
    await stage.sends()
    await stage.escalates()
    await stage.move_to(at(24 * 3_000))
    await stage.sends()
    assert await stage.rows("SELECT FROM alerts") == []
    assert mailbox.mails == []


@pytest.mark.parametrize("reviews", short_and_long(1_000, 100_000))
async def test_reviews_that_are_received_long_after_their_publication_page_nobody(stage, mailbox, reviews):
    """As an import without the mark of a backfill brings them, of the years since the source was set up."""
    days = 24 * 700
    received = at(days)
    records = []
    for number in range(reviews):
        published = at(number * (days - 24 * 31) / reviews)
        state = review(published_at=published, rated_at=published, received_at=received)
        records.append(stage.record(None, state, received, f"review-{number}"))
    await stage.move_to(received)
    await reads_many(stage, records)
    await stage.sends()
    await stage.move_to(at(days + 200))
    await stage.fires()
    causes = await stage.rows(
        "SELECT event ->> 'cause' AS cause, count(*)::int AS n FROM clock_events WHERE kind = 'breached' GROUP BY 1"
    )
    assert causes == [{"cause": "read_late", "n": reviews}]
    await nobody_was_called(stage, mailbox)


@pytest.mark.parametrize("reviews", short_and_long(400, 100_000))
async def test_years_of_history_that_are_read_late_breach_without_a_call_and_count_in_the_figures(
    stage, mailbox, reviews
):
    """As a group that begins anew reads them: recorded in time by ingest, and read years later."""
    records = []
    for number in range(reviews):
        published = at(number * 24 * 600 / reviews)
        state = review(published_at=published, rated_at=published, received_at=published)
        records.append(stage.record(None, state, published, f"review-{number}"))
        if number % 2:
            answer = answered(state, published + timedelta(hours=1))
            records.append(stage.record(state, answer, published, f"review-{number}"))
    await stage.move_to(at(24 * 700))
    first, second = records[: len(records) // 2], records[len(records) // 2 :]
    await reads_many(stage, first)
    await stage.fires()
    await reads_many(stage, second)
    await stage.fires()
    states = await stage.rows("SELECT state, count(*)::int AS n FROM clocks GROUP BY 1 ORDER BY 1")
    assert [tuple(row.values()) for row in states] == [("breached", reviews // 2), ("fulfilled", reviews // 2)]
    causes = await stage.rows("SELECT DISTINCT event ->> 'cause' AS cause FROM clock_events WHERE kind = 'breached'")
    assert causes == [{"cause": "read_late"}]
    await nobody_was_called(stage, mailbox)


@pytest.mark.parametrize("together", [True, False])
async def test_late_answers_in_years_of_history_raise_no_alert_and_programs_hear_of_none(stage, mailbox, together):
    """As a replay brings them: each answer is read before any timer has told of the breach."""
    await stage.move_to(at(24 * 700))
    for number in range(20):
        published = at(number * 24 * 20)
        state = review(published_at=published, rated_at=published, received_at=published)
        answer = published + timedelta(hours=30)
        told = stage.record(None, state, published, f"review-{number}")
        later = stage.record(state, answered(state, answer), answer, f"review-{number}")
        for batch in [[told, later]] if together else [[told], [later]]:
            await stage.reads(batch)
    assert await stage.rows("SELECT DISTINCT event ->> 'cause' AS cause FROM clock_events WHERE kind = 'breached'") == [
        {"cause": "read_late"}
    ]
    assert await stage.rows("SELECT state, count(*)::int AS n FROM clocks GROUP BY 1") == [
        {"state": "breached", "n": 20}
    ]
    assert [event["type"] for event in await stage.events() if event["type"].startswith("alert.")] == []
    await nobody_was_called(stage, mailbox)


async def test_a_late_answer_that_is_read_after_a_standstill_of_weeks_ends_the_alert_of_what_was_read_in_time(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24 * 30))
    await stage.happens(review(), answered(review(), at(30)), at(30))
    assert [row["event"] for row in await stage.rows(
        "SELECT event ->> 'cause' AS event FROM clock_events WHERE kind = 'breached'"
    )] == [None]  # fmt: skip
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts")] == ["resolved"]


async def test_after_a_standstill_of_weeks_people_are_called_for_what_was_read_in_time(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.move_to(at(24 * 30))
    await stage.fires()
    await stage.sends()
    assert mailbox.subjects[-1] == "Not answered in time: 1-star review of acme/berlin"
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts")] == ["open"]


async def test_a_review_that_is_read_after_its_due_time_sends_no_notice_of_it(stage, mailbox):
    await stage.move_to(at(30))
    await stage.happens(None, review(), at(0))
    await stage.sends()
    assert mailbox.mails == []
    await stage.fires()
    await stage.sends()
    assert [each.split(":")[0] for each in mailbox.subjects] == ["Not answered in time"]
