"""What words say has a bit each, and a severity says between which ratings a review is."""

import pytest

from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.ingest.reviews.domain.filters import Filters, Wanted
from plaudit.ingest.reviews.domain.traits import TRAITS, asked, traits
from plaudit.ingest.sorting.domain.findings import Findings
from plaudit.ingest.sorting.domain.severity import Hit, Severity, judge

STRONG = Hit(category="safety", phrase="fire", start=0, end=4, is_strong=True)


def test_everything_that_words_can_say_has_a_bit_of_its_own():
    said = ["check", *(f"topic={name}" for name in TOPIC_TITLES), *(f"persona={name}" for name in PERSONA_TITLES)]
    assert sorted(TRAITS) == sorted(said)


@pytest.mark.parametrize("topic", [None, *TOPIC_TITLES])
@pytest.mark.parametrize("persona", [None, *PERSONA_TITLES])
@pytest.mark.parametrize("check", [None, True, False])
def test_a_filter_asks_for_the_bits_that_a_review_has(topic: str | None, persona: str | None, check: bool | None):
    found = Findings(
        check=bool(check), topics=(topic,) if topic else ("delivery",), personas=(persona,) if persona else ()
    )
    looked_at, must = asked(topic, persona, check)
    assert traits(found) & looked_at == must
    others = Findings(check=not check, topics=(), personas=())
    assert (traits(others) & looked_at == must) is (looked_at == 0)


@pytest.mark.parametrize("hits", [(), (STRONG,)])
@pytest.mark.parametrize("stars", [1.0, 2.0, 2.49, 2.5, 2.51, 3.0, 5.0])
def test_the_ratings_that_a_severity_is_looked_for_among_hold_all_reviews_of_it(stars: float, hits: tuple[Hit, ...]):
    severity = judge(stars, hits).severity
    for each in Severity:
        at_least, below = Wanted(Filters(severity=each.value), None).ratings
        is_among = (at_least is None or stars >= at_least) and (below is None or stars < below)
        assert is_among or each is not severity
