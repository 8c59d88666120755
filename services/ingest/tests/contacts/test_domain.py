from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from plaudit.ingest.contacts.domain import Consent, is_address, next_consent

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["ada@example.com", " ada@example.com ", "ada+shop@example.com", "ada@bücher.example", "<ada@example.com>"]
)
def test_one_address_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "ada", "ada@", "@example.com", "a@b@c", "ada@example.com,bob@example.com", "ada@example"),
        *("ada@example.com\nBcc: bob@example.com", "ada lovelace@example.com", "a" * 250 + "@example.com"),
    ],
)
def test_what_could_be_two_or_none_is_none(text: str) -> None:
    assert not is_address(text)


def test_the_latest_statement_counts_in_any_order_of_arrival() -> None:
    statements = [
        (Consent.GRANTED, NOW),
        (Consent.DENIED, NOW + timedelta(days=2)),
        (Consent.GRANTED, NOW + timedelta(days=1)),
        (Consent.GRANTED, NOW + timedelta(days=2)),
        (Consent.UNKNOWN, NOW + timedelta(days=9)),
    ]
    for order in permutations(statements):
        known: tuple[Consent, datetime | None] = (Consent.UNKNOWN, None)
        for statement in order:
            known = next_consent(*known, *statement)
        assert known == (Consent.DENIED, NOW + timedelta(days=2))
