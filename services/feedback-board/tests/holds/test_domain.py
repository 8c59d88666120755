"""Which posts wait for a look."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plaudit.common.ids import uuid7
from plaudit.feedback_board.holds.domain import (
    HoldReason,
    Post,
    PostKind,
    Rules,
    Standing,
    count_links,
    has_word,
    reasons_to_hold,
    seems_to_be,
    shown_since,
)

TWO_SECONDS = timedelta(seconds=2)


def reasons(rules: Rules | None = None, standing: Standing | None = None, again: bool = False, **fields: Any) -> Any:
    post = Post(**{"kind": PostKind.COMMENT, "person_key": "visitor:1", "text": "We wait for this too.", **fields})
    return reasons_to_hold(post, rules or Rules(), standing=standing, is_again=again)


def test_an_ordinary_post_is_public_at_once() -> None:
    assert reasons() == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": "http://a.example http://b.example www.c.example"}, HoldReason.LINKS),
        ({"text": "👍 +1 !!!"}, HoldReason.NO_LETTERS),
        ({"again": True}, HoldReason.SAME_AGAIN),
        ({"trap": "x"}, HoldReason.TRAP),
        ({"least_shown": TWO_SECONDS, "shown_for": timedelta(seconds=1.9)}, HoldReason.TOO_FAST),
        ({"least_shown": TWO_SECONDS, "shown_for": None}, HoldReason.TOO_FAST),
        ({"least_shown": TWO_SECONDS, "shown_for": timedelta(seconds=-5)}, HoldReason.TOO_FAST),
        ({"text": "Win at the C\u200bASINO now", "rules": Rules(blocked_words=["casino"])}, HoldReason.BLOCKED_WORD),
        ({"rules": Rules(first_of_visitors=True)}, HoldReason.FIRST_POST),
        ({"name": "The Team"}, HoldReason.NAME),
        ({"name": "\uff2eorthwind", "names_taken": ["Northwind"]}, HoldReason.NAME),
    ],
)
def test_each_rule_holds_what_breaks_it_alone_and_nothing_of_who_is_trusted(
    fields: dict[str, Any], reason: HoldReason
) -> None:
    assert reasons(**fields) == [reason]
    assert reasons(**{**fields, "standing": Standing.TRUSTED}) == []


def test_only_the_first_post_of_a_visitor_waits_and_none_of_who_is_signed_in() -> None:
    rules = Rules(first_of_visitors=True)
    assert reasons(rules, Standing.KNOWN) == []
    assert reasons(rules, person_key="native:anna") == []


def test_a_form_that_was_shown_long_enough_is_no_reason() -> None:
    assert reasons(least_shown=TWO_SECONDS, shown_for=TWO_SECONDS) == []


def test_a_link_counts_once_however_it_is_written() -> None:
    assert count_links("see https://www.example.com/a?b=www.c and shop.xyz, not e.g. or 1.5") == 2


def test_a_blocked_word_is_a_word_of_its_own() -> None:
    assert has_word("CASINO!", ["casino"])
    assert has_word("a free  Gift-Card", ["gift card"])
    assert not has_word("casinos", ["casino"])


def test_a_short_name_within_another_is_another() -> None:
    assert seems_to_be("ada", ["Ada"])
    assert seems_to_be("Ada K.", ["Ada"])
    assert not seems_to_be("Adalbert", ["Ada"])
    assert seems_to_be("North-wind Help", ["Northwind"])


def test_the_id_of_a_form_says_when_it_was_shown() -> None:
    shown = shown_since(uuid7().hex)
    assert shown is not None
    assert abs(shown - datetime.now(UTC)) < timedelta(minutes=1)
    for other in ("", "x", "0" * 32, "00000000-0000-4000-8000-000000000000"):
        assert shown_since(other) is None
