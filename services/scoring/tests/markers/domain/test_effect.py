"""What changed around a marker, as values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.statistics.intervals import Interval
from plaudit.scoring.figures.domain.catalogue import OF_RATINGS as FIGURES_OF_RATINGS
from plaudit.scoring.figures.domain.catalogue import Figure
from plaudit.scoring.figures.domain.windows import NOTHING, Observed, Ratings, Window, window
from plaudit.scoring.markers.domain import effect
from plaudit.scoring.markers.domain.effect import (
    Change,
    Verdict,
    change_of_newest_age,
    change_of_pace,
    change_of_pace_since,
    change_of_shares,
    change_of_windows,
    in_words,
    of_words,
    windows,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
OF_RATINGS = sorted(FIGURES_OF_RATINGS - {Figure.PACE})
DAYS = 30.0
RATINGS = st.dictionaries(st.sampled_from([1.0, 2.0, 3.5, 4.0, 5.0]), st.integers(1, 50), max_size=5)


def change(figure: Figure, before: Ratings, after: Ratings) -> Change:
    return effect.change(figure, before, after, DAYS)


@pytest.mark.parametrize(
    ("since", "length"),
    [(timedelta(days=90), 30), (timedelta(days=30), 30), (timedelta(days=4), 4), (-timedelta(days=4), 0)],
)
def test_windows_are_equal_and_as_long_as_there_was_time(since: timedelta, length: int) -> None:
    found = windows(AT, 30, AT + since)

    assert (found.at - found.start, found.end - found.at, found.days) == (*(timedelta(days=length),) * 2, length)


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (Figure.MEAN, 3.0),
        (Figure.POSITIVE, 0.5),
        (Figure.NEGATIVE, 0.4),
        (Figure.NPS, 100 * (0.2 - 0.5)),
        (Figure.CSAT, 50.0),
        (Figure.CES, 1 + 2.0 * 1.5),
        (Figure.PACE, 10 / 30),
    ],
)
def test_a_figure_is_that_of_its_reviews(figure: Figure, value: float) -> None:
    found = window(figure, {1.0: 3, 2.0: 1, 3.0: 1, 4.0: 3, 5.0: 2}, DAYS)

    assert (found.n, found.value) == (10, pytest.approx(value))
    assert found.interval is not None
    assert found.interval.holds(value)


@pytest.mark.parametrize(("figure", "scale"), [(Figure.MEAN, (1, 5)), (Figure.CES, (1, 7))])
def test_the_interval_of_few_reviews_stays_on_the_scale(figure: Figure, scale: tuple[float, float]) -> None:
    assert window(figure, {1.0: 1, 5.0: 1}, DAYS).interval == scale


def test_a_clear_rise_is_measurable_and_a_fall_is_its_mirror() -> None:
    bad, good = {1.0: 30, 4.0: 10}, {2.0: 5, 5.0: 35}

    rise, fall = change(Figure.MEAN, bad, good), change(Figure.MEAN, good, bad)

    assert (rise.verdict, fall.verdict) == (Verdict.ROSE, Verdict.FELL)
    assert rise.difference == pytest.approx(4.625 - 1.75)
    assert rise.interval is not None
    assert fall.interval == pytest.approx((-rise.interval.high, -rise.interval.low))


@pytest.mark.parametrize("figure", OF_RATINGS)
def test_the_same_reviews_are_no_change(figure: Figure) -> None:
    ratings = {1.0: 10, 3.0: 5, 5.0: 20}

    found = change(figure, ratings, ratings)

    assert (found.verdict, found.difference) == (Verdict.UNCHANGED, pytest.approx(0))


@pytest.mark.parametrize("figure", OF_RATINGS)
@pytest.mark.parametrize("after", [{}, {5.0: 1}, {5.0: 4}])
def test_few_reviews_do_not_tell(figure: Figure, after: dict[float, int]) -> None:
    assert change(figure, {1.0: 50}, after).verdict is Verdict.TOO_FEW


@pytest.mark.parametrize("figure", [Figure.MEAN, Figure.NPS, Figure.CES])
def test_few_equal_reviews_are_no_proof_that_reviews_never_differ(figure: Figure) -> None:
    """Of reviews of which nine in ten have five stars, more than half of all fives have nothing else."""
    few, many = {5.0: 5}, {5.0: 900, 1.0: 100}

    assert change(figure, few, many).verdict is Verdict.UNCHANGED
    assert change(figure, many, few).verdict is Verdict.UNCHANGED
    assert change(figure, {5.0: 500}, many).verdict is Verdict.FELL


@pytest.mark.parametrize("figure", [Figure.MEAN, Figure.CES])
@given(st.floats(1.05, 4.95), st.integers(5, 60), st.integers(5, 60))
def test_equal_reviews_before_and_after_are_no_change_whatever_rounding_makes_of_their_means(
    figure: Figure, rating: float, before: int, after: int
) -> None:
    assert change(figure, {rating: before}, {rating: after}).verdict is Verdict.UNCHANGED


@pytest.mark.parametrize("figure", [Figure.MEAN, Figure.CES])
def test_reviews_that_differ_in_the_last_bit_are_equal(figure: Figure) -> None:
    """3.3 of 10 and 33 of 100 are 2.32 stars and 2.3200000000000003."""
    of_two_scales = {2.32: 3, 2.3200000000000003: 2}

    assert change(figure, of_two_scales, {2.4: 5}).verdict is Verdict.UNCHANGED
    between, alone = (window(figure, each, 30).interval for each in (of_two_scales, {2.32: 5}))
    assert between == pytest.approx(alone)


def test_many_equal_reviews_tell_a_step() -> None:
    assert change(Figure.MEAN, {5.0: 40}, {4.0: 40}).verdict is Verdict.FELL
    assert change(Figure.NPS, {5.0: 40}, {4.0: 40}).verdict is Verdict.FELL


@given(st.sampled_from(OF_RATINGS), RATINGS, RATINGS)
def test_the_interval_holds_the_difference_and_decides(
    figure: Figure, before: dict[float, int], after: dict[float, int]
) -> None:
    found = change(figure, before, after)

    if found.interval is None or found.difference is None:
        assert found.verdict is Verdict.TOO_FEW
        return
    assert found.interval.low - 1e-9 <= found.difference <= found.interval.high + 1e-9
    if found.verdict is Verdict.UNCHANGED:
        assert found.interval.holds(0)
    if found.verdict in {Verdict.ROSE, Verdict.FELL}:
        assert not found.interval.holds(0)


def test_csat_is_the_share_of_four_and_five_in_percent() -> None:
    before, after = {1.0: 30, 4.0: 10}, {2.0: 5, 5.0: 35}

    share, percent = change(Figure.POSITIVE, before, after), change(Figure.CSAT, before, after)

    def numbers(of: Change) -> list[float]:
        intervals = (of.before.interval, of.after.interval, of.interval)
        assert None not in (of.before.value, of.after.value, of.difference, *intervals)
        bounds = (bound for each in intervals for bound in each or ())
        values = (of.before.value, of.after.value, of.difference, *bounds)
        return [value for value in values if value is not None]

    assert numbers(percent) == pytest.approx([100 * each for each in numbers(share)])
    assert (percent.before.value, percent.after.value, percent.verdict) == (25.0, 87.5, share.verdict)


def test_the_change_has_words() -> None:
    spanned = windows(AT, 30, AT + timedelta(days=60))
    bad, good = {1.0: 30, 4.0: 10}, {2.0: 5, 5.0: 35}

    def told(figure: Figure, before: dict[float, int], after: dict[float, int]) -> str:
        return in_words("Refunds", figure, change(figure, before, after), spanned)

    assert told(Figure.MEAN, bad, good).startswith(
        "The mean rating rose measurably, from 1.75 of 40 reviews in the 30 days before “Refunds” to 4.62 of 40 in the "
        "30 days after: with a confidence of 95 % by 2.3"
    )
    assert told(Figure.NEGATIVE, bad, good).startswith(
        "The share of one and two stars fell measurably, from 75 % of 40"
    )
    assert told(Figure.CSAT, bad, good) == (
        "The share of satisfied customers rose measurably, from 25 % of 40 reviews in the 30 days before “Refunds” to "
        "88 % of 40 in the 30 days after: with a confidence of 95 % by 42 points to 75 points."
    )
    assert told(Figure.CES, bad, good).startswith("The CES (7 is very easy) rose measurably, from 2.12 of 40 reviews")
    assert told(Figure.MEAN, bad, bad).startswith("No measurable change of the mean rating: from 1.75 of 40 reviews")
    assert told(Figure.MEAN, bad, {}) == (
        "Too few reviews to tell whether the mean rating changed: 40 in the 30 days before “Refunds”, 0 in the 30 days "
        "after; each needs at least 5."
    )


@pytest.mark.parametrize(
    ("since", "words"),
    [
        *((timedelta(seconds=20), "minute"), (timedelta(minutes=20), "20 minutes"), (timedelta(hours=1), "60 minutes")),
        *((timedelta(hours=47.9), "47 hours"), (timedelta(days=2), "2 days"), (timedelta(days=90), "30 days")),
    ],
)
def test_windows_have_the_unit_that_says_enough(since: timedelta, words: str) -> None:
    told = in_words("Refunds", Figure.MEAN, change(Figure.MEAN, {}, {}), windows(AT, 30, AT + since))

    assert f"0 in the {words} before “Refunds”, 0 in the {words} after" in told


def test_no_figure_says_more_than_it_is() -> None:
    spanned = windows(AT, 30, AT + timedelta(days=60))

    def told(figure: Figure, before: dict[float, int], after: dict[float, int]) -> str:
        return in_words("Refunds", figure, change(figure, before, after), spanned)

    assert "from > 99 % of 250 reviews" in told(Figure.POSITIVE, {5.0: 249, 1.0: 1}, {5.0: 250})
    assert "to 100 % of 250" in told(Figure.CSAT, {5.0: 249, 1.0: 1}, {5.0: 250})
    assert "< 1 %" in told(Figure.NEGATIVE, {5.0: 249, 1.0: 1}, {5.0: 250})
    assert "from 0 of 2,001 reviews" in told(Figure.NPS, {5.0: 1_000, 1.0: 1_001}, {5.0: 10, 1.0: 9})
    assert "−0" not in told(Figure.NPS, {5.0: 1_000, 1.0: 1_001}, {5.0: 10, 1.0: 9})


def test_what_is_to_come_has_not_happened() -> None:
    spanned = windows(AT, 30, AT - timedelta(days=1))

    assert in_words("Refunds", Figure.MEAN, change(Figure.MEAN, {}, {}), spanned) == "“Refunds” has not happened yet."


def test_more_reviews_a_day_are_measurable_and_fewer_are_their_mirror() -> None:
    more, less = change_of_pace(30, 75, 30.0), change_of_pace(75, 30, 30.0)

    assert (more.before.value, more.after.value, more.difference) == (1.0, 2.5, 1.5)
    assert (more.before.n, more.after.n, more.verdict, less.verdict) == (30, 75, Verdict.ROSE, Verdict.FELL)
    assert more.interval is not None
    assert less.interval == pytest.approx((-more.interval.high, -more.interval.low))
    assert more.before.interval == pytest.approx((0.675, 1.428), abs=0.001)


@pytest.mark.parametrize(
    ("before", "after", "days", "verdict"),
    [
        (30, 33, 30.0, Verdict.UNCHANGED),
        (0, 40, 30.0, Verdict.ROSE),
        (40, 0, 30.0, Verdict.FELL),
        (2, 2, 30.0, Verdict.TOO_FEW),
        (0, 0, 30.0, Verdict.TOO_FEW),
        (0, 0, 0.0, Verdict.TOO_FEW),
    ],
)
def test_none_before_tells_something_where_many_came_after(
    before: int, after: int, days: float, verdict: Verdict
) -> None:
    assert change_of_pace(before, after, days).verdict is verdict


def test_a_share_is_as_sure_as_the_reviews_that_it_is_worth() -> None:
    sure, unsure = (change_of_shares(Observed(90, 0.2, n), Observed(90, 0.5, n)) for n in (90.0, 9.0))

    assert (sure.verdict, unsure.verdict) == (Verdict.ROSE, Verdict.UNCHANGED)
    assert (sure.before.n, sure.difference, unsure.difference) == (90, pytest.approx(0.3), pytest.approx(0.3))
    nobody = change_of_shares(Observed(90, 0.2, 90), Observed(3, 1.0, 0.0))
    assert (nobody.after.n, nobody.after.value, nobody.verdict) == (3, None, Verdict.TOO_FEW)


def test_what_fell_is_said_to_fall_by_so_much_without_a_second_sign() -> None:
    spanned = windows(AT, 30, AT + timedelta(days=60))
    bad, good = {1.0: 30, 4.0: 10}, {2.0: 5, 5.0: 35}

    fell = in_words("Refunds", Figure.CSAT, change(Figure.CSAT, good, bad), spanned)

    assert fell.endswith("25 % of 40 in the 30 days after: with a confidence of 95 % by 42 points to 75 points.")


def test_how_many_come_and_how_they_are_answered_has_words() -> None:
    spanned = windows(AT, 30, AT + timedelta(days=60))

    pace = in_words("Refunds", Figure.PACE, change_of_pace(30, 75, 30.0), spanned)
    answered = change_of_shares(Observed(40, 0.25, 40), Observed(50, 0.75, 50))

    assert pace.startswith(
        "The number of reviews rose measurably, from 1.00 a day, with 30 reviews in the 30 days before “Refunds” to "
        "2.50 a day, with 75 in the 30 days after: with a confidence of 95 % by "
    )
    assert in_words("Refunds", Figure.ANSWERED, answered, spanned).startswith(
        "The share of answered reviews rose measurably, from 25 % of 40 reviews in the 30 days before “Refunds” to "
        "75 % of 50 in the 30 days after: with a confidence of 95 % by "
    )
    assert in_words("Refunds", Figure.PACE, change_of_pace(1, 2, 30.0), spanned).endswith(
        "1 in the 30 days before “Refunds”, 2 in the 30 days after; they need at least 5."
    )


def test_positive_reviews_for_each_negative_one_are_of_both_kinds_alone() -> None:
    found = window(Figure.RATIO, {1.0: 3, 2.0: 1, 3.0: 9, 4.0: 3, 5.0: 5}, DAYS)

    assert (found.n, found.value) == (12, 2.0)
    assert found.interval is not None
    assert found.interval.holds(2.0)
    assert window(Figure.RATIO, {3.0: 5, 5.0: 5}, DAYS) == Window(5, None, None)
    assert window(Figure.RATIO, {3.0: 5}, DAYS) == Window(0, None, None)
    assert change(Figure.RATIO, {1.0: 40, 5.0: 20}, {1.0: 10, 5.0: 200}).verdict is Verdict.ROSE
    assert change(Figure.RATIO, {1.0: 40, 5.0: 20}, {5.0: 200}).verdict is Verdict.TOO_FEW


def test_a_figure_with_intervals_of_its_own_is_compared_by_them() -> None:
    low, high = Window(50, 2.0, Interval(1.5, 3.0)), Window(60, 6.0, Interval(5.0, 8.0))

    rise, fall = change_of_windows(low, high), change_of_windows(high, low)

    assert (rise.difference, rise.verdict, fall.verdict) == (4.0, Verdict.ROSE, Verdict.FELL)
    assert rise.interval == pytest.approx((4 - 2**0.5, 4 + 4.25**0.5))
    assert change_of_windows(low, Window(60, 6.0, None)).verdict is Verdict.TOO_FEW
    assert change_of_windows(low, Window(4, 6.0, Interval(5.0, 8.0))).verdict is Verdict.TOO_FEW


def test_what_stood_at_two_instants_and_times_have_words() -> None:
    spanned = windows(AT, 30, AT + timedelta(days=60))
    shorter = change_of_windows(
        Window(50, 7_200.0, Interval(3_600.0, 9_000.0)), Window(60, 600.0, Interval(500.0, 700.0))
    )
    fresher = change_of_windows(Window(50, 90.0, Interval(80, 95)), Window(60, 40.25, Interval(39, 42)))
    unsure = change_of_windows(Window(50, 7_200.0, Interval(3_600.0, 9_000.0)), Window(60, None, None))

    assert in_words("Refunds", Figure.ANSWER_TIME, shorter, spanned).startswith(
        "The time within which half of the reviews are answered fell measurably, from 2.0 hours of 50 reviews in the "
        "30 days before “Refunds” to 10.0 minutes of 60 in the 30 days after: with a confidence of 95 % by "
    )
    assert in_words("Refunds", Figure.MEDIAN_AGE, fresher, spanned).startswith(
        "The median age of the weight fell measurably, from 90.0 days of 50 reviews just before “Refunds” to 40.2 days "
        "of 60 reviews 30 days later: with a confidence of 95 % by 39.6 days to 54.9 days."
    )
    assert in_words("Refunds", Figure.ANSWER_TIME, unsure, spanned).endswith(
        "in each so many must be answered that this time is known within bounds."
    )


@pytest.mark.parametrize(
    ("figure", "before", "after", "values"),
    [
        (Figure.CSAT, {5.0: 7, 1.0: 93}, {5.0: 57, 1.0: 43}, (7.0, 57.0, 50.0)),
        (Figure.CES, {1 + 4 * (5 / 6): 3}, {3.0: 3}, (6.0, 4.0, -2.0)),
        (Figure.CES, {1 + 4 * (3 / 6): 4, 1 + 4 * (4 / 6): 1}, {1 + 4 * (4 / 6): 2, 3.0: 3}, (4.2, 4.4, 0.2)),
        (Figure.NPS, {5.0: 14, 1.0: 7, 4.0: 79}, {5.0: 14, 4.0: 86}, (7.0, 14.0, 7.0)),
        (Figure.MEAN, {4.1: 3}, {4.4: 3}, (4.1, 4.4, 0.3)),
    ],
)
def test_figures_and_their_difference_read_as_their_scale_has_them(
    figure: Figure, before: Ratings, after: Ratings, values: tuple[float, float, float]
) -> None:
    found = change(figure, before, after)

    assert (found.before.value, found.after.value, found.difference) == values


SPANNED = windows(AT, 30, AT + timedelta(days=60))


def test_days_before_the_first_review_are_not_days_without_reviews() -> None:
    found = change_of_pace_since(10, 30, SPANNED, AT - timedelta(days=10))

    assert (found.before.value, found.after.value, found.verdict) == (1.0, 1.0, Verdict.UNCHANGED)
    assert change_of_pace_since(10, 30, SPANNED, SPANNED.start).verdict is Verdict.ROSE, "there were days without"
    assert found.counted_since == AT - timedelta(days=10)
    assert in_words("Refunds", Figure.PACE, found, SPANNED).startswith(
        "No measurable change of the number of reviews: from 1.00 a day, with 10 reviews in the 10 days between the "
        "first review and “Refunds” to 1.00 a day, with 30 in the 30 days after; with a confidence of 95 % it moved by "
    )


def test_a_first_review_shortly_before_tells_of_a_day_at_least_and_not_that_many_came() -> None:
    found = change_of_pace_since(1, 30, SPANNED, AT - timedelta(minutes=10))

    assert (found.before.value, found.counted_since) == (1.0, AT - timedelta(days=1))
    assert found.before.interval is not None
    assert found.before.interval.low == 0, "it was rated because the time was taken from it"
    assert found.verdict is Verdict.UNCHANGED
    assert "from 1.00 a day, with 1 review in the 24 hours between" in in_words("R", Figure.PACE, found, SPANNED)


@pytest.mark.parametrize("rated_since", [None, AT, AT + timedelta(days=3)])
def test_where_no_review_came_before_nobody_can_tell_whether_more_come(rated_since: datetime | None) -> None:
    found = change_of_pace_since(0, 40, SPANNED, rated_since)

    assert (found.before, found.verdict) == (NOTHING, Verdict.TOO_FEW)
    assert in_words("Refunds", Figure.PACE, found, SPANNED) == (
        "Nobody can tell whether the number of reviews changed: no review is from before “Refunds”, 40 came in the 30 "
        "days after."
    )


def test_windows_that_are_shorter_than_a_day_are_no_longer_than_they_are() -> None:
    spanned = windows(AT, 30, AT + timedelta(hours=12))

    assert change_of_pace_since(6, 6, spanned, AT - timedelta(hours=3)).difference == 0
    assert change_of_pace_since(6, 6, windows(AT, 30, AT), AT).verdict is Verdict.TOO_FEW


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (2.0, 77.9, Verdict.UNCHANGED),
        (2.0, 78.1, Verdict.ROSE),
        (78.1, 2.0, Verdict.FELL),
        (0.0, 0.2, Verdict.UNCHANGED),  # a clock may be minutes ahead
    ],
)
def test_of_two_waits_at_one_pace_one_is_39_times_the_other_in_one_of_twenty_cases(
    before: float, after: float, verdict: Verdict
) -> None:
    found = change_of_newest_age(Window(20, before, None), Window(25, after, None))

    assert (found.verdict, found.interval) == (verdict, None)
    assert found.difference == pytest.approx(after - before)
    assert change_of_newest_age(Window(20, before, None), NOTHING).verdict is Verdict.TOO_FEW
    assert change_of_newest_age(Window(4, before, None), Window(5, after, None)).verdict is Verdict.TOO_FEW


def test_the_age_of_the_newest_review_is_told_without_limits_that_say_nothing() -> None:
    def told(before: Window, after: Window) -> str:
        return in_words("Refunds", Figure.NEWEST_AGE, change_of_newest_age(before, after), SPANNED)

    assert told(Window(20, 2.0, None), Window(25, 5.0, None)) == (
        "No measurable change of the age of the newest review: from 2.0 days just before “Refunds” to 5.0 days 30 days "
        "later; at one pace of reviews, 19 of 20 times no age is 39 times another."
    )
    assert told(Window(1, 2.0, None), Window(2, 5.0, None)) == (
        "Too few reviews to tell whether the age of the newest review changed: 1 review just before “Refunds”, "
        "2 reviews 30 days later; each needs at least 5."
    )


@pytest.mark.parametrize(
    ("source", "origin", "words"),
    [
        (None, None, ""),
        ("Acme shop", None, "reviews from “Acme shop”"),
        (None, "organic", "organic reviews"),
        ("Acme shop", "invited", "invited reviews from “Acme shop”"),
    ],
)
def test_a_sentence_names_the_source_and_the_origin_that_it_is_of(
    source: str | None, origin: str | None, words: str
) -> None:
    of = of_words(source, origin)

    told = in_words("Refunds", Figure.MEAN, change(Figure.MEAN, {}, {}), SPANNED, of)

    assert of == words
    assert told.endswith(f" This is of {words} alone." if words else "each needs at least 5.")
