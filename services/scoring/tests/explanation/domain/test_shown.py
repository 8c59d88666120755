"""The digits that are shown of a change add up as it does."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from plaudit.scoring.explanation.domain.changes import (
    Change,
    apportioned,
    explain,
    shown,
)
from plaudit_testing.changes import priors, rounding_scale, sums_and_groups


@given(sums_and_groups(), priors)
def test_the_digits_that_are_shown_add_up(known, prior):
    begun, groups = known
    change = explain(begun, groups, prior)

    figures = shown(change)

    assert figures.before + figures.ageing + sum(figures.effects.values()) == figures.after
    tolerance = 1e-12 * rounding_scale(begun, groups, change) * 1000
    assert abs(figures.before - 1000 * change.before) <= 0.5 + 1e-9
    assert abs(figures.after - 1000 * change.after) <= 0.5 + tolerance
    assert abs(figures.ageing - 1000 * change.ageing) <= 1 + tolerance
    assert figures.effects.keys() == change.effects.keys()
    for key, effect in change.effects.items():
        assert abs(figures.effects[key] - 1000 * effect) <= 1 + tolerance
        assert effect or not figures.effects[key]


def test_thirds_of_a_thousandth_are_shown_so_that_they_add_up():
    third = 0.001 / 3
    change = Change(
        before=4.0, aged=4.0, after=4.001, mean_weight=8.0, effects={"a": third, "b": third * 1.5, "c": third / 2}
    )

    figures = shown(change)

    assert (figures.before, figures.ageing, figures.after) == (4000, 0, 4001)
    assert figures.effects == {"a": 0, "b": 1, "c": 0}


@given(st.lists(st.floats(-1e4, 1e4) | st.sampled_from([0.0, 1.0, -2.5]), min_size=1, max_size=12), st.integers(-3, 3))
@example([0.0, 1.0], 1)
@example([0.0], 1)
@example([0.0, 1.0], -1)
def test_whole_numbers_have_the_total_that_was_asked_for(parts, off):
    total = round(math.fsum(parts)) + off

    whole = apportioned(parts, total)

    assert sum(whole) == total
    if any(parts):
        assert all(part or not number for part, number in zip(parts, whole, strict=True))


@given(st.lists(st.integers(-1000, 1000), min_size=1))
def test_whole_parts_stay_as_they_are(parts):
    assert apportioned([float(part) for part in parts], sum(parts)) == parts


def test_the_largest_remainder_gets_what_is_left():
    assert apportioned([1.2, 2.7, 3.6, -0.5], 7) == [1, 3, 4, -1]
    assert apportioned([0.5, 0.5], 1) == [1, 0]
