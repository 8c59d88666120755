"""The values of the study of answers: templates are alike, answers of people are not."""

from itertools import combinations

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.answers.domain.likeness import (
    SAME_FROM,
    WARN_FROM,
    Shelf,
    contained,
    digest,
    is_long_enough,
    packed,
    similarity,
    similarity_of_bits,
    trigrams,
    unpacked,
)
from plaudit.alerting.answers.domain.masking import masked, parts_of
from plaudit_testing.drafts import (
    BY_PEOPLE,
    NAMES,
    NAMES_OF_ANOTHER,
    REWORDED,
    SIGNED_BY_ANOTHER,
    TEMPLATE,
    TEMPLATE_OF_ANOTHER,
)

TEXTS = st.text(st.sampled_from("abcdeé ßI\u2019'.1\n漢"), max_size=60)


def raw(one, other):
    return similarity(trigrams(one.lower()), trigrams(other.lower()))


def alike(one, other, names=NAMES, names_of_other=NAMES):
    return similarity(
        trigrams(masked(one, language="en", names=names)), trigrams(masked(other, language="en", names=names_of_other))
    )


def test_the_same_template_for_another_customer_is_the_same_text_once_names_and_numbers_are_masked():
    assert 0.8 <= raw(TEMPLATE, TEMPLATE_OF_ANOTHER) < 1
    assert alike(TEMPLATE, TEMPLATE_OF_ANOTHER, NAMES, NAMES_OF_ANOTHER) == 1


def test_a_reworded_template_is_near():
    assert WARN_FROM <= alike(TEMPLATE, REWORDED) < SAME_FROM
    assert raw(TEMPLATE, REWORDED) >= WARN_FROM


def test_two_answers_of_people_are_not_alike():
    assert [pair for pair in combinations(BY_PEOPLE, 2) if alike(*pair) > 0.25] == []
    assert [each for each in BY_PEOPLE if alike(TEMPLATE, each) > 0.25] == []


def test_short_thanks_are_alike_by_chance_and_are_not_compared():
    assert raw("Thank you!", "Thank you for the review!") == pytest.approx(10 / 23)
    assert not is_long_enough(masked("Thank you for the review!"))
    assert is_long_enough(masked(TEMPLATE))


def test_a_body_is_counted_in_characters_and_words_without_greeting_and_sign_off():
    assert not is_long_enough(masked("Dear Mrs. Olsen, thank you so much. Kind regards, your whole Acme support team"))
    assert not is_long_enough("incomprehensibilities notwithstanding everything")
    assert is_long_enough(
        "很抱歉造成您的困擾這有可能是您安裝的自訂鍵盤有一段時間未更新的關係我們建議您到商店確認一下是否更新"
    )


def test_only_the_words_of_a_body_make_its_digest():
    body, other = (parts_of(each).body(each) for each in (TEMPLATE, SIGNED_BY_ANOTHER))
    assert digest(body) == digest(other)
    assert digest(TEMPLATE) != digest(SIGNED_BY_ANOTHER)
    assert digest("We are  sorry!") == digest("we are sorry")


@given(TEXTS, TEXTS)
def test_bits_are_as_alike_as_sets(one, other):
    shelf, sets = Shelf(), (trigrams(one), trigrams(other))
    bits = [shelf.bits(each) for each in sets]
    assert similarity_of_bits(*bits) == similarity(*sets) == similarity(*sets[::-1])
    assert 0 <= similarity(*sets) <= 1
    assert (similarity(*sets) == 1) == (sets[0] == sets[1] != frozenset())
    assert contained(*bits) == (len(sets[0] & sets[1]) / len(sets[0]) if sets[0] else 0)


@given(TEXTS)
def test_trigrams_are_stored_and_read_back(text):
    found = trigrams(text)
    assert unpacked(packed(found)) == found


@pytest.mark.postgres
async def test_texts_are_as_alike_as_postgresql_says(alerting_url):
    connection = await asyncpg.connect(alerting_url)
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        for other in (TEMPLATE_OF_ANOTHER, REWORDED, *BY_PEOPLE):
            theirs = await connection.fetchval("SELECT similarity($1, $2)", TEMPLATE, other)
            assert raw(TEMPLATE, other) == pytest.approx(theirs, abs=1e-6)
    finally:
        await connection.close()
