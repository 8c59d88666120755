"""A pause that overlaps what the customer says is flagged, and what became drastic does not stand still."""

import msgspec
import pytest

from plaudit.alerting.clocks.domain.clock_events import (
    Cancelled,
    CancelReason,
    Fulfilled,
    Paused,
    PauseOverlapped,
    Resumed,
    Started,
    StartReason,
)
from plaudit.alerting.clocks.domain.pauses import overlapped
from plaudit.common.contracts import ReviewChange
from plaudit_testing.clocks import answered, at, drastic, folded, given, rated, ref_of, review

BY_ANNA = {"reason": "waits for the customer", "by": "person:anna"}
STARTED = Started(at(0), at(0), ref_of("one-or-two-stars"), StartReason.PUBLISHED)
PAUSED, RESUMED = Paused(at(5), **BY_ANNA), Resumed(at(8), **BY_ANNA)


def wrote(hours, text="And now it is broken too.", of=None):
    return msgspec.structs.replace(of or review(), text=text, edited_at=at(hours))


def added(log, before, after, recorded, *, backfill=False):
    change = ReviewChange(review_id="review-1", revision=2, before=before, after=after, backfill=backfill)
    return overlapped(folded(*log), change, recorded)


class TestWhatOverlaps:
    def test_a_message_while_the_time_stands_still(self):
        assert added((STARTED, PAUSED), review(), wrote(6), at(6)) == (PauseOverlapped(at(6), at(5)),)

    def test_one_from_before_the_pause_that_is_learned_during_it(self):
        assert added((STARTED, PAUSED), review(), wrote(4), at(6)) == (PauseOverlapped(at(4), at(5)),)

    def test_one_that_is_learned_after_the_pause(self):
        log = (STARTED, PAUSED, RESUMED)
        assert added(log, review(), wrote(7), at(20)) == (PauseOverlapped(at(7), at(5)),)
        assert added(log, review(), wrote(9), at(20)) == ()

    def test_a_text_that_changes_without_a_time_of_its_own(self):
        silent = msgspec.structs.replace(review(), text="Other words.")
        assert added((STARTED, PAUSED), review(), silent, at(6)) == (PauseOverlapped(at(6), at(5)),)

    def test_a_review_that_becomes_drastic(self):
        assert added((STARTED, PAUSED), review(), drastic(review()), at(6)) == (PauseOverlapped(at(6), at(5)),)
        assert added((STARTED, PAUSED), drastic(review()), drastic(review()), at(6)) == ()

    def test_and_nothing_else(self):
        elsewhere = msgspec.structs.replace(review(), subject="acme/hamburg")
        assert added((STARTED, PAUSED), review(), elsewhere, at(6)) == ()
        assert added((STARTED, PAUSED), review(), wrote(6), at(6), backfill=True) == ()
        assert added((STARTED,), review(), wrote(6), at(6)) == ()
        assert added((STARTED, PAUSED, Fulfilled(at(6))), review(), wrote(7), at(7)) == ()

    def test_each_pause_is_noted_once(self):
        noted = (STARTED, PAUSED, PauseOverlapped(at(6), at(5)))
        assert added(noted, wrote(6), wrote(7, "Hello?"), at(7)) == ()
        again = (*noted, RESUMED, Paused(at(9), **BY_ANNA))
        assert added(again, wrote(6), wrote(10, "Hello?"), at(10)) == (PauseOverlapped(at(10), at(9)),)

    def test_it_moves_no_time(self):
        plain, noted = folded(STARTED, PAUSED, RESUMED), folded(STARTED, PAUSED, PauseOverlapped(at(6), at(5)), RESUMED)
        assert (noted.due_at, noted.generation, noted.state) == (plain.due_at, plain.generation, plain.state)
        assert [pause.said_at for pause in noted.pauses] == [at(6)]


class TestDrasticWhilePaused:
    ENDED = Cancelled(at(30), CancelReason.WORSENED)

    def test_the_drastic_class_runs_though_the_time_stood_still(self):
        then = given(STARTED, PAUSED).when(review(), drastic(review()), at(30))
        then.then(self.ENDED, Started(at(30), at(30), ref_of("drastic"), StartReason.WORSENED))
        run = folded(STARTED, PAUSED, *then.decided)
        assert (run.state, run.is_paused, run.due_at) == ("running", False, at(34))

    def test_a_rating_that_is_raised_leaves_the_pause(self):
        given(STARTED, PAUSED).when(review(), rated(review(), 3.0, at(6)), at(6)).then()


@pytest.mark.postgres
class TestThroughTheProduct:
    @pytest.fixture
    async def paused(self, stage, first_answers_only):
        """A clock that is paused at 5 h, and the client that paused it."""
        await stage.happens(None, review(), at(0))
        await stage.sends()
        client = await stage.client()
        await stage.move_to(at(5))
        path = f"/v1/clocks/{(await stage.clock())['id']}"
        assert (await client.post(f"{path}/pause", json={"reason": "waits for the customer"})).status_code == 200
        return client, path

    async def test_answer_log_alert_and_mail_say_that_the_customer_spoke(self, stage, paused, mailbox):
        client, path = paused
        await stage.move_to(at(6))
        await stage.happens(review(), wrote(6), at(6))
        shown = (await client.get(path)).json()
        assert [each["kind"] for each in shown["log"]] == ["started", "paused", "pause_overlapped"]
        assert shown["pauses"][0]["said_at"] == shown["log"][-1]["happened_at"] == "2026-03-02T15:00:00Z"
        [alert] = (await client.get("/v1/alerts")).json()["items"]
        assert (alert["kind"], alert["state"]) == ("pause_overlap", "open")
        assert (await stage.published())[-2:] == ["clock.pause_overlapped", "alert.raised"]
        await stage.sends()
        assert mailbox.subjects[-1].startswith("Does the pause still hold?: 1-star review of acme/berlin")
        page = stage.plain_client(accept="text/html", authorization=client.headers["authorization"])
        key = client.headers["authorization"].removeprefix("Bearer ")
        await page.post("/sign-in", data={"key": key}, headers={"sec-fetch-site": "same-origin"})
        told = (await page.get(f"/console/desk/{path.rpartition('/')[2]}")).text
        assert "While the time stood still the customer said something" in told

    async def test_once_the_time_goes_on_the_alert_is_resolved_and_the_next_pause_can_raise_another(
        self, stage, paused
    ):
        client, path = paused
        await stage.move_to(at(6))
        await stage.happens(review(), wrote(6), at(6))
        assert (await client.post(f"{path}/resume", json={"reason": "They wrote."})).status_code == 200
        assert [row["state"] for row in await stage.rows("SELECT state FROM alerts")] == ["resolved"]
        await stage.move_to(at(7))
        assert (await client.post(f"{path}/pause", json={"reason": "again"})).status_code == 200
        await stage.move_to(at(8))
        await stage.happens(wrote(6), wrote(8, "Hello?"), at(8))
        await stage.happens(wrote(8, "Hello?"), answered(wrote(8, "Hello?"), at(9)), at(9))
        states = await stage.rows("SELECT state, reason FROM alerts ORDER BY raised_at")
        assert [tuple(row.values()) for row in states] == [("resolved", "resumed"), ("resolved", "fulfilled")]

    async def test_what_became_drastic_is_told_and_breaches_in_its_own_time(self, stage, paused, mailbox):
        await stage.move_to(at(6))
        await stage.happens(review(), drastic(review()), at(6))
        clock = await stage.clock()
        assert (clock["state"], clock["due_at"], clock["policy_class"]) == ("running", at(10), "drastic")
        await stage.sends()
        assert "Answer by" in mailbox.subjects[-1]
        await stage.move_to(at(10.1))
        await stage.fires()
        assert (await stage.clock())["state"] == "breached"

    async def test_the_timers_stay_those_that_the_log_asks_for(self, stage, paused):
        client, path = paused
        assert (await client.post(f"{path}/resume", json={"reason": "goes on"})).status_code == 200
        planned = await stage.rows("SELECT clock_id, kind, due_at FROM timers ORDER BY due_at")
        await stage.happens(review(), wrote(5), at(9))
        assert await stage.rows("SELECT clock_id, kind, due_at FROM timers ORDER BY due_at") == planned
