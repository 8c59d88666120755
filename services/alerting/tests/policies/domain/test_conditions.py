import msgspec
import pytest

from plaudit.alerting.policies.domain.conditions import EVERYTHING, Condition, Facts, Stars, facts_of
from plaudit.common.contracts import Severity
from plaudit_testing.clocks import review

FACTS = Facts(
    subject="acme/berlin/shop-3",
    severity=Severity.NEGATIVE,
    kind="stars",
    rating=2.4,
    source="s-1",
    platform="native",
    language="de-AT",
    personas=("long_time",),
    topics=("delivery", "price_fees"),
    verified=True,
    origin="organic",
)


@pytest.mark.parametrize(
    ("condition", "admitted"),
    [
        (EVERYTHING, True),
        (Condition(severity=("negative", "drastic")), True),
        (Condition(severity=("drastic",)), False),
        (Condition(rating=Stars(1, 2)), True),
        (Condition(rating=Stars(3, 5)), False),
        (Condition(subject=("acme/berlin",)), True),
        (Condition(subject=("acme/berlin/shop-3",)), True),
        (Condition(subject=("acme/ber",)), False),
        (Condition(subject=("other", "acme")), True),
        (Condition(persona=("new_user", "long_time")), True),
        (Condition(persona=("new_user",)), False),
        (Condition(topic=("price_fees",)), True),
        (Condition(topic=("billing_refund",)), False),
        (Condition(language=("de",)), True),
        (Condition(language=("en",)), False),
        (Condition(source=("s-1",), platform=("native",)), True),
        (Condition(source=("s-1",), platform=("trustpilot",)), False),
        (Condition(verified=True, origin=("organic",)), True),
        (Condition(verified=False), False),
        (Condition(kind=("thumbs",)), False),
    ],
)
def test_every_part_of_a_condition_must_hold(condition, admitted):
    assert condition.matches(FACTS) is admitted


def test_half_a_star_counts_up():
    two_or_less = Condition(rating=Stars(1, 2))
    assert two_or_less.matches(msgspec.structs.replace(FACTS, rating=2.49))
    assert not two_or_less.matches(msgspec.structs.replace(FACTS, rating=2.5))


def test_what_has_no_rating_or_language_is_in_no_range_of_them():
    unknown = msgspec.structs.replace(FACTS, rating=None, language=None)
    assert not Condition(rating=Stars(1, 5)).matches(unknown)
    assert not Condition(language=("de",)).matches(unknown)
    assert EVERYTHING.matches(unknown)


def test_facts_are_those_of_the_state_of_the_review():
    state = review(1.0, topics=("delivery",), personas=("long_time",), language="de")
    facts = facts_of(state)
    assert (facts.subject, facts.severity, facts.kind, facts.rating) == ("acme/berlin", "negative", "stars", 1.0)
    assert (facts.source, facts.platform, facts.origin) == (state.source.id, "native", "organic")
    assert (facts.topics, facts.personas, facts.language) == (("delivery",), ("long_time",), "de")
