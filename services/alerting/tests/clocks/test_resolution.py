from msgspec.structs import replace

from plaudit.alerting.calendars.domain import Pause
from plaudit.alerting.clocks.domain.clock_events import Breached, Fulfilled, Started, StartReason
from plaudit.alerting.clocks.domain.decide import FIRST_RESOLUTION, TOTAL_RESOLUTION
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit_testing.clocks import Given, at, folded, ref_of, review
from plaudit_testing.review_events import RESOLUTION

FIRST = Started(at(0), at(0), ref_of("first-resolution"), StartReason.PUBLISHED)
TOTAL = Started(at(0), at(0), ref_of("total-resolution"), StartReason.PUBLISHED)


def first(*log):
    return Given(log, Metric.RESOLUTION_FIRST, FIRST_RESOLUTION)


def total(*log):
    return Given(log, Metric.RESOLUTION_TOTAL, TOTAL_RESOLUTION)


def resolved(when):
    return replace(review(), resolution=replace(RESOLUTION, resolved_at=when))


def test_both_start_with_a_bad_review_and_not_with_a_good_one():
    first().when_first_seen(review()).then(FIRST)
    total().when_first_seen(review()).then(TOTAL)
    first().when_first_seen(review(5.0)).then()
    total().when_first_seen(review(5.0)).then()


def test_both_are_fulfilled_when_the_review_is_resolved():
    first(FIRST).when(review(), resolved(at(30)), at(30)).then(Fulfilled(at(30)))
    total(TOTAL).when(review(), resolved(at(30)), at(30)).then(Fulfilled(at(30)))
    late = at(24 * 7 + 1)
    first(FIRST).when(review(), resolved(late), late).then(Breached(at(24 * 7)), Fulfilled(late))


def test_the_first_one_stays_when_it_is_undone():
    first(FIRST, Fulfilled(at(30))).when(resolved(at(30)), review(), at(60)).then()


def test_the_total_one_runs_on_with_the_time_that_was_left_when_it_is_undone():
    reopened = Started(
        at(60), at(0), TOTAL.policy, StartReason.REOPENED, pauses=(Pause(at(30), at(60), StartReason.REOPENED),)
    )
    total(TOTAL, Fulfilled(at(30))).when(resolved(at(30)), review(), at(60)).then(reopened)
    assert folded(TOTAL, Fulfilled(at(30)), reopened).due_at == at(24 * 14 + 30)


def test_one_that_is_undone_twice_counts_neither_time():
    log = [TOTAL]
    for begin in (30, 100):
        log += total(*log).when(review(), resolved(at(begin)), at(begin)).decided
        log += total(*log).when(resolved(at(begin)), review(), at(begin + 10)).decided
    assert folded(*log).due_at == at(24 * 14 + 20)
