"""The rules of a profile in plain words."""

import pytest

from plaudit.scoring.badges.domain.rules import Weight, counted, half_life_in_words, weights
from plaudit.scoring.profiles.domain import BUILT_IN, TRUST
from plaudit_testing.own_profiles import own

SOURCES = [f"01956d00-0000-7000-8000-00000000000{n}" for n in range(4)]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, ""),
        (1 / 24, "1 hour"),
        (1.5, "36 hours"),
        (30.0, "30 days"),
        (182.5, "182.5 days"),
        (36_525.0, "36,525 days"),
    ],
)
def test_a_half_life_is_told_in_hours_or_days(days: float | None, words: str) -> None:
    assert half_life_in_words(own("own", days)) == words


def test_where_all_weigh_alike_no_weight_is_told() -> None:
    assert [weights(each) for each in BUILT_IN.values()] == [[], [], []]
    assert weights(own(origin_weights={"invited": 1.0}, source_weights={SOURCES[0]: 1.0})) == []


def test_weights_are_told_by_what_they_differ_by_and_sources_by_their_number_alone() -> None:
    profile = own(
        unverified_weight=0.25,
        origin_weights={"invited": 0.5},
        source_weights=dict(zip(SOURCES, (2.0, 0.1, 2.0, 1.0), strict=True)),
    )

    assert weights(profile) == [
        ("by verification", [Weight("verified", "1"), Weight("not verified", "0.25")]),
        (
            "by origin",
            [
                Weight("by who was not asked for it", "1"),
                Weight("by who was invited", "0.5"),
                Weight("given for a reward", "1"),
            ],
        ),
        (
            "by source",
            [
                Weight("of 2 sources", "2"),
                Weight("of 1 source", "0.1"),
                Weight("of 1 source", "1"),
                Weight("of any other source", "1"),
            ],
        ),
    ]
    assert not any(source in str(weights(profile)) for source in SOURCES)


def test_what_is_counted_is_told_with_its_scale() -> None:
    assert counted(TRUST) == "ratings in stars, thumbs up (5 stars) and down (1 star)"
    assert counted(own(kinds=frozenset({"nps"}))) == "answers to NPS questions, whose 0 to 10 are read as 1 to 5"
