"""What changed around a marker, as values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.markers.domain.effect import Change, Figure, Verdict, change, in_words, window, windows

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
RATINGS = st.dictionaries(st.sampled_from([1.0, 2.0, 3.5, 4.0, 5.0]), st.integers(1, 50), max_size=5)


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
    ],
)
def test_a_figure_is_that_of_its_reviews(figure: Figure, value: float) -> None:
    found = window(figure, {1.0: 3, 2.0: 1, 3.0: 1, 4.0: 3, 5.0: 2})

    assert (found.n, found.value) == (10, pytest.approx(value))
    assert found.interval is not None
    assert found.interval.holds(value)


@pytest.mark.parametrize(("figure", "scale"), [(Figure.MEAN, (1, 5)), (Figure.CES, (1, 7))])
def test_the_interval_of_few_reviews_stays_on_the_scale(figure: Figure, scale: tuple[float, float]) -> None:
    assert window(figure, {1.0: 1, 5.0: 1}).interval == scale


def test_a_clear_rise_is_measurable_and_a_fall_is_its_mirror() -> None:
    bad, good = {1.0: 30, 4.0: 10}, {2.0: 5, 5.0: 35}

    rise, fall = change(Figure.MEAN, bad, good), change(Figure.MEAN, good, bad)

    assert (rise.verdict, fall.verdict) == (Verdict.ROSE, Verdict.FELL)
    assert rise.difference == pytest.approx(4.625 - 1.75)
    assert rise.interval is not None
    assert fall.interval == pytest.approx((-rise.interval.high, -rise.interval.low))


@pytest.mark.parametrize("figure", Figure)
def test_the_same_reviews_are_no_change(figure: Figure) -> None:
    ratings = {1.0: 10, 3.0: 5, 5.0: 20}

    found = change(figure, ratings, ratings)

    assert (found.verdict, found.difference) == (Verdict.UNCHANGED, pytest.approx(0))


@pytest.mark.parametrize("figure", Figure)
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


@given(st.sampled_from(Figure), RATINGS, RATINGS)
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
        "30 days after: with a confidence of 95 % by +2.3"
    )
    assert told(Figure.NEGATIVE, bad, good).startswith(
        "The share of one and two stars fell measurably, from 75 % of 40"
    )
    assert told(Figure.CSAT, bad, good) == (
        "The share of satisfied customers rose measurably, from 25 % of 40 reviews in the 30 days before “Refunds” to "
        "88 % of 40 in the 30 days after: with a confidence of 95 % by +42 points to +75 points."
    )
    assert told(Figure.MEAN, bad, bad).startswith("No measurable change of the mean rating: from 1.75 of 40 reviews")
    assert told(Figure.MEAN, bad, {}) == (
        "Too few reviews to tell whether the mean rating changed: 40 in the 30 days before “Refunds”, 0 in the 30 days "
        "after; each needs at least 5."
    )


def test_what_is_to_come_has_not_happened() -> None:
    spanned = windows(AT, 30, AT - timedelta(days=1))

    assert in_words("Refunds", Figure.MEAN, change(Figure.MEAN, {}, {}), spanned) == "“Refunds” has not happened yet."
