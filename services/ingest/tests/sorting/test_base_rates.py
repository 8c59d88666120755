"""Which phrases are muted as words of a subject's trade."""

import pytest

from plaudit.ingest.sorting.domain.base_rates import BaseRates, PhraseRate, base_rates
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules, Mute, SortingRules
from plaudit.ingest.sorting.domain.sort import sort

CLAIM = "The lawyer of the insurer helped."


def rates(texts: list[tuple[str, float]], rules: CompiledRules = SHIPPED) -> BaseRates:
    return base_rates(
        (stars, sort(text, stars, rules, subject="acme", stated_language="en").hits) for text, stars in texts
    )


def muted(found: BaseRates) -> set[str]:
    return {rate.phrase for rate in found.phrases if found.is_muted(rate)}


def texts(*, bad: int, good: int, bad_with: int, good_with: int) -> list[tuple[str, float]]:
    return [
        *((CLAIM if number < bad_with else "Fine.", 1.0) for number in range(bad)),
        *((CLAIM if number < good_with else "Fine.", 5.0) for number in range(good)),
    ]


@pytest.mark.parametrize(
    ("bad", "good", "bad_with", "good_with", "is_muted"),
    [
        (100, 50, 20, 3, True),
        (100, 49, 20, 3, False),  # too few good reviews
        (100, 50, 20, 2, False),  # too few of them say it
        (100, 500, 20, 3, False),  # it tells bad from good
        (295, 77, 40, 10, True),
    ],
)
def test_a_phrase_of_good_reviews_is_muted(
    *, bad: int, good: int, bad_with: int, good_with: int, is_muted: bool
) -> None:
    found = rates(texts(bad=bad, good=good, bad_with=bad_with, good_with=good_with))
    assert (found.bad, found.good) == (bad, good)
    assert muted(found) == ({"lawyer/lawyers"} if is_muted else set())


def test_the_lift_is_the_ratio_of_the_two_shares() -> None:
    rate = PhraseRate(category="fraud", phrase="scam", bad=139, good=0)
    assert BaseRates(bad=999, good=999, phrases=(rate,)).lift(rate) == pytest.approx(279)
    same = PhraseRate(category="fraud", phrase="scam", bad=50, good=50)
    assert BaseRates(bad=999, good=999, phrases=(same,)).lift(same) == 1


def test_three_stars_and_no_stars_are_neither_good_nor_bad() -> None:
    found = base_rates([(3.0, ()), (None, ()), (2.5, ())])
    assert (found.bad, found.good) == (0, 0)


def test_a_phrase_that_is_muted_already_is_counted_on_and_a_negated_one_is_not() -> None:
    rules = CompiledRules(SortingRules(mutes=(Mute(subject="acme", category="legal", phrase="lawyer/lawyers"),)))
    found = rates([(CLAIM, 5.0), (CLAIM, 1.0), ("No lawyer.", 5.0), ("Never again.", 1.0)], rules)
    assert found.phrases == (PhraseRate(category="legal", phrase="lawyer/lawyers", bad=1, good=1),)
