"""What is told of where a score goes, with the reviews that are expected."""

from datetime import timedelta

import pytest

from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, TRUST
from plaudit.scoring.projection.domain.outlook import PACE_DAYS, Arrived, Outlook, Wanted, outlook
from plaudit.scoring.sums.domain.decay import EPOCH
from plaudit.scoring.sums.domain.parts import merge_for, parts_for
from plaudit.scoring.sums.domain.traits import NUMBERS
from plaudit_testing.scored import MOMENT_US, kept, kept_parts, scored

NOW = EPOCH + timedelta(microseconds=MOMENT_US)
ORGANIC = NUMBERS["stars", "organic", True]
LATELY = [Arrived("s", ORGANIC, 18, 18 * 4.0)]


def told(*ratings: float, lately: list[Arrived] | None = None, profile=TRUST, **wanted) -> Outlook:
    parts = kept_parts(kept(*((None, scored(each)) for each in ratings)))
    merged = merge_for(profile, parts_for(parts, profile.half_life_us))
    return outlook(profile, merged, MOMENT_US, LATELY if lately is None else lately, NOW, Wanted(**wanted))


@pytest.mark.parametrize(
    ("lately", "wanted", "expected"),
    [
        (LATELY, {}, (18 / PACE_DAYS, 4.0)),
        (LATELY, {"per_day": 3.0}, (3.0, 4.0)),
        (LATELY, {"rating": 2.5}, (18 / PACE_DAYS, 2.5)),
        (LATELY, {"per_day": 3.0, "rating": 2.5}, (3.0, 2.5)),
        ([], {"per_day": 3.0, "rating": 2.5}, (3.0, 2.5)),
        ([], {"per_day": 3.0}, None),
        ([], {"rating": 2.5}, None),
        ([], {}, None),
    ],
)
def test_what_is_not_said_of_the_reviews_that_are_expected_is_as_it_was_lately(lately, wanted, expected) -> None:
    found = told(5.0, 5.0, lately=lately, **wanted)

    assert (found.expected and (found.expected.per_day, found.expected.rating)) == expected
    assert (found.at_pace is None) is (expected is None)
    assert found.pace == (told(5.0, 5.0, lately=lately).pace)


def test_a_pace_that_is_asked_for_reaches_a_target_as_soon_as_it_brings_the_reviews_that_are_needed() -> None:
    [five, *_] = told(3.0, 3.0, lately=[], profile=LIFETIME, target=4.5, per_day=2.0).target.takes

    # (7 * 3.5 + 6 + 5n) / (9 + n) >= 4.5
    assert (five.now, five.at_pace.reviews) == (20, 20)
    assert five.at_pace.at_us - MOMENT_US == 10 * DAY_US


def test_the_course_of_a_way_begins_with_the_score_of_now_and_goes_on_for_a_year_to_those_that_are_told() -> None:
    found = told(5.0, 5.0, 1.0)

    for way in (found.idle, found.at_pace):
        days = [(at - NOW).days for at, _ in way.course]
        assert (way.course[0], days[1], days[-1]) == ((NOW, pytest.approx(found.score)), 7, 365)
        assert way.course[-1] == way.scores[-1]
        scores = [score for _, score in way.course]
        assert scores in (sorted(scores), sorted(scores, reverse=True))


def test_a_pace_that_is_too_slow_for_the_date_reaches_nothing() -> None:
    by = NOW + timedelta(days=9)

    [five, *_] = told(3.0, 3.0, profile=LIFETIME, target=4.5, per_day=2.0, by=by).target.takes

    assert (five.now, five.at_pace, five.per_day) == (20, None, pytest.approx(20 / 9))


@pytest.mark.parametrize(
    ("target", "ratings"), [(4.5, [5, 4]), (3.0, [5, 4]), (2.9, [5, 4, 3]), (2.0, [5, 4, 3]), (1.5, [5, 4, 3, 2])]
)
def test_reviews_of_fewer_stars_are_told_where_they_are_above_the_target(target: float, ratings: list[int]) -> None:
    takes = told(*[1.0] * 40, target=target).target.takes

    assert [each.rating for each in takes] == ratings
    assert all(each.now is not None for each in takes if each.rating > target)


def test_it_is_told_when_a_score_falls_below_a_target_and_when_it_reaches_one() -> None:
    falling, rising = told(*[5.0] * 40, target=4.5, per_day=0.001), told(*[1.0] * 40, target=3.0)

    for way in (falling.idle, falling.at_pace):
        assert way.reaches_target_at is None
        assert way.falls_below_target_at > NOW
    assert rising.idle.falls_below_target_at is None
    assert rising.idle.reaches_target_at > NOW
    # (N * V + A d) / (N + B d) = 4.5 at d = 7 / 20
    fell = falling.idle.falls_below_target_at - NOW
    assert fell / timedelta(days=182.5) == pytest.approx(1.5145731728, rel=1e-9)
