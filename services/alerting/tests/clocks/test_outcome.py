from datetime import timedelta

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from plaudit.alerting.clocks.domain.clock_events import (
    Breached,
    Cancelled,
    CancelReason,
    Fulfilled,
    Retracted,
    Started,
    StartReason,
    Unknown,
    Warned,
)
from plaudit_testing.clocks import (
    answered,
    at,
    drastic,
    folded,
    given,
    rated,
    ref_of,
    review,
    stage,
)

STARTED = Started(at(0), at(0), ref_of("one-or-two-stars"), StartReason.PUBLISHED)
BREACHED = Breached(at(24))
REMOVED = CancelReason.REMOVED
ENDS = (
    st.floats(0, 60)
    .map(at)
    .flatmap(
        lambda when: st.sampled_from(
            [
                (answered(review(), when), when),
                (rated(review(), 5.0, when), when),
                (None, when),
            ]
        )
    )
)


class TestWhereAnswersAreNotTold:
    UNKNOWN = Unknown(at(24))

    def test_the_due_time_is_no_breach(self):
        given(STARTED).when_due(100, now=at(24), told=False).then(self.UNKNOWN)
        given(STARTED).when_due(50, 80, 100, now=at(30), told=False).then(
            Warned(at(12), 50, collapsed=True), Warned(at(19.2), 80, collapsed=True), self.UNKNOWN
        )
        assert folded(STARTED, self.UNKNOWN).state == "unknown"

    def test_warnings_come_as_ever(self):
        given(STARTED).when_due(50, now=at(13), told=False).then(Warned(at(12), 50))

    def test_it_is_decided_once_whatever_is_told_later(self):
        for told in (True, False):
            given(STARTED, self.UNKNOWN).when_due(100, now=at(40), told=told).then()
            given(STARTED, self.UNKNOWN).when(review(), review(text="More."), at(40), told=told).then()

    def test_an_answer_that_is_known_later_decides_by_its_publication(self):
        for told in (True, False):
            known = given(STARTED, self.UNKNOWN)
            known.when(review(), answered(review(), at(24)), at(70), told=told).then(Fulfilled(at(24)))
            known.when(review(), answered(review(), at(25)), at(70), told=told).then(BREACHED, Fulfilled(at(25)))

    def test_a_removal_after_the_due_time_says_nothing_about_the_answer(self):
        removed = Cancelled(at(30), REMOVED)
        given(STARTED).when(review(), None, at(30), told=False).then(removed)
        for told in (True, False):
            given(STARTED, self.UNKNOWN).when(review(), None, at(30), told=told).then(removed)

    def test_a_breach_of_before_stays(self):
        given(STARTED, BREACHED).when(review(), None, at(30), told=False).then(Cancelled(at(30), REMOVED))
        given(STARTED, BREACHED).when_due(100, now=at(30), told=False).then()

    def test_one_that_becomes_drastic_too_late_has_no_other_deadline(self):
        given(STARTED, self.UNKNOWN).when(review(), drastic(review()), at(1)).then()


class TestTheOutcome:
    @settings(deadline=timedelta(seconds=10))
    @for_all(end=ENDS, provisional=st.booleans())
    def test_is_the_same_whether_the_end_or_the_breach_is_learned_first(self, end, provisional):
        after, when = end
        known_at_once = given(STARTED).when(review(), after, when).decided
        breach = Breached(at(24), provisional=provisional)
        known_late = given(STARTED, breach).when(review(), after, when).decided
        early, late = folded(STARTED, *known_at_once), folded(STARTED, breach, *known_late)
        assert (early.state, early.breached_at, early.fulfilled_at, early.cancelled_at, early.due_at) == (
            late.state,
            late.breached_at,
            late.fulfilled_at,
            late.cancelled_at,
            late.due_at,
        )
        assert (early.state == "breached") == (when > at(24))

    @settings(deadline=timedelta(seconds=10))
    @for_all(end=ENDS, told_later=st.booleans())
    def test_is_the_same_whether_the_end_or_the_due_time_is_learned_first_where_answers_are_not_told(
        self, end, told_later
    ):
        after, when = end
        known_at_once = given(STARTED).when(review(), after, when, told=False).decided
        unknown = Unknown(at(24))
        known_late = given(STARTED, unknown).when(review(), after, when, told=told_later).decided
        early, late = folded(STARTED, *known_at_once), folded(STARTED, unknown, *known_late)
        assert early == late
        is_answer = after is not None and after.answer is not None
        assert (early.state == "breached") == (is_answer and when > at(24))

    @settings(deadline=timedelta(seconds=10))
    @for_all(changes=st.lists(st.sampled_from(["answer", "unanswer", "raise", "lower", "remove", "wait"]), max_size=12))
    def test_each_run_ends_once_and_breaches_at_most_once(self, changes):
        log, state = [STARTED], review()
        for step, change in enumerate(changes, start=1):
            when = at(7 * step)
            if change == "wait":
                clock = folded(*log)
                percents = [percent for percent in (50, 80, 100) if stage(percent, clock).at <= when]
                log += given(*log).when_due(*percents, now=when).decided
            else:
                before, state = state, changed(state or review(), change, when)
                log += given(*log).when(before, state, when).decided
        assert all(run.count("ended") <= 1 and run.count("breached") <= 1 for run in runs_of(log))
        assert all(run.count("ended") == 1 for run in runs_of(log)[:-1])


def changed(state, change, when):
    match change:
        case "answer":
            return answered(state, when)
        case "unanswer":
            return review(state.rating, rated_at=state.rated_at)
        case "raise":
            return rated(state, 5.0, when)
        case "lower":
            return rated(state, 1.0, when)
    return None


def runs_of(log):
    """What became of each run; a retraction takes back what came before it."""
    runs = []
    for event in log:
        if isinstance(event, Started):
            runs.append([])
        elif isinstance(event, Retracted):
            runs[-1].clear()
        elif isinstance(event, Breached):
            runs[-1].append("breached")
        elif isinstance(event, Fulfilled | Cancelled):
            runs[-1].append("ended")
    return runs
