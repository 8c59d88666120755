"""Figures of all reviews at an instant have intervals that hold them, and say nothing of none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.figures.domain.catalogue import STANDING, Figure
from plaudit.scoring.figures.domain.figures import Aged
from plaudit.scoring.figures.domain.standing import between_of, profile_of, standing
from plaudit.scoring.figures.domain.windows import NOTHING, Window
from plaudit.scoring.profiles.domain import DAY_US, LIFETIME
from plaudit.scoring.sums.domain.decay import Sums, unix_us
from plaudit.scoring.sums.domain.parts import Part
from plaudit.scoring.sums.domain.traits import TRAITS

AT_US = unix_us(datetime(2026, 3, 1, tzinfo=UTC))
ORGANIC = next(number for number, each in enumerate(TRAITS) if (each.kind, each.origin) == ("stars", "organic"))


def aged(newest: float, younger: float, median: float, older: float) -> Aged:
    at = [AT_US - round(days * DAY_US) for days in (newest, median, younger, older)]
    return Aged(at[0], 3, 2, 0.25, 1 + 1e-16, at[1], (at[2], at[3]))


def of(*stars: int) -> list[Part]:
    """So many organic reviews of one star, of two and so on, that never fade."""
    total = sum(star * n for star, n in enumerate(stars, start=1))
    sums = Sums._make([float(total), float(sum(stars)), *map(float, stars), *stars])
    return [Part(None, ORGANIC, 0, sums, AT_US)]


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (Figure.SCORE, (7 * 3.5 + 5 + 5 * 15) / (7 + 20)),
        (Figure.ORGANIC_SCORE, (7 * 3.5 + 5 + 5 * 15) / (7 + 20)),
        (Figure.EFFECTIVE, 20.0),
        (Figure.MEDIAN_AGE, 40.0),
        (Figure.OF_MONTH, 0.25),
        (Figure.OF_QUARTER, 1.0),
    ],
)
def test_a_figure_at_an_instant_has_an_interval_that_holds_it(figure: Figure, value: float) -> None:
    found = standing(figure, LIFETIME, of(5, 0, 0, 0, 15), AT_US, aged(2, 30, 40, 60))

    assert (found.n, found.value) == (20, pytest.approx(value))
    assert found.interval is not None
    assert found.interval.low <= value <= found.interval.high
    if figure is Figure.MEDIAN_AGE:
        assert found.interval == (30.0, 60.0)
    if figure is Figure.NEWEST_AGE:
        assert found.interval == pytest.approx((0.5422, 78.996), rel=1e-3)


@pytest.mark.parametrize("figure", sorted(STANDING))
def test_there_is_no_figure_without_reviews(figure: Figure) -> None:
    assert standing(figure, LIFETIME, [], AT_US, None) == NOTHING
    assert standing(figure, LIFETIME, of(0, 0, 0, 0, 0), AT_US, None) == NOTHING


def test_the_organic_score_is_read_by_organic_reviews_alone() -> None:
    assert profile_of(Figure.ORGANIC_SCORE, LIFETIME).origins == {"organic"}
    assert profile_of(Figure.SCORE, LIFETIME) == LIFETIME


@given(st.floats(1, 1e7))
def test_the_more_reviews_count_the_closer_the_middle_is_known(effective: float) -> None:
    low, high = between_of(effective)
    less_low, more_high = between_of(2 * effective)

    assert 0 <= low <= less_low <= 0.5 <= more_high <= high <= 1


def test_the_age_of_the_newest_review_is_known_exactly() -> None:
    found = standing(Figure.NEWEST_AGE, LIFETIME, of(5, 0, 0, 0, 15), AT_US, aged(2, 30, 40, 60))

    assert found == Window(20, 2.0, None)
