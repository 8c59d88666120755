from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError, fulfil, move, pause, resume, settle
from plaudit.alerting.clocks.domain.clock_events import (
    BreachCause,
    Breached,
    Cancelled,
    CancelReason,
    Fulfilled,
    Paused,
    PolicyApplied,
    Resumed,
    Started,
    StartReason,
    Unknown,
)
from plaudit.alerting.clocks.domain.due import decide_due
from plaudit.alerting.clocks.domain.terms import Pin
from plaudit_testing.clocks import answered, at, folded, given, ref_of, review, stage, terms_of

REF = ref_of("one-or-two-stars")
TERMS = terms_of("one-or-two-stars")
STARTED = Started(at(0), at(0), REF, StartReason.PUBLISHED)
BY_ANNA = {"reason": "waits for the customer", "by": "person:anna"}
PAUSED = Paused(at(5), **BY_ANNA)


class TestPause:
    def test_a_pause_moves_the_due_time_by_its_length(self):
        run = folded(STARTED, PAUSED, Resumed(at(8), **BY_ANNA))
        assert (run.due_at, run.state) == (at(27), "running")

    def test_while_it_lasts_nothing_is_due(self):
        run = folded(STARTED, PAUSED)
        assert (run.state, run.is_paused) == ("paused", True)
        assert decide_due(run, [stage(100, run)], now=at(90), read_until=at(90), decide_until=at(90)) == ()

    def test_each_raises_the_generation_so_that_what_was_scheduled_no_longer_applies(self):
        assert folded(STARTED, PAUSED).generation == 2
        assert folded(STARTED, PAUSED, Resumed(at(8), **BY_ANNA)).generation == 3

    def test_an_answer_during_a_pause_is_in_time_whenever_it_is(self):
        given(STARTED, PAUSED).when(review(), answered(review(), at(99)), at(99)).then(Fulfilled(at(99)))
        run = folded(STARTED, PAUSED, Fulfilled(at(99)))
        assert (run.state, run.is_paused) == ("fulfilled", False)

    def test_a_removal_ends_a_pause(self):
        assert folded(STARTED, PAUSED, Cancelled(at(6), CancelReason.REMOVED)).state == "cancelled"

    def test_is_refused_once_the_due_time_has_passed_or_the_clock_has_ended(self):
        for log, when in (
            ((STARTED,), at(24)),
            ((STARTED, Breached(at(24))), at(25)),
            ((STARTED, Fulfilled(at(1))), at(2)),
        ):
            with pytest.raises(ClockRefusedError):
                pause(folded(*log), TERMS, at=when, **BY_ANNA)

    def test_is_refused_where_the_law_sets_the_time(self):
        with pytest.raises(ClockRefusedError, match="never paused"):
            pause(folded(STARTED), terms_of("data-breach"), at=at(1), **BY_ANNA)

    def test_again_changes_nothing_and_only_what_is_paused_is_resumed(self):
        assert pause(folded(STARTED), TERMS, at=at(5), **BY_ANNA) == (PAUSED,)
        assert pause(folded(STARTED, PAUSED), TERMS, at=at(6), **BY_ANNA) == ()
        assert resume(folded(STARTED, PAUSED), at=at(6), **BY_ANNA) == (Resumed(at(6), **BY_ANNA),)
        with pytest.raises(ClockRefusedError, match="not paused"):
            resume(folded(STARTED), at=at(6), **BY_ANNA)

    @for_all(hours=st.lists(st.integers(0, 23), min_size=2, max_size=12, unique=True).map(sorted))
    def test_the_due_time_is_the_target_after_the_anchor_and_all_pauses(self, hours):
        log, paused = [STARTED], timedelta()
        for begin, end in zip(hours[::2], hours[1::2], strict=False):
            log += [Paused(at(begin), **BY_ANNA), Resumed(at(end), **BY_ANNA)]
            paused += timedelta(hours=end - begin)
        assert folded(*log).due_at == at(24) + paused


class TestFulfil:
    def test_says_who_and_how(self):
        done = fulfil(folded(STARTED), at=at(3), now=at(4), channel="phone", note="Called.", by="person:anna")
        assert done == (Fulfilled(at(3), "phone", "person:anna", "Called."),)

    def test_a_late_one_is_a_breach_first(self):
        first, _ = fulfil(folded(STARTED), at=at(30), now=at(31), channel=None, note="", by="person:anna")
        assert first == Breached(at(24))

    @pytest.mark.parametrize("when", [at(-1), at(5)])
    def test_before_the_anchor_and_in_the_future_is_refused(self, when):
        with pytest.raises(ClockRefusedError):
            fulfil(folded(STARTED), at=when, now=at(4), channel=None, note="", by="person:anna")


def test_only_an_unknown_one_is_settled_as_late():
    run = folded(STARTED, Unknown(at(24)))
    assert settle(run, note="Looked it up.", by="person:anna") == (
        Breached(at(24), by="person:anna", note="Looked it up."),
    )
    with pytest.raises(ClockRefusedError, match="unknown"):
        settle(folded(STARTED), note="", by="person:anna")


class TestMove:
    def moved(self, class_name, when):
        return PolicyApplied(when, ref_of(class_name), None, "new policy", "person:anna")

    def test_counts_by_the_new_terms_from_the_same_anchor(self):
        assert folded(STARTED, self.moved("three-stars", at(3))).due_at == at(72)

    def test_keeps_its_pauses(self):
        log = (STARTED, PAUSED, Resumed(at(8), **BY_ANNA), self.moved("three-stars", at(9)))
        assert folded(*log).due_at == at(75)
        log = (STARTED, PAUSED, self.moved("three-stars", at(9)), Resumed(at(10), **BY_ANNA))
        assert folded(*log).due_at == at(77)

    def test_a_breach_that_it_makes_says_so(self):
        run = folded(STARTED, self.moved("drastic", at(9)))
        assert run.due_at == at(4)
        assert decide_due(run, [stage(100, run)], now=at(9), read_until=at(9), decide_until=at(9)) == (
            Breached(at(4), cause=BreachCause.POLICY_APPLIED),
        )

    def test_a_later_breach_is_one_like_any_other(self):
        run = folded(STARTED, self.moved("drastic", at(3)))
        assert decide_due(run, [stage(100, run)], now=at(4), read_until=at(4), decide_until=at(4)) == (Breached(at(4)),)

    def test_moves_nothing_that_is_settled_or_is_there_already(self):
        there = Pin(ref_of("three-stars"))
        for log in ((STARTED, Breached(at(24))), (STARTED, Fulfilled(at(2)))):
            assert move(folded(*log), there, at=at(25), reason="", by="") == ()
        assert move(folded(STARTED), Pin(REF), at=at(1), reason="", by="") == ()
        assert move(folded(STARTED), there, at=at(1), reason="new", by="person:anna") == (
            PolicyApplied(at(1), there.policy, None, "new", "person:anna"),
        )
