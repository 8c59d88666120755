"""The script of the page and the server agree about proofs, and about nothing else."""

import itertools
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from plaudit.feedback_board.visitors.domain.proof import PROOF_MAX_CHARACTERS, has_zero_bits, new_challenge, proven_act

KEY, NOW = b"k" * 32, datetime(2026, 3, 7, 9, 59, 59, tzinfo=UTC)


def proof(challenge: str, bits: int = 4) -> str:
    return next(text for n in itertools.count() if has_zero_bits(text := f"{challenge}.{n}", bits))


@pytest.mark.parametrize("bits", [1, 7, 8, 9])
def test_zero_bits_are_counted_from_the_first(bits: int) -> None:
    text = next(text for n in itertools.count() if has_zero_bits(text := str(n), bits))
    assert f"{int(sha256(text.encode()).hexdigest(), 16):0256b}".startswith("0" * bits)


def test_two_challenges_are_two_acts_and_one_is_one() -> None:
    first, second = new_challenge(KEY, "vote", NOW), new_challenge(KEY, "vote", NOW)
    found = {proven_act(KEY, "vote", proof(each), 4, NOW) for each in (first, second)}
    assert None not in found
    assert len(found) == 2
    counters = (text for n in itertools.count() if has_zero_bits(text := f"{first}.{n}", 4))
    acts = {proven_act(KEY, "vote", each, 4, NOW) for each in itertools.islice(counters, 3)}
    assert len(acts) == 1


def test_a_challenge_is_for_its_kind_tenant_and_hour() -> None:
    good = proof(new_challenge(KEY, "vote", NOW))
    assert proven_act(KEY, "vote", good, 4, NOW)
    assert proven_act(KEY, "request", good, 4, NOW) is None
    assert proven_act(b"x" * 32, "vote", good, 4, NOW) is None
    assert proven_act(KEY, "vote", good, 4, NOW.replace(hour=10)) is None
    assert len(good) < PROOF_MAX_CHARACTERS


def test_a_proof_of_fewer_bits_is_none() -> None:
    challenge = new_challenge(KEY, "vote", NOW)
    few = next(
        text for n in itertools.count() if has_zero_bits(text := f"{challenge}.{n}", 2) and not has_zero_bits(text, 3)
    )
    assert proven_act(KEY, "vote", few, 3, NOW) is None
    assert proven_act(KEY, "vote", few, 2, NOW)
