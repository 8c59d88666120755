"""The words of a subject's page."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.statistics.waiting import Waits
from plaudit.scoring.answers.domain.figures import Answers, SourceReviews, answers_of
from plaudit.scoring.explorer.domain import (
    age,
    answer_facts,
    answer_rate,
    facts,
    half_within,
    headline,
    steps,
    strip,
    summary,
    wait,
)
from plaudit.scoring.figures.domain.figures import Aged, Figures, figures_of
from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, TRUST, Profile
from plaudit.scoring.projection.domain.state import idle_state_of
from plaudit.scoring.series.domain import points
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit.scoring.sums.domain.parts import KeptPart, merge_for, newest_us, parts_for
from plaudit_testing.scored import kept, kept_parts, scored

NOW = datetime(2026, 11, 29, 14, 32, tzinfo=UTC)
NOW_US = unix_us(NOW)
HOUR_US = DAY_US // 24
SOURCE_ID = UUID("01956d00-0000-7000-8000-000000000001")
FROZEN = Profile(name="frozen", half_life_days=30, prior_weight=7, prior_value=3.5, kinds=TRUST.kinds, is_frozen=True)


def parts_of(*ratings: float, age_days: int = 0, kind: str = "stars") -> list[KeptPart]:
    return kept_parts(kept(*((None, scored(each, NOW_US - age_days * DAY_US, kind=kind)) for each in ratings)))


def figures(*ratings: float, profile: Profile = TRUST) -> Figures:
    return figures_of(profile, parts_for(parts_of(*ratings), profile.half_life_us), NOW_US, [])


def strip_of(*ratings: float, profile: Profile = TRUST, month_ago: float | None = None) -> list[tuple[str, str, str]]:
    parts = parts_for(parts_of(*ratings), profile.half_life_us)
    state = idle_state_of(profile, merge_for(profile, parts), newest_us(parts, profile), NOW_US)
    return strip(figures(*ratings, profile=profile), state, month_ago, NOW)


def test_the_strip_says_what_is_shown_and_when_that_changes() -> None:
    now, moved, reviews, ratio, following = strip_of(*[5.0] * 22, month_ago=4.5)

    assert now[:2] == ("4.64", "now · shown as 4½ ★ · between 4.33 and 4.94")
    assert moved == ("+0.14", "in 30 days, from 4.50", "")
    assert reviews[:2] == ("22", "reviews · they say as much as 22.0 equal ones")
    assert ratio[:2] == ("22 : 0", "positive : negative")
    assert following == ("27 Sep 2027", "falls below 4.25 if nobody writes: 4 ★", "")


def test_the_headline_says_the_score_alone() -> None:
    assert headline(figures(*[5.0] * 22)) == "The score is 4.64 now, shown as 4½ stars."
    assert headline(figures()) == "No review counts now."


def test_what_comes_within_a_month_is_marked() -> None:
    assert strip_of(*[5.0] * 36)[-1][1:] == ("falls below 4.75 if nobody writes: 4½ ★", "soon")


def test_a_score_that_rises_to_the_prior_reaches_a_half_star() -> None:
    value, words, look = strip_of(*[1.0] * 40)[-1]

    assert (value, words, look) == ("23 Jul 2027", "reaches 1.75 if nobody writes: 2 ★", "")


@pytest.mark.parametrize("profile", [LIFETIME, FROZEN], ids=lambda each: each.name)
def test_a_score_that_does_not_fade_stays(profile: Profile) -> None:
    assert strip_of(5.0, 5.0, profile=profile)[-1] == ("4 ★", "stay shown, even if nobody writes", "")


def test_a_new_subject_has_no_month_ago_and_one_without_reviews_one_figure() -> None:
    assert strip_of(5.0)[1] == ("new", "30 days ago there was no review", "")
    assert strip_of() == [("none", "no review counts now", "")]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.floats(1, 5))
def test_what_moved_is_the_difference_of_what_is_shown(ratings: list[int], month_ago: float) -> None:
    now, moved, *_ = strip_of(*map(float, ratings), month_ago=month_ago)

    shown = float(moved[0].replace("−", "-"))
    assert shown == pytest.approx(float(now[0]) - float(moved[1].removeprefix("in 30 days, from ")), abs=1e-9)
    assert (moved[0] == "0.00") is (shown == 0)


@pytest.mark.parametrize(
    ("ratings", "words"),
    [([5.0, 5.0, 1.0], "2.0 : 1"), ([5.0, *[1.0] * 48], "1 : 48.0"), ([1.0, 2.0], "0 : 2"), ([3.0], "0 : 0")],
)
def test_positive_to_negative_says_something_whichever_are_more(ratings: list[float], words: str) -> None:
    assert strip_of(*ratings)[3][0] == words


def test_one_review_that_waits_is_not_passed_over() -> None:
    rate, *_ = answer_facts(answers([1] * 249, [200]))

    assert (rate.value, rate.beside.endswith("249\u00a0of\u00a0250")) == (">\u00a099\u00a0%", True)


def test_a_single_review_is_not_said_to_say_as_much_as_others() -> None:
    assert strip_of(5.0)[2][:2] == ("1", "review")


@pytest.mark.parametrize(
    ("days", "text"),
    [
        *((0.001, "less than an hour"), (0.05, "1 hour"), (0.9, "21 hours"), (1.5, "1 day"), (45, "45 days")),
        *((62, "2 months"), (700, "22 months"), (1000, "2.7 years")),
    ],
)
def test_ages_have_the_unit_that_says_enough(days: float, text: str) -> None:
    assert age(round(days * DAY_US)).replace("\u00a0", " ") == text


def test_facts_name_each_figure_with_how_sure_it_is() -> None:
    parts = parts_of(5.0, 4.0) + parts_of(5.0, 5.0, 1.0, kind="nps") + parts_of(5.0, kind="csat")
    aged = Aged(
        NOW_US - 3 * DAY_US, 5, 2, 0.25, 0.5, NOW_US - 40 * DAY_US, (NOW_US - 30 * DAY_US, NOW_US - 50 * DAY_US)
    )

    found = {
        fact.words: (fact.value.replace("\u00a0", " "), fact.beside.replace("\u00a0", " "))
        for fact in facts(figures_of(TRUST, parts_for(parts, TRUST.half_life_us), NOW_US, []), aged, NOW_US)
    }

    assert found == {
        "Score of organic reviews alone": ("3.72", "all are organic"),
        "New reviews in 30 days": ("5", "2 in the 30 days before"),
        "Newest review": ("3 days ago", ""),
        "Half of the weight is younger than": ("40 days", ""),
        "Share of the weight of the last 30 days": ("25 %", "50 % of the last 90"),
        "NPS": ("+33", "−51 to +85 · 3 replies"),
        "CSAT, the two best of five": ("100 %", "21 % to 100 % · 1 reply"),
    }


def test_reviews_that_were_given_for_a_reward_are_named() -> None:
    of = [(None, scored(5.0, NOW_US, origin=each)) for each in ("organic", "incentivised", "incentivised")]
    parts = parts_for(kept_parts(kept(*of)), TRUST.half_life_us)

    found = {
        fact.words: (fact.value, fact.beside) for fact in facts(figures_of(TRUST, parts, NOW_US, []), None, NOW_US)
    }

    assert found["Given for a reward"] == ("2", "of 3 reviews")


def test_steps_are_days_up_to_now_and_weeks_after() -> None:
    cut = steps(NOW)

    assert NOW in [each.end for each in cut]
    assert cut[0].start == NOW - timedelta(days=365)
    assert all(one.end == other.start for one, other in pairwise(cut))


def test_the_summary_tells_what_the_chart_shows() -> None:
    cut = steps(NOW)

    told = summary("acme", [*points(TRUST, parts_for(parts_of(5.0, age_days=400), TRUST.half_life_us), [], cut)], NOW)
    nothing = summary("acme", [*points(TRUST, [], [], cut)], NOW)

    assert told.startswith("The score of acme went from 3.")
    assert told.endswith("in six months.")
    assert nothing == "acme has no score in the last twelve months."


def answers(
    answered: list[int],
    waiting: list[int],
    negatives: int = 0,
    raised: int = 0,
    *,
    unknown: int = 0,
    since: int | None = None,
) -> Answers:
    """The answers to reviews that waited so many hours, and to some of a source that does not tell."""
    waits = Waits([each * HOUR_US for each in answered], [each * HOUR_US for each in waiting])
    told = SourceReviews(
        SOURCE_ID,
        is_told=True,
        count=len(answered) + len(waiting),
        waits=waits,
        answered_negatives=negatives,
        raised=raised,
    )
    untold = SourceReviews(
        UUID(int=1), is_told=False, count=unknown, waits=Waits([], []), answered_negatives=0, raised=0
    )
    return answers_of(90, since, [told, untold])


def test_answers_are_told_in_words_with_how_sure_they_are() -> None:
    rate, half, raised = answer_facts(answers([1, 5, 30], [200], negatives=2, raised=1))

    assert (rate.words, rate.value, rate.beside) == (
        "Answered, of the last 90 days",
        "75\u00a0%",
        "30\u00a0to\u00a095\u00a0% · 3\u00a0of\u00a04",
    )
    assert (half.words, half.value) == ("Half are answered within", "5\u00a0hours")
    assert half.beside == "50\u00a0% within a day, 75\u00a0% within three days, 75\u00a0% within a week"
    assert raised.words == "Negative reviews raised by a star or more after an answer"
    assert (raised.value, raised.beside) == ("50\u00a0%", "9\u00a0to\u00a091\u00a0% · 1\u00a0of\u00a02")


def test_where_more_than_half_wait_that_is_said() -> None:
    found = answer_facts(answers([5], [30, 30]))

    assert [each.value for each in found] == ["33\u00a0%", "more than half wait"]
    assert found[1].beside == "33\u00a0% within a day"


def test_what_nobody_tells_is_no_rate() -> None:
    [only] = answer_facts(answers([], [], unknown=7))
    assert (only.value, only.beside) == ("not told", "of 7 more nobody tells")

    untold = answers([], [], unknown=7).all
    assert (answer_rate(untold), half_within(untold)) == ("not told", "")


def test_without_reviews_nothing_is_said_of_answers() -> None:
    none = answers([], [])

    assert answer_facts(none) == []
    assert (answer_rate(none.all), half_within(none.all)) == ("", "")


def test_it_is_said_since_when_reviews_are_known() -> None:
    [rate, _] = answer_facts(answers([5], [], since=NOW_US))

    assert rate.beside.endswith("1\u00a0of\u00a01 · of reviews known since 29 November 2026")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a minute"), (60, "1 minute"), (3_599, "59 minutes"), (3_600, "1 hour"), (100_000, "1 day")],
)
def test_a_wait_is_told_in_the_unit_that_says_enough(seconds: int, words: str) -> None:
    assert wait(seconds * 1_000_000).replace("\u00a0", " ") == words
