"""The tokens of links: only ours are read, and each has one spelling."""

import string
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.standard_webhooks import new_secret
from plaudit.ingest.surveys.domain.links import (
    TOKEN_CHARS,
    is_signed,
    link_keys,
    new_token,
    read_token,
    token_hash,
)

SURVEY, INVITATION = UUID(int=7), UUID(int=9)
EXPIRES = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
[KEY] = link_keys(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="])
TOKEN = new_token(KEY, SURVEY, INVITATION, EXPIRES)
ALPHABET = string.ascii_letters + string.digits + "-_"


def test_a_token_says_what_it_was_made_of_and_is_the_same_each_time():
    link = read_token(TOKEN)
    assert link is not None
    assert (link.survey_id, link.invitation_id, link.expires_at) == (SURVEY, INVITATION, EXPIRES)
    assert is_signed(link, [KEY])
    assert new_token(KEY, SURVEY, INVITATION, EXPIRES) == TOKEN
    assert len(TOKEN) == TOKEN_CHARS


@pytest.mark.parametrize("place", range(TOKEN_CHARS))
def test_a_token_with_any_other_character_is_not_signed(place: int):
    for other in ALPHABET:
        if other == TOKEN[place]:
            continue
        link = read_token(TOKEN[:place] + other + TOKEN[place + 1 :])
        assert link is None or not is_signed(link, [KEY]), other


def test_a_link_counts_while_one_of_the_secrets_does():
    link = read_token(TOKEN)
    assert link is not None
    others = link_keys([new_secret(), new_secret()])
    assert is_signed(link, [*others, KEY])
    assert not is_signed(link, others)
    assert not is_signed(link, [])


@given(st.text(max_size=80) | st.text(ALPHABET + "+/=. ", min_size=TOKEN_CHARS, max_size=TOKEN_CHARS))
def test_no_other_text_is_a_signed_token(text: str):
    link = read_token(text)
    assert link is None or not is_signed(link, [KEY])


@pytest.mark.parametrize("text", [TOKEN + "=", TOKEN[:-1], f" {TOKEN}", TOKEN.upper(), "é" * TOKEN_CHARS, ""])
def test_another_spelling_is_another_token(text: str):
    link = read_token(text)
    assert link is None or not is_signed(link, [KEY])
    assert token_hash(text) != token_hash(TOKEN)
