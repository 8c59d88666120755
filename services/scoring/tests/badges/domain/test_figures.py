"""The figures that everybody sees, and how they are said."""

from fractions import Fraction

import pytest

from plaudit.scoring.badges.domain.badge import Badge, Kind
from plaudit.scoring.badges.domain.figures import (
    ShownFigures,
    digits,
    figures,
    in_full,
    method,
    ratio,
    structured,
    summary,
)
from plaudit.scoring.profiles.domain import LIFETIME, TRUST, Profile
from plaudit.scoring.sums.domain.parts import parts_for
from plaudit_testing.own_profiles import own
from plaudit_testing.scored import MOMENT_US, kept, kept_parts, scored

PAGE, HOW = "https://plaudit.example/badges/default/acme.html", "https://plaudit.example/scores/how/trust"
KITE = Badge(tenant_id="default", subject="acme", name="Kite Coffee", kind=Kind.LOCAL_BUSINESS, allowed_by="key:x")


def of(*reviews, profile: Profile = TRUST) -> ShownFigures:
    sums = kept_parts(kept(*((None, each) for each in reviews)))
    return figures(profile, parts_for(sums, profile.half_life_us), sums, MOMENT_US)


def with_stars(**numbers: int) -> ShownFigures:
    distribution = {star: numbers.get(f"s{star}", 0) for star in range(1, 6)}
    return ShownFigures(
        profile=TRUST,
        score=4.0,
        stars=4.0,
        count=sum(distribution.values()),
        distribution=distribution,
        mean=4.0,
        incentivised=0,
    )


def test_the_mean_is_the_plain_one_and_the_score_the_decayed_one() -> None:
    shown = of(scored(5), scored(5), scored(1, MOMENT_US - 365 * 86_400_000_000))

    assert shown.mean == pytest.approx(11 / 3)
    assert shown.score == pytest.approx((24.5 + 10 + 0.25) / (7 + 2.25))
    assert shown.distribution == {1: 1, 2: 0, 3: 0, 4: 0, 5: 2}


def test_reviews_for_a_reward_are_counted_and_named() -> None:
    shown = of(scored(5), scored(4, origin="incentivised"), scored(5, origin="incentivised", kind="nps"))

    assert (shown.count, shown.incentivised) == (2, 1)
    assert "1 of them were given for a reward" in summary(shown)


def test_only_what_is_given_in_stars_is_shown() -> None:
    shown = of(scored(5, kind="nps"))

    assert (shown.score, shown.count, shown.mean) == (None, 0, None)
    assert summary(shown) == "There is no review yet."


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (4.25, 1, "4.3"),
        (4.05, 1, "4.0"),
        (Fraction(405, 100), 1, "4.1"),
        (2.5, 0, "3"),
        (4.999, 2, "5.00"),
        (3, 2, "3.00"),
    ],
)
def test_figures_are_rounded_halves_up_and_keep_their_zeros(value: float | Fraction, places: int, text: str) -> None:
    assert digits(value, places) == text


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"s5": 10, "s4": 6, "s1": 5}, "3.2 : 1"),
        ({"s4": 1, "s2": 4}, "1 : 4.0"),
        ({"s5": 1204}, "1,204 : 0"),
        ({"s3": 7}, "0 : 0"),
        ({"s1": 2}, "0 : 2"),
    ],
)
def test_the_ratio_is_of_four_and_five_to_one_and_two(numbers: dict[str, int], words: str) -> None:
    assert ratio(with_stars(**numbers)) == words


def test_structured_data_has_the_mean_with_its_count_its_method_and_all_stars() -> None:
    shown = of(scored(5), scored(4), scored(1))
    data = structured(KITE, shown, PAGE, HOW)

    assert (data["@context"], data["@type"], data["name"]) == ("https://schema.org", "LocalBusiness", "Kite Coffee")
    rating = data["aggregateRating"]
    assert {name: rating[name] for name in ("ratingValue", "reviewCount", "bestRating", "worstRating")} == {
        "ratingValue": 3.33,
        "reviewCount": 3,
        "bestRating": 5,
        "worstRating": 1,
    }
    assert HOW in rating["description"]
    assert "plain mean" in rating["description"]
    assert (
        "5 stars: 1, 4 stars: 1, 3 stars: 0, 2 stars: 0, 1 star: 1. Positive to negative 2.0 : 1."
        in (rating["ratingExplanation"])
    )


def test_structured_data_without_reviews_has_no_rating() -> None:
    assert "aggregateRating" not in structured(KITE, of(), PAGE, HOW)


def test_the_figures_beside_structured_data_are_no_part_of_it() -> None:
    shown = of(scored(5), scored(1))
    data = in_full(KITE, shown, PAGE, HOW)

    assert data["@context"] == ["https://schema.org", {"figures": None}]
    assert data["figures"]["distribution"] == {"1": 1, "2": 0, "3": 0, "4": 0, "5": 1}
    assert (data["figures"]["positive"], data["figures"]["negative"], data["figures"]["count"]) == (1, 1, 2)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (TRUST, "newer reviews weigh more"),
        (LIFETIME, "old reviews weigh as much as new ones"),
        (
            own("fair", 182.5, unverified_weight=0.5),
            "newer reviews weigh more, and some kinds of reviews weigh more than others",
        ),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_the_figures_are_by_one_profile_and_say_how_it_weighs(profile: Profile, words: str) -> None:
    old = scored(1, MOMENT_US - 365 * 86_400_000_000, verified=False)
    shown = of(scored(5), old, profile=profile)

    assert (shown.profile, shown.count, shown.mean) == (profile, 2, 3.0)
    assert method(profile) == words
    assert words in structured(KITE, shown, PAGE, HOW)["aggregateRating"]["description"]
    assert in_full(KITE, shown, PAGE, HOW)["figures"]["profile"] == profile.name
    weight = profile.unverified_weight * (1.0 if profile.half_life_days is None else 0.25)
    assert shown.score == pytest.approx(
        (profile.prior_weight * profile.prior_value + 5 + weight) / (profile.prior_weight + 1 + weight)
    )
