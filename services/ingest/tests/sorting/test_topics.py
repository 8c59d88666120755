"""What topics a text mentions, and what its writer says about themselves."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.ingest.sorting.domain.findings import find
from plaudit.ingest.sorting.domain.lists.personas_en import PERSONAS_EN
from plaudit.ingest.sorting.domain.lists.severity_de import SEVERITY_DE
from plaudit.ingest.sorting.domain.lists.severity_en import SEVERITY_EN
from plaudit.ingest.sorting.domain.lists.topics_de import TOPICS_DE
from plaudit.ingest.sorting.domain.lists.topics_en import TOPICS_EN
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules, SortingRules
from plaudit.ingest.sorting.domain.severity import DRASTIC_CATEGORIES, LEAVE
from plaudit.ingest.sorting.domain.sort import matches, sort
from plaudit.ingest.sorting.domain.words import Words, normalise


def topics(text: str, rules: CompiledRules = SHIPPED) -> set[str]:
    return {mark.name for mark in sort(text, 3, rules, stated_language="en").topics}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Waited three weeks for the refund and nobody answers the phone calls.",
            {"billing_refund", "speed_waiting", "support_contact"},
        ),
        ("App crashes after login.", {"app_website"}),
        ("Beitragserhöhung ohne Ankündigung, Hotline nie erreichbar.", {"price_fees", "support_contact"}),
        ("Die Lieferung kam beschädigt an.", {"delivery", "quality_defect"}),
        ("The queue went out of the door.", {"speed_waiting"}),
        ("I left the queue without coffee.", {"speed_waiting"}),
        ("Stood in line for an hour.", {"speed_waiting"}),
        ("It took ages.", {"speed_waiting"}),
        ("Much slower than last year, though they come on time.", {"speed_waiting"}),
        ("Eine lange Schlange an der Kasse.", {"speed_waiting"}),
        ("Wir sind wochenlang vertröstet worden, es hat ewig gedauert.", {"speed_waiting"}),
        ("In line with the rules, well within the speed limit.", set()),
        ("Eine Schlange im Terrarium.", set()),
        ("Nice.", set()),
        ("They claim that it is so.", set()),
    ],
)
def test_a_text_mentions_its_topics(text: str, expected: set[str]) -> None:
    assert topics(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am a loyal customer.", {"long_time"}),
        ("Customer since 1999 and now this.", {"long_time"}),
        ("First-time renter here.", {"new_user"}),
        ("I run my business with it.", {"business_use"}),
        ("As a small owner I rent out two vans.", {"supplier_side"}),
        ("My baby loves it, and my elderly dog too.", set()),
    ],
)
def test_a_writer_is_what_they_say_they_are(text: str, expected: set[str]) -> None:
    found = sort(text, 3, SHIPPED, stated_language="en")
    assert {mark.name for mark in found.personas} == expected


def test_a_tenant_adds_phrases_to_topics_and_hides_some() -> None:
    rules = CompiledRules(SortingRules(more_topics={"delivery": "drone*"}, hidden_topics=("app_website",)))
    assert topics("The app lost the drones.", rules) == {"delivery"}
    assert topics("The app lost the drones.") == {"app_website"}


def test_a_topic_is_named_once_with_the_words_that_say_it() -> None:
    found = sort("Slow. Very slow delivery, slow.", 3, SHIPPED, stated_language="en")
    assert [(mark.name, found.text[mark.start : mark.end]) for mark in found.topics] == [
        ("speed_waiting", "Slow"),
        ("delivery", "delivery"),
    ]


def test_every_list_has_a_title_in_the_order_of_the_lists() -> None:
    assert list(TOPIC_TITLES) == list(TOPICS_EN) == list(TOPICS_DE)
    assert set(PERSONA_TITLES) == set(PERSONAS_EN)
    assert [*DRASTIC_CATEGORIES, LEAVE] == list(SEVERITY_EN) == list(SEVERITY_DE)


CHANGED = CompiledRules(
    SortingRules(
        more_topics={"delivery": "zebra; the order <2> came; van !driver", "price_fees": "order; vans/van; mone*"},
        more_drastic={"fraud": "~bad company"},
        hidden_topics=("staff_attitude",),
    )
)
SAYINGS = (
    *(
        "staff",
        "Delivery",
        "took",
        "too long",
        "three weeks",
        "the refund",
        "slow.",
        "the order",
        "today came",
        "zebra",
    ),
    *("van", "driver", "money", "never", "again", "I am a loyal customer", "scam", "sooo slow", "App", "crashes", "-"),
    *("Lieferung", "Beitragserhöhung", "nie erreichbar", "don't", "bad company", ".", "price", "hike", "log", "in"),
)


@given(st.lists(st.sampled_from(SAYINGS), max_size=12).map(" ".join), st.sampled_from((SHIPPED, CHANGED)))
@example("the order today came by van", CHANGED)
@example("It took three weeks to get the refund, and the staff took forever", SHIPPED)
@example("a price hike, and the log in is slow", SHIPPED)
@example("A van", CHANGED)
def test_what_is_told_at_sight_is_what_the_whole_search_finds(text: str, rules: CompiledRules) -> None:
    words = Words(normalise(text))
    hits, topics, personas = matches(words, rules, "acme")
    at_sight = rules.topics_at_sight(words.folded)
    assert at_sight is None or (at_sight, (), ()) == (
        tuple(each.phrase.group for each in topics),
        hits,
        tuple(personas),
    )
    _, found = find(None, text, 5, rules, subject="acme", stated_language="en")
    assert found.topics == tuple(each.phrase.group for each in topics)
    assert found.personas == tuple(each.phrase.group for each in personas)
    assert found.check is any(hit.not_counted is None and hit.category != LEAVE for hit in hits)


@pytest.mark.parametrize(
    "text",
    [
        "It took three weeks",
        "staff took ages, delivery took three weeks",
        "never had a price so low again",
        "The refund",
    ],
)
def test_most_texts_are_told_at_sight(text: str) -> None:
    assert SHIPPED.topics_at_sight(text.lower().split()) is not None
