from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec.structs import replace

from plaudit.alerting.clocks.domain.clock_events import (
    Breached,
    Cancelled,
    CancelReason,
    Fulfilled,
    Retracted,
    RetractReason,
    Started,
    StartReason,
)
from plaudit.alerting.clocks.domain.next_answer import decide_next_answer, start_next_answer
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit_testing.clocks import (
    SOURCE_CREATED,
    answered,
    at,
    changed_to,
    folded,
    rated,
    ref_of,
    review,
    terms_for,
)

REF = ref_of("next-answer")
TERMS = terms_for(Metric.NEXT_ANSWER)
STANDING = answered(review(), at(2))
ADDED = replace(STANDING, text="And now this.", edited_at=at(10))
STARTED = Started(at(10), at(10), REF, StartReason.WROTE_AGAIN)


def started(before, after, recorded, *log, backfill=False):
    run = folded(*log) if log else None
    return start_next_answer(run, changed_to(before, after, backfill=backfill), recorded, TERMS)


def decided(before, after, recorded, *log):
    return decide_next_answer(folded(*log), changed_to(before, after), recorded, TERMS)


class TestWhatStartsOne:
    def test_an_edit_after_the_answer_does_from_the_time_of_the_edit(self):
        assert started(STANDING, ADDED, at(11)) == (Started(at(11), at(10), REF, StartReason.WROTE_AGAIN),)

    def test_a_rating_after_the_answer_does(self):
        lowered = rated(STANDING, 1.0, at(10))
        assert started(STANDING, lowered, at(11)) == (Started(at(11), at(10), REF, StartReason.WROTE_AGAIN),)

    def test_a_review_first_seen_with_an_older_answer_does(self):
        assert started(None, ADDED, at(11)) == (Started(at(11), at(10), REF, StartReason.WROTE_AGAIN),)

    def test_an_edit_before_the_answer_and_one_without_an_answer_do_not(self):
        assert started(STANDING, replace(STANDING, edited_at=at(1)), at(11)) == ()
        assert started(review(), replace(review(), edited_at=at(10)), at(11)) == ()

    def test_a_back_fill_and_an_edit_of_before_our_time_do_not(self):
        assert started(STANDING, ADDED, at(11), backfill=True) == ()
        old = SOURCE_CREATED.replace(year=2025, day=1)
        before = answered(review(published_at=old, rated_at=old), old)
        assert started(before, replace(before, edited_at=old.replace(month=6)), at(11)) == ()

    def test_the_same_statement_does_not_again_once_it_is_answered(self):
        again = answered(ADDED, at(12))
        assert started(ADDED, again, at(13), STARTED, Fulfilled(at(12))) == ()

    def test_the_same_statement_does_from_then_when_its_review_is_back(self):
        log = (STARTED, Cancelled(at(12), CancelReason.REMOVED))
        assert started(None, ADDED, at(20), *log) == (Started(at(20), at(20), REF, StartReason.RESTORED),)


class TestWhatEndsOne:
    def test_a_later_statement_neither_ends_nor_restarts_it(self):
        assert decided(ADDED, replace(ADDED, edited_at=at(20)), at(21), STARTED) == ()
        assert folded(STARTED).due_at == at(34)

    def test_another_answer_fulfils_it(self):
        assert decided(ADDED, answered(ADDED, at(12)), at(13), STARTED) == (Fulfilled(at(12)),)

    def test_the_answer_of_before_does_not(self):
        assert decided(ADDED, replace(ADDED, answer=replace(ADDED.answer, text="Sorry, again.")), at(13), STARTED) == ()

    def test_a_late_answer_breaches_it_first(self):
        assert decided(ADDED, answered(ADDED, at(40)), at(41), STARTED) == (Breached(at(34)), Fulfilled(at(40)))

    def test_an_answer_in_time_that_is_learned_late_retracts_the_breach(self):
        log = (STARTED, Breached(at(34)))
        assert decided(ADDED, answered(ADDED, at(30)), at(41), *log) == (
            Retracted(at(30), RetractReason.ANSWERED_IN_TIME),
            Fulfilled(at(30)),
        )

    def test_the_end_of_the_review_or_of_the_answer_before_it_cancels_it(self):
        assert decided(ADDED, None, at(12), STARTED) == (Cancelled(at(12), CancelReason.REMOVED),)
        unanswered = replace(ADDED, answer=None)
        assert decided(ADDED, unanswered, at(12), STARTED) == (Cancelled(at(12), CancelReason.ANSWER_REMOVED),)


@for_all(steps=st.lists(st.sampled_from(["write", "answer", "rewrite the answer"]), max_size=10))
def test_a_clock_waits_exactly_while_something_said_is_not_answered_and_counts_from_the_oldest_such(steps):
    state, log, unanswered = STANDING, [], []
    for step, action in enumerate(steps, start=1):
        when, before = at(3 + step), state
        if action == "write":
            state = replace(state, edited_at=when)
            unanswered.append(when)
        elif action == "answer":
            state = answered(state, when)
            unanswered = []
        else:
            state = replace(state, answer=replace(state.answer, text=f"Answer {step}"))
        if log:
            log += decided(before, state, when, *log)
        run = folded(*log) if log else None
        if run is None or not run.waiting:
            log = [*(started(before, state, when, *log) or log)]
        run = folded(*log) if log else None
        waits = run is not None and run.waiting
        assert waits == bool(unanswered)
        assert not waits or run.anchor_at == unanswered[0]
