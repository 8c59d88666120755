"""Who may be written to, and whose the link of a preferences page is."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.consent import (
    Choice,
    ConsentEntry,
    Source,
    is_signed,
    new_token,
    read_token,
    wants_nothing,
    why_not,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = b"k" * 32


def entry(topic, channel, choice, minutes):
    return ConsentEntry("default", "p", topic, channel, choice, Source.PREFERENCES, NOW + timedelta(minutes=minutes))


def test_nothing_said_is_no_consent_and_no_objection():
    assert why_not([], "invitation", "email", needs_consent=True) == "the person has not opted in"
    assert why_not([], "board.shipped", "email", needs_consent=False) == ""


def test_the_last_word_counts_in_any_order_of_arrival():
    said = [
        entry("invitation", "email", Choice.IN, 0),
        entry("invitation", "email", Choice.OUT, 1),
        entry("invitation", "email", Choice.IN, 2),
        entry("*", "*", Choice.OUT, 3),
        entry("invitation", "email", Choice.IN, 4),
    ]
    for known in range(len(said) + 1):
        expected = "" if known in {1, 3, 5} else "not"
        for each in permutations(said[:known]):
            assert bool(why_not(each, "invitation", "email", needs_consent=True)) is bool(expected), known


def test_who_wants_nothing_wants_it_until_they_opt_in_again():
    said = [
        entry("invitation", "email", Choice.IN, 0),
        entry("*", "*", Choice.OUT, 1),
        entry("invitation", "email", Choice.OUT, 2),
        entry("*", "email", Choice.OUT, 3),
        entry("incident", "email", Choice.IN, 4),
        entry("invitation", "*", Choice.OUT, 5),
    ]
    for known in range(len(said) + 1):
        for each in permutations(said[:known]):
            assert wants_nothing(each) is (known in {2, 3, 4}), known


def test_an_opt_out_counts_where_an_opt_in_has_the_same_time():
    assert wants_nothing([entry("*", "*", Choice.OUT, 1), entry("invitation", "email", Choice.IN, 1)])


@pytest.mark.parametrize(
    ("topic", "channel", "concerns"),
    [
        ("board", "email", True),
        ("board.shipped", "email", True),
        ("*", "*", True),
        ("board", "slack", False),
        ("board.shipped.more", "email", False),
        ("cadence", "email", False),
    ],
)
def test_an_objection_concerns_its_topic_what_is_below_it_and_its_channel(topic, channel, concerns):
    said = [entry(topic, channel, Choice.OUT, 0)]
    assert bool(why_not(said, "board.shipped", "email", needs_consent=False)) is concerns


def test_at_one_instant_an_objection_counts():
    said = [entry("a", "email", Choice.OUT, 0), entry("a", "email", Choice.IN, 0)]
    assert why_not(said, "a", "email", needs_consent=True)
    assert why_not(said[::-1], "a", "email", needs_consent=True)


@given(
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=40),
    st.text("0123456789abcdef", min_size=1, max_size=64),
)
def test_a_link_says_whose_it_is_and_only_the_tenants_key_makes_it(tenant_id, person_key):
    link = read_token(new_token(KEY, tenant_id, person_key))
    assert link is not None
    assert (link.tenant_id, link.person_key) == (tenant_id, person_key)
    assert is_signed(link, KEY)
    assert not is_signed(link, b"x" * 32)
    assert not is_signed(msgspec.structs.replace(link, person_key=f"{person_key}0"), KEY)


@given(st.text(max_size=200) | st.binary(max_size=90).map(lambda raw: raw.hex()))
def test_no_text_makes_reading_a_link_fail(token):
    link = read_token(token)
    assert link is None or not is_signed(link, KEY)


def test_of_several_spellings_of_a_link_one_counts():
    token = new_token(KEY, "default", "abc")
    assert read_token(f"{token}=") is None
    assert read_token(token[:-1]) is None or not is_signed(read_token(token[:-1]), KEY)
