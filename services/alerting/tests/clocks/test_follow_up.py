import pytest

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
from plaudit.alerting.clocks.domain.follow_up import Contact, decide_contacts, decide_follow_up
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit_testing.clocks import SOURCE_CREATED, answered, at, changed_to, folded, rated, ref_of, review, terms_for

REF = ref_of("follow-up")
STARTED = Started(at(3), at(2), REF, StartReason.ANSWERED)
STANDING = answered(review(), at(2))


def decided(before, after, recorded, *log, is_first=False, backfill=False):
    run = folded(*log) if log else None
    change = changed_to(before, after, backfill=backfill)
    return decide_follow_up(run, change, recorded, terms_for(Metric.FOLLOW_UP), is_first=is_first)


class TestWhatStartsOne:
    def test_our_answer_to_a_bad_review_does_from_its_publication_for_two_days(self):
        assert decided(review(), STANDING, at(3)) == (STARTED,)
        assert folded(STARTED).due_at == at(50)

    def test_an_answer_to_a_better_review_does_not(self):
        better = review(3.0)
        assert decided(better, answered(better, at(2)), at(3)) == ()

    def test_an_answer_that_stands_already_does_not(self):
        assert decided(STANDING, rated(STANDING, 2.0, at(5)), at(6)) == ()

    def test_an_answer_of_before_our_time_and_a_back_fill_do_not(self):
        old = answered(review(published_at=SOURCE_CREATED.replace(year=2025)), SOURCE_CREATED.replace(year=2025))
        assert decided(None, old, at(3), is_first=True) == ()
        assert decided(review(), STANDING, at(3), backfill=True) == ()

    def test_an_answer_that_is_back_after_it_was_gone_does_from_then(self):
        log = (STARTED, Cancelled(at(5), CancelReason.ANSWER_REMOVED))
        assert decided(review(), STANDING, at(9), *log) == (Started(at(9), at(9), REF, StartReason.ANSWERED),)

    def test_one_that_was_fulfilled_never_runs_again(self):
        log = (STARTED, Fulfilled(at(4)))
        assert decided(review(), answered(review(), at(9)), at(9), *log) == ()


class TestWhatEndsOne:
    def test_the_first_contact_since_the_answer_fulfils_it(self):
        contacts = [Contact(at(30), "mail"), Contact(at(20), "phone"), Contact(at(1), "chat")]
        assert decide_contacts(folded(STARTED), contacts) == (Fulfilled(at(20), channel="phone"),)

    def test_a_contact_before_the_answer_does_not(self):
        assert decide_contacts(folded(STARTED), [Contact(at(1.9), "phone")]) == ()

    def test_a_late_contact_breaches_it_first(self):
        assert decide_contacts(folded(STARTED), [Contact(at(51), None)]) == (Breached(at(50)), Fulfilled(at(51)))

    @pytest.mark.parametrize("end", [(), (Fulfilled(at(60)),)])
    def test_a_contact_in_time_that_is_told_late_retracts_the_breach(self, end):
        run = folded(STARTED, Breached(at(50)), *end)
        assert decide_contacts(run, [Contact(at(40), "phone"), Contact(at(60), "phone")]) == (
            Retracted(at(40), RetractReason.ANSWERED_IN_TIME),
            Fulfilled(at(40), channel="phone"),
        )

    def test_the_end_of_what_it_follows_cancels_it(self):
        assert decided(STANDING, None, at(5), STARTED) == (Cancelled(at(5), CancelReason.REMOVED),)
        assert decided(STANDING, review(), at(5), STARTED) == (Cancelled(at(5), CancelReason.ANSWER_REMOVED),)
        raised = rated(STANDING, 5.0, at(5))
        assert decided(STANDING, raised, at(6), STARTED) == (Cancelled(at(5), CancelReason.NO_LONGER_NEGATIVE),)
