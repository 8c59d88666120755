"""What is decided of rows before anything is read is what would have been decided afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from plaudit.common.ids import uuid7
from plaudit.ingest.hooks.domain import Delivery, Group, KnownReview, Receipt, ReviewKey
from plaudit.ingest.imports.commands import MAX_OUTLOOK_AGE, Outlook, Terms
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.reviews.domain.decisions import Backfill
from plaudit.ingest.sorting.domain.rules import RulesInForce, SortingRules
from plaudit.ingest.sources.domain import Answers, KeyedSource

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SOURCE = KeyedSource(
    tenant_id="t", id="s-1", name="n", platform="native", subject="acme", secret="x", created_at=NOW, person_key=b"k"
)
DRASTIC = RulesInForce(rules=SortingRules(more_drastic={"safety": "zebra <1> me"}))


def created(external_id: str, text: str, rating: float = 1) -> dict[str, Any]:
    data = {"id": external_id, "rating": rating, "published_at": "2026-02-14T10:15:30Z", "text": text}
    return {"type": "review.created", "data": data}


def removed(external_id: str) -> dict[str, Any]:
    return {"type": "review.removed", "data": {"id": external_id}}


def terms(in_force: RulesInForce = DRASTIC) -> Terms:
    return Terms(
        source=SOURCE, in_force=in_force, answers=Answers.TOLD, backfill=Backfill.NONE, removals_are_final=True
    )


def outlook() -> Outlook:
    return Outlook(terms(), DRASTIC.compiled(), NOW)


def taken(
    events: list[dict[str, Any]], known: dict[ReviewKey, KnownReview], *, is_foreseen: bool
) -> tuple[Receipt, list[Any]]:
    """The answer, and all that is written, but for ids."""
    body = msgspec.json.encode(events)
    items = ADAPTERS["native"].read(body, SOURCE)
    ahead = outlook()
    foreseen = ahead.foresee(items, set(), uuid7) if is_foreseen else ()
    assert not is_foreseen or any(foreseen)
    delivery = Delivery(
        id="d", source=SOURCE, sent_id=None, headers="{}", body=body, events=items, rules=ahead.rules, foreseen=foreseen
    )
    group = Group(NOW, uuid7, {}, {**dict.fromkeys(delivery.review_keys), **known})
    receipt = group.take(delivery)
    numbers: dict[str, int] = {}
    written = []
    for new in group.revisions:
        number = numbers.setdefault(new.stored.review_id, len(numbers))
        change = None if new.change is None else (new.change.before, new.change.after, new.change.revision)
        written.append((number, new.type, new.stored.revision, new.stored.removed, new.stored.state, change))
    return receipt, written


@pytest.mark.parametrize("is_known", [False, True])
def test_what_was_foreseen_is_what_is_decided(is_known: bool):
    events = [
        created("a", "The zebra bit me."),
        created("b", "Lovely"),
        created("a", "Not so bad after all", 4),
        created("off", "x", 9),
        removed("gone"),
        created("gone", "It is gone"),
        {"type": "review.edited", "data": {"id": "e", "rating": 2}},
        {"type": "review.unheard_of", "data": {}},
    ]
    known: dict[ReviewKey, KnownReview] = {}
    if is_known:
        group = Group(NOW, uuid7, {}, {("s-1", "b"): None})
        items = ADAPTERS["native"].read(msgspec.json.encode(created("b", "Before", 3)), SOURCE)
        group.take(Delivery(id="d", source=SOURCE, sent_id=None, headers="{}", body=b"", events=items))
        known = {("s-1", "b"): group.latest["s-1", "b"].stored}
    assert taken(events, known, is_foreseen=True) == taken(events, known, is_foreseen=False)


def test_other_rules_or_a_minute_make_a_decision_be_made_again():
    ahead = outlook()
    assert ahead.holds(terms(), NOW + MAX_OUTLOOK_AGE)
    assert not ahead.holds(terms(), NOW + MAX_OUTLOOK_AGE + timedelta(seconds=1))
    assert not ahead.holds(terms(RulesInForce()), NOW)
