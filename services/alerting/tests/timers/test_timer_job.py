"""Timers that fire, on a real database and a real SMTP server."""

from datetime import timedelta

import pytest

from plaudit.alerting.clocks.domain.clock import review_root
from plaudit.alerting.timers import commands
from plaudit.alerting.timers.jobs.timer_job import _BREACH_LATENESS, _WARN_LATENESS
from plaudit.alerting.timers.store import Due
from plaudit.common.db import lock
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.runtime import running, until

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

CLOCKS = 200
DEADLINE_SECONDS = 120.0


async def test_time_warns_twice_and_then_breaches_with_one_alert_and_a_mail_for_each(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    for hours in (11.9, 12.1, 19.1, 19.3, 23.9, 24.1, 30):
        await stage.move_to(at(hours))
        await stage.fires()
        await stage.sends()
    assert await stage.log() == ["started", "warned 50", "warned 80", "breached"]
    assert await stage.published() == [
        "clock.started", "clock.warned", "clock.warned", "clock.breached", "alert.raised"
    ]  # fmt: skip
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts")] == ["open"]
    assert len(mailbox.mails) == 4
    assert mailbox.subjects[3] == "Not answered in time: 1-star review of acme/berlin"
    assert await stage.rows("SELECT * FROM timers") == []


async def test_the_job_sees_that_a_timer_is_due_before_it_takes_a_turn(stage):
    assert not await stage.timers.has_work()
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(11.9))
    assert not await stage.timers.has_work()
    await stage.move_to(at(12.1))
    assert await stage.timers.has_work()
    await stage.fires()
    assert not await stage.timers.has_work()


async def test_an_answer_that_waits_in_kafka_over_the_due_time_prevents_breach_and_warnings(stage):
    await stage.happens(None, review(), at(0))
    waiting = stage.record(review(), answered(review(), at(10)), at(10))
    await stage.move_to(at(30))
    await stage.fires()
    assert await stage.log() == ["started"]
    await stage.reads([waiting])
    await stage.fires()
    assert await stage.log() == ["started", "fulfilled"]


async def test_a_position_that_does_not_arrive_makes_a_provisional_breach_after_a_minute(stage, mailbox):
    await stage.happens(None, review(), at(0))
    stage.end_offset += 1
    await stage.move_to(at(24))
    await stage.timers.turn()
    await stage.move_to(at(24) + timedelta(seconds=59))
    await stage.timers.turn()
    assert (await stage.clock())["state"] == "running"
    await stage.move_to(at(24) + timedelta(seconds=62))
    await stage.timers.turn()
    clock = await stage.clock()
    assert (clock["state"], clock["provisional"], clock["breached_at"]) == ("breached", True, at(24))
    assert (await stage.events())[-2]["data"]["provisional"] is True
    await stage.sends()
    assert "this is taken back" in mailbox.mails[-1].get_body(("plain",)).get_content()


async def test_a_broker_that_was_away_is_no_trouble_when_no_timer_is_due_any_more(stage):
    await stage.happens(None, review(), at(0))
    stage.end_offset = -1
    await stage.move_to(at(24))
    await stage.timers.turn()
    assert await stage.timers.has_work()
    assert [check.ok for check in stage.timers.ready()] == [False]
    await stage.happens(review(), answered(review(), at(24)), at(24))
    assert not await stage.timers.has_work()
    assert [check.ok for check in stage.timers.ready()] == [True]


async def test_a_broker_that_is_away_makes_a_provisional_breach_after_a_minute(stage):
    await stage.happens(None, review(), at(0))
    stage.end_offset = -1
    await stage.move_to(at(24))
    assert [check.ok for check in stage.timers.ready()] == [True]
    await stage.timers.turn()
    assert (await stage.clock())["state"] == "running"
    assert [check.ok for check in stage.timers.ready()] == [False]
    await stage.move_to(at(24.1))
    await stage.timers.turn()
    assert ((await stage.clock())["state"], (await stage.clock())["provisional"]) == ("breached", True)


async def test_a_process_that_was_down_for_hours_still_waits_a_minute_for_kafka(stage):
    await stage.happens(None, review(), at(0))
    stage.end_offset += 1
    await stage.move_to(at(40))
    stage.timers = stage.new_timers()
    await stage.timers.turn()
    assert (await stage.clock())["state"] == "running"


async def test_a_breach_on_which_a_record_was_set_aside_is_provisional(stage):
    await stage.happens(None, review(), at(0))
    clock = await stage.clock()
    await stage.rows(
        "INSERT INTO dead_letters (id, consumer_group, topic, partition, record_offset, headers, order_keys, reason, "
        "error, tries) VALUES (gen_random_uuid(), 'alerting', 'reviews.v1', 3, 1, '[]', ARRAY['clock:' || $1], "
        "'failed', 'x', 5)",
        str(clock["id"]),
    )
    await stage.rows("UPDATE positions SET parked = 1")
    await stage.move_to(at(24.1))
    await stage.fires()
    assert (await stage.clock())["provisional"] is True


async def test_after_a_pause_over_both_warnings_the_later_is_told_and_both_are_kept(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(21.6))
    await stage.fires()
    assert await stage.log() == ["started", "(warned 50)", "warned 80"]
    assert [event["data"]["fraction"] for event in (await stage.events())[1:]] == [0.8]


async def test_after_a_pause_over_the_due_time_only_the_breach_is_told(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(30))
    await stage.fires()
    await stage.sends()
    assert await stage.log() == ["started", "(warned 50)", "(warned 80)", "breached"]
    assert await stage.published() == ["clock.started", "clock.breached", "alert.raised"]
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Not answered in time"]


async def test_a_timer_of_an_earlier_generation_does_nothing(stage):
    await stage.happens(None, review(), at(0))
    await stage.rows("UPDATE clocks SET generation = 2")
    await stage.move_to(at(25))
    await stage.fires()
    assert await stage.log() == ["started"]
    assert await stage.rows("SELECT * FROM timers") == []


async def test_a_clock_that_somebody_works_on_is_left_to_the_next_turn(stage):
    await stage.happens(None, review(), at(0))
    await stage.happens(None, review(), at(0), review_id="review-2")
    await stage.move_to(at(25))
    async with stage.worker.transaction() as other:
        await lock(other, [f"clock:{(await stage.clock())['id']}"])
        await stage.timers.turn()
        assert (await stage.clock())["state"] == "running"
        assert (await stage.clock("review-2"))["state"] == "breached"
    await stage.timers.turn()
    assert (await stage.clock())["state"] == "breached"


async def test_two_processes_fire_each_timer_once(stage):
    await stage.reads([stage.record(None, review(), at(0), f"review-{number}") for number in range(CLOCKS)])
    await stage.move_to(at(25))

    async def no_timer_is_left():
        return await stage.rows("SELECT 1 FROM timers") == []

    processes = [stage.timers_of_another_process() for _ in range(3)]
    async with running(*processes):
        await until(no_timer_is_left, "all timers have fired", DEADLINE_SECONDS)
    counts = await stage.rows(
        "SELECT count(*) AS n, count(DISTINCT clock_id) AS clocks FROM clock_events WHERE kind = 'breached'"
    )
    assert counts == [{"n": CLOCKS, "clocks": CLOCKS}]
    breaches = await stage.rows("SELECT count(*) AS n FROM message_deliveries WHERE topic = 'clock.breached'")
    assert breaches == [{"n": CLOCKS}]


async def test_a_clock_that_cannot_be_fired_is_set_aside_and_the_others_fire(stage):
    for number in range(5):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    await stage.rows("UPDATE clocks SET policy_revision = 99 WHERE review_id = 'review-3'")
    await stage.move_to(at(25))
    await stage.fires()
    states = await stage.rows("SELECT review_id, state FROM clocks ORDER BY review_id")
    assert [row["state"] for row in states] == ["breached"] * 3 + ["running", "breached"]
    [aside] = await stage.rows("SELECT DISTINCT error FROM timers WHERE failed_at IS NOT NULL")
    assert "99" in aside["error"]


async def test_an_error_that_quotes_what_the_database_does_not_take_is_kept_too(stage, monkeypatch):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(12.1))

    def raising(*_, **__):
        raise ValueError("not readable: \0")

    monkeypatch.setattr(commands, "decide_due", raising)
    await stage.fires()
    [aside] = await stage.rows("SELECT error FROM timers WHERE failed_at IS NOT NULL")
    assert aside["error"] == "ValueError: not readable: ␀"


async def fails_at_a_warning(stage, monkeypatch, hours=12.1):
    """A clock whose warning after 12 hours, and what else is due by then, cannot fire."""
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(hours))
    with monkeypatch.context() as patched:
        patched.setattr(commands, "decide_due", lambda *_, **__: 1 / 0)
        await stage.fires()


TIMERS = "SELECT kind, due_at, breach_at, failed_at IS NOT NULL AS is_aside FROM timers ORDER BY due_at"


async def timers_of(stage):
    return [tuple(row.values()) for row in await stage.rows(TIMERS)]


async def tries_again(stage):
    client = await stage.client()
    assert (await client.post("/v1/set-aside/retry", json={"kind": "timer"})).json() == {"count": 1}
    await stage.fires()


async def test_beside_a_warning_that_is_set_aside_the_next_ones_come_in_their_time_and_lists_show_the_clock_once(
    stage, monkeypatch
):
    await fails_at_a_warning(stage, monkeypatch)
    assert await timers_of(stage) == [("warn:50", at(12), None, True), ("warn:80", at(19.2), at(24), False)]
    due = await stage.rows("SELECT due_at FROM breach_times")
    assert [row["due_at"] for row in due] == [at(24)]
    await stage.move_to(at(19.3))
    await stage.fires()
    assert await stage.log() == ["started", "warned 80"]
    assert await timers_of(stage) == [("warn:50", at(12), None, True), ("breach", at(24), at(24), False)]
    await stage.move_to(at(24.1))
    await stage.fires()
    assert await stage.log() == ["started", "warned 80", "breached"]


async def test_a_warning_that_is_tried_again_in_time_is_told_and_the_later_ones_come_as_they_would_have(
    stage, monkeypatch
):
    await fails_at_a_warning(stage, monkeypatch)
    await tries_again(stage)
    assert await timers_of(stage) == [("warn:80", at(19.2), at(24), False)]
    await stage.move_to(at(24.1))
    await stage.fires()
    assert await stage.log() == ["started", "warned 50", "(warned 80)", "breached"]


async def test_a_warning_that_is_tried_again_after_the_next_was_told_repeats_nothing(stage, monkeypatch):
    await fails_at_a_warning(stage, monkeypatch)
    await stage.move_to(at(19.3))
    await stage.fires()
    await tries_again(stage)
    assert await stage.log() == ["started", "warned 80", "warned 50"]
    assert await timers_of(stage) == [("breach", at(24), at(24), False)]


async def test_all_that_is_due_of_a_clock_that_cannot_fire_is_set_aside_and_tried_again_together(stage, monkeypatch):
    await fails_at_a_warning(stage, monkeypatch, hours=24.1)
    assert await timers_of(stage) == [
        ("warn:50", at(12), None, True), ("warn:80", at(19.2), None, True), ("breach", at(24), at(24), True)
    ]  # fmt: skip
    await tries_again(stage)
    assert await stage.log() == ["started", "(warned 50)", "(warned 80)", "breached"]
    assert await timers_of(stage) == []


async def test_what_waits_for_kafka_beside_a_warning_that_cannot_fire_is_not_set_aside_with_it(stage):
    await stage.happens(None, review(), at(0))
    clock = await stage.clock()
    await stage.move_to(at(24.1))
    async with stage.worker.driver_transaction() as tx:
        read_up_to = Due(review_root("default", clock["about_id"]), at(12.1))
        await commands.set_aside(tx, ("default", clock["id"]), read_up_to, ValueError("it cannot fire"))
    assert await timers_of(stage) == [("warn:50", at(12), None, True), ("warn:80", at(19.2), at(24), False)]
    await stage.fires()
    assert await stage.log() == ["started", "(warned 80)", "breached"]


async def test_where_it_is_not_known_what_comes_next_a_warning_that_is_set_aside_holds_up_no_breach(stage):
    await stage.happens(None, review(), at(0))
    await stage.rows("UPDATE clocks SET policy_revision = 99")
    await stage.move_to(at(12.1))
    await stage.fires()
    assert await timers_of(stage) == [("warn:50", at(12), None, True), ("breach", at(24), at(24), False)]


async def test_each_stage_that_is_reached_after_a_standstill_counts_as_late(stage):
    def counted():
        values = [_WARN_LATENESS.collect()[0].samples, _BREACH_LATENESS.collect()[0].samples]
        return [next(each.value for each in samples if each.name.endswith("_count")) for samples in values]

    await stage.happens(None, review(), at(0))
    await stage.move_to(at(30))
    before = counted()
    await stage.fires()
    assert [after - early for after, early in zip(counted(), before, strict=True)] == [2, 1]


async def test_a_clock_has_one_timer_at_a_time_and_each_warning_plans_what_follows(stage):
    await stage.happens(None, review(), at(0))
    seen = []
    for hours in (0, 12.1, 19.3, 24.1):
        await stage.move_to(at(hours))
        await stage.fires()
        seen += [[row[:3] for row in await timers_of(stage)]]
    assert seen == [
        [("warn:50", at(12), at(24))],
        [("warn:80", at(19.2), at(24))],
        [("breach", at(24), at(24))],
        [],
    ]
    assert await stage.log() == ["started", "warned 50", "warned 80", "breached"]


async def test_of_what_fires_together_the_first_due_is_told_first(stage, mailbox):
    minutes = {f"review-{number}": number * 7 % 11 for number in range(11)}
    shown = {
        name: review(published_at=at(minute / 60), rated_at=at(minute / 60), title=f"Minute {minute}")
        for name, minute in minutes.items()
    }
    await stage.reads([stage.record(None, each, at(0.2), name) for name, each in shown.items()])
    await stage.move_to(at(25))
    await stage.fires()
    queued = await stage.rows(
        "SELECT c.title, d.next_attempt_at FROM message_deliveries d JOIN clocks c ON d.thread = 'clock:' || c.id "
        "WHERE d.topic = 'clock.breached' ORDER BY d.next_attempt_at"
    )
    assert [each["title"] for each in queued] == [f"Minute {number}" for number in range(11)]
    await stage.sends()
    assert "Minute 0" in mailbox.mails[0].get_body(("plain",)).get_content()
