"""The topics of the ledger are those on the bus, each at the place that is stored."""

from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.scoring.topics.domain import TOPICS, topics_in_one


def test_every_topic_on_the_bus_has_a_place_and_no_other():
    assert sorted(TOPICS) == sorted(TOPIC_TITLES)


def test_the_places_that_are_stored_stay():
    assert {name: topics_in_one((name,)).bit_length() - 1 for name in TOPICS[:15]} == {
        "price_fees": 0,
        "billing_refund": 1,
        "cancel_contract": 2,
        "support_contact": 3,
        "staff_attitude": 4,
        "speed_waiting": 5,
        "delivery": 6,
        "quality_defect": 7,
        "app_website": 8,
        "account_identity": 9,
        "choice_availability": 10,
        "clean_safe": 11,
        "honesty_terms": 12,
        "decision_denied": 13,
        "ads_privacy": 14,
    }
