"""Clocks from record to mail, on a real database and a real SMTP server."""

from datetime import timedelta

import msgspec
import pytest

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.commands import rules_of
from plaudit.alerting.clocks.domain.run import fold
from plaudit_testing.clocks import SOURCE_CREATED, answered, at, drastic, rated, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


async def test_a_bad_review_starts_a_clock_and_sends_the_owner_a_notice(stage, mailbox):
    await stage.happens(None, review(), at(0))
    clock = await stage.clock()
    assert (clock["state"], clock["due_at"], clock["external_id"]) == ("running", at(24), "r-1")
    await stage.sends()
    assert mailbox.recipients == ["owner@acme.example"]
    assert mailbox.subjects == ["Answer by 3 March 2026, 09:00 UTC: 1-star review of acme/berlin"]
    assert await stage.published() == ["clock.started"]


async def test_published_events_name_the_review_and_no_address(stage):
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


async def test_published_events_continue_the_trace_of_the_change_that_caused_them(stage):
    trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "foo=1,bar=2"}

    async def happens(before, after, recorded):
        record = stage.record(before, after, recorded)
        event = msgspec.structs.replace(record.event, **trace)
        await stage.reads([msgspec.structs.replace(record, event=event)])

    await happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    await happens(review(), answered(review(), at(26)), at(26))
    traces = {event["type"]: (event.get("traceparent"), event.get("tracestate")) for event in await stage.events()}
    caused = tuple(trace.values())
    assert {kind for kind, found in traces.items() if found == caused} == {
        "clock.started", "clock.fulfilled", "alert.resolved",
    }  # fmt: skip
    assert traces["clock.breached"] == (None, None), "time alone caused it"


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
            log = await store.log_of(tx, "default", clock)
            [stored] = (await store.load(tx, [("default", clock)])).values()
            rules = await rules_of(tx, {"default"})
        assert fold([event for event, _ in log], rules.of("default")) == stored.run


async def test_a_review_that_becomes_drastic_is_due_earlier_and_one_that_only_asks_for_a_look_is_not(stage, mailbox):
    await stage.happens(None, review(), at(0))
    hinted = msgspec.structs.replace(review(), check=True)
    await stage.happens(review(), hinted, at(1))
    assert (await stage.clock())["due_at"] == at(24)
    await stage.happens(hinted, drastic(review()), at(2))
    clock = await stage.clock()
    assert (clock["due_at"], clock["policy_class"], clock["reason"]) == (at(6), "drastic", "worsened")
    assert await stage.published() == ["clock.started", "clock.cancelled", "clock.started"]
    await stage.move_to(at(7))
    await stage.fires()
    assert (await stage.clock())["state"] == "breached"


async def test_a_drastic_review_is_due_in_four_hours_and_its_answer_ends_that(stage):
    await stage.happens(None, drastic(review()), at(0))
    assert (await stage.clock())["due_at"] == at(4)
    await stage.happens(drastic(review()), answered(drastic(review()), at(3)), at(3))
    assert (await stage.clock())["state"] == "fulfilled"
