"""What is published of a subject, and when its stars change next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log2

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plaudit.scoring.figures.domain.figures import figures_of
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.profiles.domain import BUILT_IN, DAY_US, LIFETIME, RECENT, TRUST, Profile
from plaudit.scoring.publishing.domain import (
    MAX_STEP_BACK,
    MIN_INTERVAL,
    NO_SUMS,
    Mark,
    Published,
    Record,
    ScoreKey,
    SubjectSums,
    Survey,
    before_first,
    instant_for,
    next_number,
    next_stars,
    next_walk,
    record_of,
    rows_left,
)
from plaudit.scoring.scores.domain import FOR_EVER, half_stars, read
from plaudit.scoring.sums.domain.decay import Sums, time_of, unix_us
from plaudit.scoring.sums.domain.parts import Part, merge_for, parts_for
from plaudit_testing.own_profiles import from_scratch, own
from plaudit_testing.scored import MOMENT_US, folded, kept, kept_parts, read_for, scored

NOW = datetime(2026, 3, 7, 9, 31, 2, 118_204, tzinfo=UTC)


def merged_of(profile: Profile, *ratings: float, rated_at_us: int = MOMENT_US):
    deltas = kept(*((None, scored(rating, rated_at_us)) for rating in ratings))
    return merge_for(profile, parts_for(kept_parts(deltas), profile.half_life_us))


def record(*reviews) -> Record:
    sums = SubjectSums(kept_parts(kept(*((None, each) for each in reviews))))
    return record_of(sums, BUILT_IN.values(), time_of(MOMENT_US))


@pytest.mark.parametrize(
    ("ratings", "stars"), [((5.0,) * 100, 4.5), ((1.0,) * 10, 2.5), ((3.5,) * 10, None), ((), None)]
)
def test_stars_fall_or_rise_towards_the_prior(ratings: tuple[float, ...], stars: float | None) -> None:
    found = next_stars(TRUST, merged_of(TRUST, *ratings), MOMENT_US)

    assert (None if found is None else found.stars) == stars


def test_a_hundred_five_star_reviews_cross_as_the_formula_says() -> None:
    merged = merged_of(TRUST, *(5.0,) * 100)
    at_us, days = MOMENT_US, []
    while (found := next_stars(TRUST, merged, at_us)) is not None:
        days.append((found.at_us - MOMENT_US) / DAY_US)
        at_us = found.at_us
    # 272.6232, 690.5702 and 1108.5173 days with a half-life of 180 days, which scale with it.
    expected = [272.6232, 690.5702, 1108.5173]
    assert [each * 180 / 182.5 for each in days] == [pytest.approx(each, abs=1e-4) for each in expected]


ratings = st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]) | st.floats(1, 5), min_size=1, max_size=12)


@given(ratings, st.integers(0, 900 * DAY_US), st.sampled_from([TRUST, RECENT]))
def test_the_stars_shown_change_at_the_crossing_and_not_before(
    given_ratings: list[float], age_us: int, profile: Profile
) -> None:
    merged = merged_of(profile, *given_ratings)
    now_us = MOMENT_US + age_us
    found = next_stars(profile, merged, now_us)
    shown = half_stars(read(merged, now_us, profile).value)
    if found is None:
        later_us = [now_us + each * profile.half_life_us for each in (1, 5, 20, 60)]
        # What rounding leaves of a score that stands on a threshold is no change.
        values = [read(merged, each, profile).value for each in later_us]
        assert all(half_stars(value) == shown or abs(value * 2 % 1 - 0.5) < 1e-9 for value in values)
        return
    assert found.at_us > now_us
    assert abs(found.stars - shown) == 0.5
    assert half_stars(read(merged, found.at_us, profile).value) == found.stars
    before_us = found.at_us - 1_000_000
    assume(before_us > now_us)
    for each_us in (now_us + (before_us - now_us) // 3, before_us):
        value = read(merged, each_us, profile).value
        assert half_stars(value) == shown or abs(value * 2 % 1 - 0.5) < 1e-9


@pytest.mark.parametrize("profile", [LIFETIME, replace(TRUST, is_frozen=True)], ids=["never fades", "frozen"])
def test_stars_that_time_does_not_change_have_no_next_change(profile: Profile) -> None:
    assert next_stars(profile, merged_of(profile, 5.0, 5.0, 5.0), MOMENT_US) is None


@given(
    st.lists(st.floats(1, 5), min_size=1, max_size=30),
    st.integers(0, 200 * DAY_US),
    st.sampled_from([TRUST, RECENT, own("slow", 900.0, prior_weight=20.0, prior_value=2.5)]),
    st.floats(0.02, 0.98),
)
def test_what_is_told_says_when_any_threshold_is_crossed(
    ratings: list[float], age_us: int, profile: Profile, way: float
) -> None:
    changes = [(None, scored(each)) for each in ratings]
    half_life_us = own_half_life(profile)
    own_sums = {} if half_life_us is None else {half_life_us: parts_of(changes, profile)}
    sums = SubjectSums(kept_parts(kept(*changes)), own_sums)
    at_us = MOMENT_US + age_us

    told = record_of(sums, [profile], time_of(at_us)).profiles[profile.name]

    assume(abs(told.score.value - profile.prior_value) > 1e-3)
    threshold = told.score.value + way * (profile.prior_value - told.score.value)
    s, b, n, v = told.score.value, told.weight, told.prior_weight, told.score.prior
    assert told.half_life_days is not None
    half_lives = log2(((n + b) * s - n * v - threshold * b) / (n * (threshold - v)))
    crossed_us = at_us + round(half_lives * told.half_life_days * DAY_US)
    then = record_of(sums, [profile], time_of(crossed_us)).profiles[profile.name]
    assert then.score.value == pytest.approx(threshold, rel=1e-9)


def test_what_does_not_fade_without_a_review_has_no_half_life() -> None:
    frozen = replace(TRUST, name="frozen", is_frozen=True)
    sums = SubjectSums(kept_parts(kept((None, scored(5.0)), (None, scored(5.0, MOMENT_US - 182 * DAY_US)))))

    then, later = (
        record_of(sums, [frozen, LIFETIME], time_of(MOMENT_US + days * DAY_US)).profiles for days in (0, 400)
    )

    for name, weight in (("frozen", 1 + 0.5 ** (182 / 182.5)), ("lifetime", 2.0)):
        assert then[name] == later[name]
        assert (later[name].weight, later[name].half_life_days) == (pytest.approx(weight), None)


def test_a_record_has_what_each_profile_reads() -> None:
    reviews = [*[scored(5.0)] * 20, scored(2.0, MOMENT_US - 90 * DAY_US), scored(4.0, MOMENT_US - 400 * DAY_US)]
    parts = kept_parts(kept(*((None, each) for each in reviews)))
    made = record(*reviews)

    assert made.profiles.keys() == BUILT_IN.keys()
    for name, profile in BUILT_IN.items():
        assert made.profiles[name].score == read_for(profile, parts, MOMENT_US)
    nearest = min(each.next_stars.at_us for each in made.profiles.values() if each.next_stars)
    assert made.next_change_at == time_of(nearest)


def test_a_subject_whose_reviews_are_gone_has_a_record_without_scores() -> None:
    review = scored(5.0)
    parts = kept_parts(kept((None, review), (review, None)))
    made = record_of(SubjectSums(parts), BUILT_IN.values(), time_of(MOMENT_US))

    assert [each.score.score for each in made.profiles.values()] == [None] * 3
    assert (made.next_change_at, made.surveys) == (None, {})
    assert record_of(NO_SUMS, BUILT_IN.values(), time_of(MOMENT_US)).next_change_at is None


# Of 0 to 10: 10, 9, 9 are promoters, 7 is passive, 6 is a detractor.
NPS = [1 + 4 * answer / 10 for answer in (10, 9, 9, 7, 6)]


@pytest.mark.parametrize(
    ("survey", "answers", "value"),
    [
        (Survey.NPS, NPS, 40.0),
        (Survey.NPS, NPS[:3], 100.0),
        (Survey.NPS, [1.0], -100.0),
        (Survey.CSAT, [5.0, 4.0, 3.0, 1.0], 50.0),
        (Survey.CES, [5.0, 5.0], 7.0),
        (Survey.CES, [1.0, 5.0], 4.0),
    ],
)
def test_surveys_have_figures_of_their_own(survey: Survey, answers: list[float], value: float) -> None:
    made = record(*(scored(each, kind=survey.value) for each in answers), scored(1.0))

    assert made.surveys.keys() == {survey}
    assert made.surveys[survey].value == pytest.approx(value)
    assert made.surveys[survey].count == len(answers)
    assert made.profiles["trust"].score.count == 1


def test_surveys_say_the_same_beside_a_score_in_the_same_units() -> None:
    states = [
        scored(rating, MOMENT_US - days * DAY_US, kind=kind.value)
        for kind in (Survey.NPS, Survey.CSAT)
        for rating, days in ((5.0, 0), (4.0, 100), (2.0, 300))
    ]
    parts = kept_parts(kept(*((None, each) for each in states)))

    told = record_of(SubjectSums(parts), BUILT_IN.values(), time_of(MOMENT_US)).surveys
    beside = figures_of(TRUST, parts_for(parts, TRUST.half_life_us), MOMENT_US, [])

    assert beside.nps is not None
    assert beside.csat is not None
    assert (told[Survey.NPS].value, told[Survey.CSAT].value) == (beside.nps.value, beside.csat.value)
    for figure in (beside.nps, beside.csat):
        assert figure.interval.low < figure.value < figure.interval.high
    best, second, worst = (2 ** (-days / 182.5) for days in (0, 100, 300))
    assert beside.csat.value == pytest.approx(100 * (best + second) / (best + second + worst))


def test_old_answers_fade() -> None:
    answers = [scored(5.0, kind="nps"), scored(1.0, MOMENT_US - TRUST.half_life_us, kind="nps")]

    assert record(*answers).surveys[Survey.NPS].value == pytest.approx(100 * (1 - 0.5) / 1.5)


def published(at: datetime = NOW, number: int = 7, due: datetime | None = None) -> Published:
    return Published(number, at, due, is_held=True)


def test_numbers_only_grow_whatever_the_clock_does() -> None:
    assert next_number(None, NOW) == unix_us(NOW)
    assert next_number(published(), NOW) == unix_us(NOW)
    assert next_number(published(number=unix_us(NOW) + 5), NOW) == unix_us(NOW) + 6


def test_the_instant_of_an_event_is_not_before_the_last_one_unless_the_clock_was_set_back() -> None:
    second = timedelta(seconds=1)
    assert instant_for(None, NOW) == NOW
    assert instant_for(published(NOW - second), NOW) == NOW
    assert instant_for(published(NOW + second), NOW) == NOW + second
    assert instant_for(published(NOW + 2 * MAX_STEP_BACK), NOW) == NOW


def test_a_subject_waits_a_moment_after_an_event_and_for_no_clock_that_was_set_back() -> None:
    assert published().is_recent(NOW + MIN_INTERVAL / 2)
    assert published().is_recent(NOW - MIN_INTERVAL)
    assert not published().is_recent(NOW + MIN_INTERVAL)
    assert not published(NOW + timedelta(days=7)).is_recent(NOW)


def test_a_crossing_is_due_when_it_has_come() -> None:
    assert not published().is_due(FOR_EVER)
    assert published(due=NOW).is_due(NOW)
    assert not published(due=NOW).is_due(NOW - timedelta(microseconds=1))


def test_of_deleted_marks_the_rows_of_what_is_not_published_are_left() -> None:
    one, other = ScoreKey("default", "acme"), ScoreKey("default", "globex")
    marks = [Mark(1, NOW, [1, 2, 3]), Mark(2, NOW, [3, 4, 9])]
    prefix_of = {1: one, 2: other, 3: other, 4: one}

    assert rows_left(marks, prefix_of, [one]) == [2, 3]
    assert rows_left(marks, prefix_of, [one, other]) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1.0, 2.5, 4.0, 5.0]),
            st.integers(0, 40 * DAY_US),
            st.booleans(),
            st.sampled_from(["organic", "invited"]),
        ),
        max_size=8,
    ),
    st.sampled_from([1 / 24, 3.0, 182.5, None]),
    st.sampled_from([0.25, 1.0, 7.0]),
)
def test_figures_of_a_profile_of_a_tenants_own_are_those_of_its_definition(reviews, half_life_days, weight) -> None:
    fast = own("fast", half_life_days, unverified_weight=weight, origin_weights={"invited": 1 / weight})
    states = [
        scored(rating, MOMENT_US - age_us, verified=verified, origin=origin)
        for rating, age_us, verified, origin in reviews
    ]
    changes = [(None, each) for each in states]
    parts = {} if (half_life := own_half_life(fast)) is None else {half_life: parts_of(changes, fast)}

    made = record_of(SubjectSums(kept_parts(kept(*changes)), parts), (TRUST, fast), time_of(MOMENT_US))

    score, distribution = from_scratch(fast, states, "acme", time_of(MOMENT_US))
    figures = made.profiles["fast"]
    assert figures.score.score == (score and pytest.approx(score, rel=1e-9))
    assert figures.score.distribution == {int(star): count for star, count in distribution.items()}
    if figures.next_stars is not None:
        shown, then = (
            half_stars(from_scratch(fast, states, "acme", time_of(at_us))[0] or 0)
            for at_us in (MOMENT_US, figures.next_stars.at_us + 2_000_000)
        )
        assert abs(shown - then) == 0.5


def parts_of(changes, profile: Profile) -> list[Part]:
    deltas = folded(*changes, profile=profile)
    return [
        Part(source_id, traits, landmark, Sums._make(row))
        for (_, path, source_id, traits, _, landmark), row in deltas.items()
        if path == "acme"
    ]


def test_a_walk_goes_on_while_the_profiles_are_the_same_and_begins_anew_with_others() -> None:
    on_the_way = (ScoreKey("b", "acme"), 5)

    assert next_walk(on_the_way, {}, {"a": 1, "b": 5}) == on_the_way
    assert next_walk(on_the_way, {"a": 1}, {"a": 1, "b": 6}) == (ScoreKey("b", ""), 6)
    assert next_walk(on_the_way, {"a": 1, "b": 0}, {"a": 1, "b": 0}) is None


def test_all_tenants_whose_profiles_are_not_known_to_be_told_are_walked_in_order() -> None:
    assert next_walk(None, {}, {"b": 0, "a": 1}) == (ScoreKey("a", ""), 1)
    assert next_walk(None, {"a": 1}, {"b": 0, "a": 1}) == (ScoreKey("b", ""), 0)
    assert next_walk(None, {"a": 1, "b": 0}, {"b": 0, "a": 1}) is None


def test_a_walk_stops_before_the_first_subject_that_somebody_else_has() -> None:
    keys = [ScoreKey("a", each) for each in "xyz"]

    assert before_first(keys, [keys[2], keys[1]]) == keys[:1]
    assert before_first(keys, []) == keys
