"""Clocks of reviews whose answers are not told, on a real database and a real SMTP server."""

import pytest

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.commands import rules_of
from plaudit.alerting.clocks.domain.run import fold
from plaudit.alerting.metrics import DECIDED
from plaudit.common.contracts import Answers
from plaudit_testing.clocks import answered, at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

UNTOLD = Answers.UNTOLD
UNKNOWN_LOG = ["started", "warned 50", "unknown"]


async def is_unknown(stage, review_id="review-1", answers=UNTOLD):
    """A clock that warned once, and then passed its due time."""
    await stage.happens(None, review(), at(0), review_id=review_id, answers=answers)
    await stage.move_to(at(12.1))
    await stage.fires()
    await stage.rows("UPDATE timers SET kind = 'breach', due_at = breach_at")
    await stage.move_to(at(24.1))
    await stage.fires()


async def test_the_due_time_calls_nobody(stage, mailbox):
    await is_unknown(stage)
    await stage.sends()
    clock = await stage.clock()
    assert (clock["state"], clock["waiting"], clock["unknown_at"], clock["breached_at"]) == (
        "unknown", True, at(24), None
    )  # fmt: skip
    assert await stage.log() == UNKNOWN_LOG
    assert await stage.published() == ["clock.started", "clock.warned", "clock.unknown"]
    assert await stage.rows("SELECT * FROM alerts") == []
    assert await stage.rows("SELECT id FROM message_deliveries WHERE topic = 'clock.breached'") == []
    assert mailbox.mails == [], "the notice that was not sent in time is not wanted any more"


async def test_where_answers_are_asked_for_the_due_time_is_a_breach(stage):
    await is_unknown(stage, answers=Answers.POLLED)
    assert (await stage.clock())["state"] == "breached"


async def test_a_process_that_was_down_over_the_due_time_decides_the_same(stage):
    await stage.happens(None, review(), at(0), answers=UNTOLD)
    await stage.move_to(at(70))
    stage.timers = stage.new_timers()
    await stage.fires()
    assert await stage.log() == ["started", "(warned 50)", "(warned 80)", "unknown"]
    assert await stage.published() == ["clock.started", "clock.unknown"]
    assert await stage.rows("SELECT * FROM timers") == []


@pytest.mark.parametrize(
    ("published", "state", "log"),
    [(at(23), "fulfilled", ["fulfilled"]), (at(25), "breached", ["breached", "fulfilled"])],
)
async def test_an_answer_that_is_recorded_later_ends_it_by_its_publication(stage, mailbox, published, state, log):
    await is_unknown(stage)
    await stage.move_to(at(80))
    await stage.happens(review(), answered(review(), published), at(80), answers=UNTOLD)
    await stage.fires()
    await stage.sends()
    clock = await stage.clock()
    assert (clock["state"], clock["fulfilled_at"], clock["unknown_at"]) == (state, published, None)
    assert await stage.log() == [*UNKNOWN_LOG, *log]
    assert await stage.rows("SELECT * FROM alerts WHERE state <> 'resolved'") == []
    assert mailbox.mails == []


async def test_a_removal_after_the_due_time_is_no_breach(stage):
    await is_unknown(stage)
    await stage.happens(review(), None, at(30))
    assert (await stage.clock())["state"] == "cancelled"
    assert "clock.breached" not in await stage.published()


async def test_an_open_clock_follows_its_source_with_the_next_event(stage):
    for review_id, before, after in (("set-up", UNTOLD, Answers.POLLED), ("ended", Answers.POLLED, UNTOLD)):
        await stage.happens(None, review(), at(0), review_id=review_id, answers=before)
        await stage.happens(review(), review(text="More of it."), at(1), review_id=review_id, answers=after)
    await stage.move_to(at(24.1))
    await stage.fires()
    assert [(await stage.clock(review_id))["state"] for review_id in ("set-up", "ended")] == ["breached", "unknown"]


async def test_what_is_unknown_stays_so_until_an_answer_is_told(stage):
    await is_unknown(stage)
    await stage.happens(review(), review(text="More of it."), at(30), answers=Answers.POLLED)
    await stage.fires()
    assert (await stage.clock())["state"] == "unknown"
    await stage.happens(review(), answered(review(), at(9)), at(31), answers=Answers.POLLED)
    assert (await stage.clock())["state"] == "fulfilled"


async def test_the_stored_fold_is_what_the_log_amounts_to(stage):
    await is_unknown(stage)
    for before, after, hours in ((review(), answered(review(), at(30)), 31), (answered(review(), at(30)), None, 40)):
        async with stage.worker.transaction() as tx:
            clock = (await stage.clock())["id"]
            log = await store.log_of(tx, "default", clock)
            [stored] = (await store.load(tx, [("default", clock)])).values()
            rules = await rules_of(tx, {"default"})
        assert fold([event for event, _ in log], rules.of("default")) == stored.run
        assert stored.answers == "untold"
        await stage.happens(before, after, at(hours), answers=UNTOLD)


async def test_what_became_of_due_clocks_is_counted(stage):
    def counted():
        return {
            sample.labels["outcome"]: sample.value
            for family in DECIDED.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        }

    before = {"breached": 0, "unknown": 0} | counted()
    await stage.happens(None, review(), at(0), review_id="told")
    for number in range(2):
        await stage.happens(None, review(), at(0), review_id=f"untold-{number}", answers=UNTOLD)
    await stage.move_to(at(25))
    await stage.fires()
    assert counted() == {"breached": before["breached"] + 1, "unknown": before["unknown"] + 2}
