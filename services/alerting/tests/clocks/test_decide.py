from datetime import timedelta

import msgspec
import pytest
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
    Warned,
)
from plaudit.common.contracts import Kind
from plaudit_testing.clocks import (
    PUBLISHED,
    SOURCE_CREATED,
    answered,
    at,
    drastic,
    folded,
    given,
    rated,
    ref_of,
    review,
    terms_of,
)
from plaudit_testing.review_events import RESOLUTION

NEGATIVE, DRASTIC = terms_of("one-or-two-stars"), terms_of("drastic")

REF = ref_of("one-or-two-stars")

THREE_STARS, GOOD = ref_of("three-stars"), ref_of("four-or-five-stars")

STARTED = Started(at(0), at(0), REF, StartReason.PUBLISHED)

BREACHED = Breached(at(24))

REMOVED = CancelReason.REMOVED

NO_LONGER = CancelReason.NO_LONGER_NEGATIVE

IN_TIME = RetractReason.ANSWERED_IN_TIME


class TestWhatStartsAClock:
    @pytest.mark.parametrize("rating", [1.0, 2.0, 2.49])
    def test_a_review_of_up_to_two_stars_starts_one(self, rating):
        given().when_first_seen(review(rating)).then(STARTED)

    @pytest.mark.parametrize(("rating", "ref"), [(2.5, THREE_STARS), (3.0, THREE_STARS), (3.5, GOOD), (5.0, GOOD)])
    def test_a_better_review_starts_one_of_its_own_class(self, rating, ref):
        given().when_first_seen(review(rating)).then(Started(at(0), at(0), ref, StartReason.PUBLISHED))

    def test_a_thumb_down_starts_one(self):
        given().when_first_seen(review(1.0, kind=Kind.THUMBS)).then(STARTED)

    @pytest.mark.parametrize("kind", [Kind.NPS, Kind.CSAT, Kind.CES])
    def test_other_kinds_start_none(self, kind):
        given().when_first_seen(review(1.0, kind=kind)).then()

    def test_a_review_that_is_answered_already_starts_none(self):
        given().when_first_seen(answered(review(), at(1))).then()

    @pytest.mark.parametrize("state", ["pending", "rejected"])
    def test_an_answer_that_nobody_can_read_is_none(self, state):
        given().when_first_seen(answered(review(), at(1), state)).then(STARTED)

    def test_a_review_published_before_its_source_was_set_up_starts_none(self):
        old = review(published_at=SOURCE_CREATED - timedelta(microseconds=1))
        given().when_first_seen(old).then()

    def test_a_back_fill_starts_none(self):
        given().when(None, review(), is_first=True, backfill=True).then()
        given().when(review(5.0), rated(review(5.0), 1.0, at(1)), backfill=True).then()

    def test_a_worse_rating_of_a_review_that_has_none_starts_one_from_the_time_of_that_rating(self):
        bad = review(2.0)
        given().when(bad, rated(bad, 1.0, at(500)), at(501)).then(Started(at(501), at(500), REF, StartReason.LOWERED))

    def test_a_back_fill_ends_one(self):
        given(STARTED).when(review(), answered(review(), at(1)), backfill=True).then(Fulfilled(at(1)))

    def test_a_review_published_with_its_source_starts_one(self):
        first = review(published_at=SOURCE_CREATED, received_at=SOURCE_CREATED)
        given().when_first_seen(first).then(Started(SOURCE_CREATED, SOURCE_CREATED, REF, StartReason.PUBLISHED))

    def test_lowering_a_review_of_before_our_time_starts_none(self):
        old = review(5.0, published_at=SOURCE_CREATED - timedelta(days=1))
        given().when(old, rated(old, 1.0, at(5)), at(5)).then()

    def test_lowering_a_rating_starts_one_from_the_time_of_the_new_rating(self):
        good = review(4.0)
        given().when(good, rated(good, 1.0, at(50)), at(51)).then(Started(at(51), at(50), REF, StartReason.LOWERED))

    def test_lowering_a_rating_that_was_answered_starts_none(self):
        good = answered(review(4.0), at(2))
        given().when(good, rated(good, 1.0, at(50)), at(51)).then()

    def test_losing_an_answer_that_stood_from_the_beginning_starts_one_from_then(self):
        given().when(answered(review(), at(1)), review(), at(70)).then(
            Started(at(70), at(70), REF, StartReason.ANSWER_REMOVED)
        )

    def test_an_open_review_whose_beginning_was_set_aside_starts_one(self):
        given().when(review(), review(text="More of it."), at(3)).then(
            Started(at(3), at(0), REF, StartReason.PUBLISHED)
        )

    def test_a_removal_and_a_back_filled_edit_start_none(self):
        given().when(review(), None, at(1)).then()
        given().when(review(4.0), review(5.0), at(1), backfill=True).then()


class TestSeverity:
    def test_a_hint_to_check_starts_and_moves_nothing(self):
        hinted = msgspec.structs.replace(review(5.0), check=True)
        given().when_first_seen(hinted).then(Started(at(0), at(0), GOOD, StartReason.PUBLISHED))
        given(STARTED).when(review(), msgspec.structs.replace(review(), check=True), at(3)).then()

    def test_a_drastic_review_is_due_four_hours_after_its_publication_and_never_later_than_a_negative_one(self):
        assert DRASTIC.due_at(at(0), at(0)) == at(4)
        assert all(DRASTIC.due_at(at(0), at(known)) <= NEGATIVE.due_at(at(0), at(known)) for known in range(100))

    def test_one_that_becomes_drastic_has_four_hours_from_then(self):
        given(STARTED).when(review(), drastic(review()), at(5)).then(
            Cancelled(at(5), CancelReason.WORSENED),
            Started(at(5), at(5), DRASTIC.rule.ref, StartReason.WORSENED),
        )

    def test_one_that_becomes_drastic_and_was_due_before_that_keeps_its_deadline(self):
        given(STARTED).when(review(), drastic(review()), at(20)).then()
        given(STARTED, BREACHED).when(review(), drastic(review()), at(25)).then()

    def test_one_that_becomes_drastic_with_its_answer_is_answered(self):
        given(STARTED).when(review(), drastic(answered(review(), at(4))), at(5)).then(Fulfilled(at(4)))

    def test_one_that_is_negative_again_keeps_the_deadline_that_it_has(self):
        begun = Started(at(0), at(0), DRASTIC.rule.ref, StartReason.PUBLISHED)
        given(begun).when(drastic(review()), review(), at(1)).then()

    def test_one_whose_rating_is_lowered_has_the_time_of_the_worse_class_from_that_rating(self):
        good = Started(at(0), at(0), GOOD, StartReason.PUBLISHED)
        given(good).when(review(5.0), rated(review(5.0), 1.0, at(50)), at(51)).then(
            Cancelled(at(51), CancelReason.WORSENED), Started(at(51), at(50), REF, StartReason.LOWERED)
        )

    def test_one_whose_rating_is_lowered_and_was_due_before_that_keeps_its_due_time(self):
        good = Started(at(0), at(0), GOOD, StartReason.PUBLISHED)
        given(good).when(review(5.0), rated(review(5.0), 1.0, at(160)), at(161)).then()

    def test_a_newer_revision_of_the_policy_moves_no_run_of_the_same_class(self):
        old = Started(at(0), at(0), ref_of("one-or-two-stars")._replace(id="answer-negative-reviews", name=""), REF)
        given(old).when(review(2.0), rated(review(2.0), 1.0, at(1)), at(1)).then()


class TestDueTime:
    def test_is_a_day_after_publication(self):
        assert folded(STARTED).due_at == at(24)

    def test_leaves_at_least_an_hour_from_receipt(self):
        late = Started(at(23.5), at(0), REF, StartReason.PUBLISHED)
        assert folded(late).due_at == at(24.5)

    def test_of_a_review_received_days_later_is_an_hour_after_receipt(self):
        given().when_first_seen(review(received_at=at(72))).then(Started(at(72), at(0), REF, StartReason.PUBLISHED))
        assert folded(Started(at(72), at(0), REF, StartReason.PUBLISHED)).due_at == at(73)


class TestWhatEndsARun:
    def test_an_answer_fulfils_it_at_its_publication(self):
        given(STARTED).when(review(), answered(review(), at(20)), at(22)).then(Fulfilled(at(20)))

    def test_an_answer_at_the_due_time_is_in_time(self):
        given(STARTED).when(review(), answered(review(), at(24)), at(40)).then(Fulfilled(at(24)))

    def test_a_late_answer_breaches_it_at_the_due_time_and_ends_it(self):
        late = at(24) + timedelta(microseconds=1)
        given(STARTED).when(review(), answered(review(), late), at(40)).then(BREACHED, Fulfilled(late))

    def test_a_late_answer_after_the_breach_ends_it(self):
        given(STARTED, BREACHED).when(review(), answered(review(), at(30)), at(31)).then(Fulfilled(at(30)))

    def test_a_pending_answer_ends_nothing(self):
        given(STARTED).when(review(), answered(review(), at(20), "pending"), at(20)).then()

    def test_a_review_that_is_settled_still_waits_for_its_answer(self):
        given(STARTED).when(review(), replace(review(), resolution=RESOLUTION), at(20)).then()

    def test_a_review_that_is_settled_after_its_answer_starts_nothing(self):
        done = answered(review(), at(5))
        given(STARTED, Fulfilled(at(5))).when(done, replace(done, resolution=RESOLUTION), at(20)).then()

    def test_a_removal_cancels_it(self):
        given(STARTED).when(review(), None, at(5)).then(Cancelled(at(5), REMOVED))

    def test_a_removal_after_the_due_time_does_not_undo_the_breach(self):
        given(STARTED).when(review(), None, at(25)).then(BREACHED, Cancelled(at(25), REMOVED))
        given(STARTED, BREACHED).when(review(), None, at(25)).then(Cancelled(at(25), REMOVED))

    def test_raising_the_rating_gives_the_time_of_the_milder_class_from_the_same_anchor(self):
        given(STARTED).when(review(), rated(review(), 3.0, at(5)), at(6)).then(
            Cancelled(at(5), CancelReason.IMPROVED), Started(at(6), at(0), THREE_STARS, StartReason.IMPROVED)
        )

    def test_raising_the_rating_of_a_late_one_ends_it(self):
        given(STARTED, BREACHED).when(review(), rated(review(), 5.0, at(30)), at(31)).then(
            Cancelled(at(30), CancelReason.IMPROVED)
        )

    def test_a_review_that_needs_no_answer_any_more_cancels_it(self):
        survey = replace(review(), kind=Kind.NPS, rated_at=at(5))
        given(STARTED).when(review(), survey, at(6)).then(Cancelled(at(5), NO_LONGER))

    def test_an_answer_that_is_older_than_what_it_says_now_is_no_quick_answer(self):
        lowered = Started(at(51), at(50), REF, StartReason.LOWERED)
        old = answered(review(), at(2))
        given(lowered).when(review(), old, at(52)).then(Cancelled(at(50), CancelReason.ANSWERED_BEFORE))

    def test_another_bad_rating_changes_nothing(self):
        given(STARTED).when(review(1.0), rated(review(), 2.0, at(5)), at(6)).then()

    def test_a_text_edit_changes_nothing(self):
        given(STARTED).when(review(), review(text="Still nobody."), at(5)).then()


class TestWhatIsLearnedLate:
    def test_an_answer_in_time_retracts_the_breach(self):
        given(STARTED, Breached(at(24), provisional=True)).when(review(), answered(review(), at(23)), at(26)).then(
            Retracted(at(23), IN_TIME), Fulfilled(at(23))
        )

    def test_a_rating_raised_in_time_retracts_the_breach(self):
        given(STARTED, BREACHED).when(review(), rated(review(), 5.0, at(20)), at(26)).then(
            Retracted(at(20), RetractReason.CANCELLED_IN_TIME),
            Cancelled(at(20), CancelReason.IMPROVED),
            Started(at(26), at(0), GOOD, StartReason.IMPROVED),
        )

    def test_a_corrected_time_of_a_late_answer_retracts_the_breach(self):
        late = answered(review(), at(30))
        given(STARTED, BREACHED, Fulfilled(at(30))).when(late, answered(review(), at(23)), at(32)).then(
            Retracted(at(23), IN_TIME), Fulfilled(at(23))
        )

    def test_a_later_time_of_an_answer_in_time_changes_nothing(self):
        early = answered(review(), at(3))
        given(STARTED, Fulfilled(at(3))).when(early, answered(review(), at(30)), at(30)).then()


class TestWhatBeginsAnotherRun:
    def test_a_review_that_is_back_has_the_full_time_from_then(self):
        given(STARTED, Cancelled(at(5), REMOVED)).when(None, review(), at(100)).then(
            Started(at(100), at(100), REF, StartReason.RESTORED)
        )

    def test_a_review_that_is_back_with_its_answer_has_none(self):
        given(STARTED, Fulfilled(at(5))).when(None, answered(review(), at(5)), at(100)).then()

    def test_a_lost_answer_gives_the_full_time_from_then(self):
        given(STARTED, Fulfilled(at(5))).when(answered(review(), at(5)), review(), at(60)).then(
            Started(at(60), at(60), REF, StartReason.ANSWER_REMOVED)
        )

    def test_an_answer_that_the_platform_rejects_afterwards_is_a_lost_one(self):
        standing = answered(review(), at(5))
        given(STARTED, Fulfilled(at(5))).when(standing, answered(review(), at(5), "rejected"), at(60)).then(
            Started(at(60), at(60), REF, StartReason.ANSWER_REMOVED)
        )

    def test_a_rating_that_is_lowered_again_has_the_full_time_from_then(self):
        raised = rated(review(), 4.0, at(5))
        given(STARTED, Cancelled(at(5), NO_LONGER)).when(raised, rated(raised, 2.0, at(9)), at(10)).then(
            Started(at(10), at(9), REF, StartReason.LOWERED)
        )

    def test_the_breach_of_an_earlier_run_stays_in_the_log_and_not_in_the_state(self):
        again = Started(at(60), at(60), REF, StartReason.ANSWER_REMOVED)
        clock = folded(STARTED, BREACHED, Fulfilled(at(30)), again)
        assert (clock.state, clock.number, clock.due_at, clock.breached_at) == ("running", 2, at(84), None)

    def test_an_edit_of_a_removed_or_answered_review_begins_none(self):
        given(STARTED, Cancelled(at(5), REMOVED)).when(None, None, at(6)).then()
        standing = answered(review(), at(5))
        given(STARTED, Fulfilled(at(5))).when(standing, answered(review(text="New."), at(5)), at(6)).then()


class TestThePassingOfTime:
    def test_half_the_time_warns(self):
        given(STARTED).when_due(50, now=at(12.1)).then(Warned(at(12), 50))

    def test_four_fifths_of_the_time_warn(self):
        given(STARTED).when_due(80, now=at(19.3)).then(Warned(at(19.2), 80))

    def test_of_two_late_warnings_only_the_later_is_told(self):
        given(STARTED).when_due(50, 80, now=at(21.6)).then(Warned(at(12), 50, collapsed=True), Warned(at(19.2), 80))

    def test_warnings_later_than_the_due_time_are_told_to_nobody(self):
        given(STARTED).when_due(50, 80, 100, now=at(25)).then(
            Warned(at(12), 50, collapsed=True), Warned(at(19.2), 80, collapsed=True), BREACHED
        )

    def test_the_due_time_breaches(self):
        given(STARTED).when_due(100, now=at(24)).then(BREACHED)

    def test_a_breach_on_less_than_all_that_was_written_is_provisional(self):
        given(STARTED).when_due(100, now=at(24.1), read=False).then(Breached(at(24), provisional=True))

    @pytest.mark.parametrize("end", [Fulfilled(at(5)), Cancelled(at(5), REMOVED)])
    def test_a_run_that_has_ended_gets_no_more_events(self, end):
        given(STARTED, end).when_due(50, 80, 100, now=at(30)).then()

    def test_a_breached_run_is_not_breached_again(self):
        given(STARTED, BREACHED).when_due(100, now=at(30)).then()

    def test_a_warning_that_was_past_when_we_came_to_know_is_not_planned(self):
        def planned(known_at):
            return [(stage.kind, stage.at) for stage in NEGATIVE.stages(at(0), known_at)]

        assert planned(at(13)) == [("warn:80", at(19.2)), ("breach", at(24))]
        assert planned(at(24)) == [("breach", at(25))]
        assert planned(at(0)) == [("warn:50", at(12)), ("warn:80", at(19.2)), ("breach", at(24))]


class TestTheFold:
    def test_a_log_that_does_not_begin_with_a_start_is_refused(self):
        with pytest.raises(ValueError, match="begins with Fulfilled"):
            folded(Fulfilled(PUBLISHED))

    def test_states(self):
        def state(*events):
            return folded(STARTED, *events).state

        assert state() == "running"
        assert state(Warned(at(12), 50)) == "running"
        assert state(Fulfilled(at(1))) == "fulfilled"
        assert state(Cancelled(at(1), REMOVED)) == "cancelled"
        assert state(BREACHED) == "breached"
        assert state(BREACHED, Fulfilled(at(30))) == "breached"
        assert state(BREACHED, Retracted(at(1), IN_TIME), Fulfilled(at(1))) == "fulfilled"

    def test_warnings_and_breaches_leave_the_generation_and_ends_raise_it(self):
        def generation(*events):
            return folded(STARTED, *events).generation

        assert generation() == generation(Warned(at(12), 50)) == generation(BREACHED) == 1
        assert generation(Fulfilled(at(1))) == generation(BREACHED, Cancelled(at(30), REMOVED)) == 2
