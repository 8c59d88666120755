"""Promises from record to mail, on a real database and a real SMTP server."""

import asyncio
from datetime import timedelta

import pytest

from plaudit.alerting.domain.clocks import fold
from plaudit.alerting.domain.policy import BUILT_IN
from plaudit.alerting.store import promises
from plaudit.common.db import lock
from plaudit_testing.promises import SOURCE_CREATED, answered, at, rated, review

pytestmark = pytest.mark.postgres


async def test_a_bad_review_starts_a_clock_and_sends_the_owner_a_notice(stage, mailbox):
    await stage.happens(None, review(), at(0))
    clock = await stage.clock()
    assert (clock["state"], clock["due_at"], clock["external_id"]) == ("running", at(24), "r-1")
    await stage.sends()
    assert mailbox.recipients == ["owner@acme.example"]
    assert mailbox.subjects == ["Answer by 3 March 2026, 09:00 UTC: 1-star review of acme/berlin"]
    assert await stage.published() == ["clock.started"]


async def test_time_warns_twice_and_then_breaches_with_one_alert_and_one_mail(stage, mailbox):
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
    assert len(mailbox.mails) == 2
    assert mailbox.subjects[1] == "Not answered in time: 1-star review of acme/berlin"
    assert await stage.rows("SELECT * FROM timers") == []


async def test_what_the_bus_hears_names_the_review_and_no_address(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    events = await stage.events()
    assert {event["tenant"] for event in events} == {"default"}
    breached, raised = (event["data"] for event in events[1:])
    assert breached["happened_at"] == breached["due_at"] == "2026-03-03T09:00:00Z"
    assert breached["external_id"] == "r-1"
    assert raised["clock_id"] == breached["clock_id"]
    assert "@" not in str(events)


async def test_an_answer_in_time_silences_the_clock(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.move_to(at(13))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(13)), at(13))
    for hours in (20, 25, 50):
        await stage.move_to(at(hours))
        await stage.fires()
        await stage.sends()
    assert await stage.log() == ["started", "warned 50", "fulfilled"]
    assert (await stage.clock())["state"] == "fulfilled"
    assert len(mailbox.mails) == 1
    assert await stage.rows("SELECT * FROM alerts") == []


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


async def test_an_answer_in_time_that_is_learned_late_retracts_the_breach_and_resolves_the_alert(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(23)), at(25))
    clock = await stage.clock()
    assert (clock["state"], clock["breached_at"], clock["fulfilled_at"]) == ("fulfilled", None, at(23))
    assert (await stage.published())[-3:] == ["clock.retracted", "clock.fulfilled", "alert.resolved"]
    [alert] = await stage.rows("SELECT state, reason FROM alerts")
    assert alert == {"state": "resolved", "reason": "retracted"}


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


async def test_a_late_answer_resolves_the_alert_and_leaves_the_breach(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(30)), at(30))
    await stage.sends()
    clock = await stage.clock()
    assert (clock["state"], clock["waiting"], clock["fulfilled_at"]) == ("breached", False, at(30))
    assert await stage.rows("SELECT state, reason FROM alerts") == [{"state": "resolved", "reason": "answered"}]
    assert mailbox.mails == []
    assert {row["state"] for row in await stage.rows("SELECT state FROM mails")} == {"superseded"}


async def test_a_late_answer_that_is_the_first_we_hear_records_the_breach_and_writes_to_nobody(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.happens(review(), answered(review(), at(30)), at(31))
    await stage.sends()
    assert await stage.log() == ["started", "breached", "fulfilled"]
    assert (await stage.published())[1:] == ["clock.breached", "alert.raised", "clock.fulfilled", "alert.resolved"]
    assert len(mailbox.mails) == 1


async def test_an_alert_is_resolved_once_also_when_the_breach_is_retracted_afterwards(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    late = answered(review(), at(30))
    await stage.happens(review(), late, at(30))
    await stage.happens(late, answered(review(), at(23)), at(31))
    assert (await stage.clock())["state"] == "fulfilled"
    assert (await stage.published()).count("alert.resolved") == 1


async def test_a_removal_cancels_and_a_return_runs_anew(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.happens(review(), None, at(5))
    assert (await stage.clock())["state"] == "cancelled"
    await stage.move_to(at(30))
    await stage.fires()
    await stage.happens(None, review(), at(30), kind="review.restored")
    clock = await stage.clock()
    assert (clock["state"], clock["run"], clock["due_at"], clock["reason"]) == ("running", 2, at(54), "restored")
    await stage.sends()
    assert len(mailbox.mails) == 2
    await stage.move_to(at(55))
    await stage.fires()
    assert (await stage.log())[-1] == "breached"


async def test_each_run_can_breach_once_with_an_alert_and_a_mail_of_its_own(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    await stage.sends()
    late = answered(review(), at(26))
    await stage.happens(review(), late, at(26))
    await stage.happens(late, review(), at(30))
    await stage.move_to(at(55))
    await stage.fires()
    await stage.sends()
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts ORDER BY raised_at")] == [
        "resolved",
        "open",
    ]
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Not answered in time"] * 2


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
    for number in range(200):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    await stage.move_to(at(25))
    loops = [stage.new_timers(), stage.new_timers(), stage.timers]
    await asyncio.gather(*(loop.turn() for loop in loops * 3))
    await stage.fires()
    counts = await stage.rows("SELECT count(*) AS n FROM clock_events WHERE kind = 'breached'")
    assert counts == [{"n": 200}]
    assert (await stage.rows("SELECT count(*) AS n FROM mails WHERE kind = 'breach'")) == [{"n": 200}]


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


async def test_a_lower_revision_is_ignored(stage):
    await stage.happens(None, review(), at(0))
    await stage.happens(review(), answered(review(), at(1)), at(1), revision=7)
    await stage.happens(answered(review(), at(1)), None, at(2), revision=6)
    assert await stage.log() == ["started", "fulfilled"]
    assert (await stage.clock())["review_revision"] == 7


async def test_a_batch_may_hold_the_whole_life_of_a_review(stage, mailbox):
    lowered = rated(review(5.0), 1.0, at(1))
    await stage.reads(
        [
            stage.record(None, review(5.0), at(0)),
            stage.record(review(5.0), lowered, at(1)),
            stage.record(lowered, answered(lowered, at(2)), at(2)),
        ]
    )
    await stage.sends()
    assert await stage.log() == ["started", "fulfilled"]
    assert mailbox.mails == []
    assert await stage.rows("SELECT * FROM timers") == []


async def test_old_reviews_that_are_brought_in_page_nobody(stage, mailbox):
    old = [
        stage.record(None, review(published_at=SOURCE_CREATED - timedelta(days=day)), at(0), f"old-{day}")
        for day in range(1, 300)
    ]
    await stage.reads(old)
    await stage.sends()
    assert await stage.rows("SELECT * FROM clocks") == []
    assert mailbox.mails == []


async def test_a_move_to_another_subject_moves_the_clock(stage):
    moved = review(subject="acme/hamburg")
    await stage.happens(None, review(), at(0))
    await stage.happens(review(), moved, at(1))
    assert (await stage.clock())["subject"] == "acme/hamburg"
    assert await stage.log() == ["started"]


async def test_the_stored_fold_is_what_the_log_amounts_to(stage):
    steps = [
        (None, review(), 0, "review.created"),
        (review(), answered(review(), at(30)), 31, "review.answered"),
        (answered(review(), at(30)), review(), 40, "review.answer_removed"),
        (review(), None, 41, "review.removed"),
        (None, review(), 50, "review.restored"),
        (review(), rated(review(), 4.0, at(51)), 52, "review.edited"),
    ]
    for before, after, hours, kind in steps:
        await stage.move_to(at(hours))
        await stage.fires()
        await stage.happens(before, after, at(hours), kind=kind)
        async with stage.worker.transaction() as tx:
            clock = (await stage.clock())["id"]
            log = await promises.log_of(tx, "default", clock)
            [stored] = (await promises.load(tx, [("default", clock)])).values()
        assert fold([event for event, _ in log], BUILT_IN) == stored.clock
