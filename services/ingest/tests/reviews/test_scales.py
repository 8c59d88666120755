"""Ratings of every scale on 1 to 5."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.ingest.reviews.domain.scales import (
    CACHED_RATINGS,
    DEFAULT_SCALES,
    STARS_SCALE,
    OffScaleError,
    Scale,
    _rate,
    rate,
    raw_rating,
    star_of,
    to_stars,
)
from plaudit.ingest.reviews.domain.state import Kind, RawRating, Severity
from plaudit.ingest.sorting.domain.severity import by_stars

bounds = st.integers(-1_000_000, 1_000_000)
scales = st.tuples(bounds, bounds).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: Scale(*map(float, ends)))
kinds = st.sampled_from([Kind.STARS, Kind.NPS, Kind.CSAT, Kind.CES])


@pytest.mark.parametrize(
    ("kind", "value", "stars"),
    [
        (Kind.STARS, 1, 1),
        (Kind.STARS, 4.3, 4.3),
        (Kind.NPS, 0, 1),
        (Kind.NPS, 5, 3),
        (Kind.NPS, 9, 4.6),
        (Kind.NPS, 10, 5),
        (Kind.CSAT, 2, 2),
        (Kind.CES, 1, 1),
        (Kind.CES, 7, 5),
        (Kind.THUMBS, 0, 1),
        (Kind.THUMBS, 1, 5),
    ],
)
def test_each_kind_has_a_scale_of_its_own(kind, value, stars):
    assert to_stars(value, DEFAULT_SCALES[kind], kind) == pytest.approx(stars, abs=1e-12)


def test_every_kind_has_a_default():
    assert set(DEFAULT_SCALES) == set(Kind)


@given(scale=scales, share=st.fractions(0, 1), kind=kinds)
def test_a_value_lands_where_exact_arithmetic_puts_it(scale, share, kind):
    value = float(Fraction(scale.min) + share * (Fraction(scale.max) - Fraction(scale.min)))
    exact = 1 + 4 * (Fraction(value) - Fraction(scale.min)) / (Fraction(scale.max) - Fraction(scale.min))
    stars = to_stars(value, scale, kind)
    assert stars == pytest.approx(float(exact), abs=1e-9)
    assert 1 <= stars <= 5


@given(scale=scales, kind=kinds)
def test_the_ends_of_a_scale_are_exactly_one_and_five(scale, kind):
    assert (to_stars(scale.min, scale, kind), to_stars(scale.max, scale, kind)) == (1, 5)


@given(st.floats(1, 5))
def test_stars_stay_what_they_are_to_the_last_bit(value):
    assert to_stars(value, STARS_SCALE, Kind.STARS) == value


@given(scale=scales, kind=kinds, beyond=st.floats(min_value=1e-6, allow_infinity=True))
def test_a_value_off_its_scale_is_refused(scale, kind, beyond):
    for value in (scale.max + beyond, scale.min - beyond, math.nan):
        with pytest.raises(OffScaleError, match="off its scale"):
            to_stars(value, scale, kind)


@pytest.mark.parametrize(
    "scale",
    [
        Scale(1, 1),
        Scale(5, 1),
        Scale(math.nan, 5),
        Scale(1, math.nan),
        Scale(0, math.inf),
        Scale(-1e7, 0),
        Scale(0, 1e300),
    ],
)
def test_what_is_no_scale_is_refused(scale):
    with pytest.raises(OffScaleError, match="is none"):
        to_stars(1, scale, Kind.STARS)


@pytest.mark.parametrize("value", [0.5, 0.999])
def test_a_thumb_is_up_or_down(value):
    with pytest.raises(OffScaleError, match="thumb"):
        to_stars(value, DEFAULT_SCALES[Kind.THUMBS], Kind.THUMBS)


def test_the_raw_value_keeps_its_scale():
    assert raw_rating(7, Scale(0, 10)) == RawRating(value=7, min=0, max=10)


@pytest.mark.parametrize(("rating", "star"), [(1, 1), (1.49, 1), (1.5, 2), (2.49, 2), (2.5, 3), (4.5, 5), (5, 5)])
def test_halves_count_under_the_upper_star(rating, star):
    assert star_of(rating) == star


@given(st.floats(1, 5))
def test_just_one_and_two_stars_are_negative(rating):
    assert by_stars(rating) is (Severity.NEGATIVE if star_of(rating) in {1, 2} else Severity.NORMAL)


@given(scale=scales, share=st.floats(0, 1), kind=st.sampled_from(Kind))
def test_a_rating_is_rated_by_the_rules_for_its_parts(scale, share, kind):
    value = min(scale.min + share * (scale.max - scale.min), scale.max)
    if kind is Kind.THUMBS:
        value = scale.max if share > 0.5 else scale.min
    rated = rate(value, scale, kind)
    assert rated.stars == to_stars(value, scale, kind)
    assert rated.raw == raw_rating(value, scale)


def test_equal_ratings_share_what_follows_from_them():
    assert rate(4.0, Scale(1.0, 5.0), Kind.STARS) is rate(4.0, Scale(1.0, 5.0), Kind.STARS)


def test_the_same_value_of_another_kind_is_rated_anew():
    assert rate(0.5, Scale(0.0, 1.0), Kind.NPS).stars == 3
    with pytest.raises(OffScaleError, match="thumb"):
        rate(0.5, Scale(0.0, 1.0), Kind.THUMBS)


def test_the_sign_of_a_zero_does_not_depend_on_what_was_rated_before():
    for first, second in ((0.0, -0.0), (-0.0, 0.0)):
        _rate.cache_clear()
        for value in (first, second):
            raw = rate(value, Scale(value, 10.0), Kind.NPS).raw
            assert (math.copysign(1, raw.value), math.copysign(1, raw.min)) == (1, 1)


def test_no_more_ratings_are_kept_than_are_common():
    for number in range(2 * CACHED_RATINGS):
        rate(number / CACHED_RATINGS, Scale(0.0, 10.0), Kind.NPS)
    assert _rate.cache_info().currsize == CACHED_RATINGS
