"""Another process decides about rows as this one would, and what it tells can be written as it is."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from plaudit.common.ids import uuid7
from plaudit.common.outbox import Outbox
from plaudit.ingest.hooks import commands as hooks
from plaudit.ingest.hooks.domain import Receipt
from plaudit.ingest.imports.commands import MAX_PREPARED_AGE, Terms
from plaudit.ingest.imports.jobs.deciding import Decider
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.reviews.domain.decisions import Backfill
from plaudit.ingest.sorting.domain.rules import RulesInForce, SortingRules
from plaudit.ingest.sources.domain import Answers, KeyedSource
from plaudit_testing.runtime import until

NOW = datetime(2026, 6, 1, 12, 0, 0, 123_456, tzinfo=UTC)
SOURCE = KeyedSource(
    tenant_id="t",
    id="0198c0de-0000-7000-8000-000000000001",
    name="n",
    platform="native",
    subject="acme",
    secret="x",
    created_at=NOW,
    person_key=b"k",
)
TERMS = Terms(
    source=SOURCE,
    in_force=RulesInForce(rules=SortingRules(more_drastic={"safety": "zebra <1> me"})),
    answers=Answers.TOLD,
    backfill=Backfill.ALL,
    removals_are_final=True,
)
PARTITIONS = 16


def created(external_id: str, **data: Any) -> dict[str, Any]:
    review = {"id": external_id, "rating": 1, "published_at": "1970-01-01T00:00:00.000001Z", **data}
    return {"type": "review.created", "data": review}


def bodies(*deliveries: list[dict[str, Any]]) -> list[tuple[str, bytes]]:
    return [(f"msg_{number}", msgspec.json.encode(events)) for number, events in enumerate(deliveries)]


NEW = bodies(
    [
        created("a", text="The zebra bit me. \U0001f621", version=2**53 + 1, author={"email": "a@b.example"}),
        created("off", rating=9),
        created("a", text="Not so bad after all, I would say by now.", rating=4, version=2**62),
    ],
    [created("b", answer={"text": "Sorry", "published_at": "2026-01-01T00:00:00Z"}, tags=["x"], verified=True)],
)


@pytest.fixture(scope="module")
def decider() -> Iterator[Decider]:
    """A process for all tests that do not end it: it takes a while to start."""
    started = Decider(PARTITIONS)
    yield started
    started.close()


def without_ids(arguments: Any) -> Any:
    """What is written, with made ids and the envelopes' own by their place."""
    ids: dict[str, int] = {}

    def told(value: Any) -> Any:
        if isinstance(value, bytes) and value.startswith(b'{"id":'):
            envelope = msgspec.json.decode(value)
            return {
                **envelope,
                "id": None,
                "data": {**envelope["data"], "review_id": told(envelope["data"]["review_id"])},
            }
        if isinstance(value, str) and len(value) == len(SOURCE.id) and value.count("-") == 4:
            return ids.setdefault(value, len(ids))
        return value

    return [[told(value) for value in each] for each in arguments]


def said(receipt: Receipt) -> tuple[object, ...]:
    outcome = receipt.outcome
    return outcome.accepted, outcome.unchanged, outcome.quarantined, receipt.duplicate


def test_another_process_tells_what_this_one_would_write(decider: Decider):
    prepared = decider.prepare(TERMS, NOW, NEW)
    assert prepared is not None
    read = ADAPTERS["native"].read
    rules = TERMS.in_force.compiled()
    deliveries = [TERMS.delivery(str(uuid7()), sent, body, read(body, SOURCE), rules) for sent, body in NEW]
    here = hooks.prepare(NOW, Outbox("ingest", PARTITIONS, uuid7), uuid7, deliveries)
    assert here is not None
    receipts, arguments = here
    assert without_ids(prepared.arguments) == without_ids(arguments)
    assert [said(each) for each in prepared.receipts] == [said(each) for each in receipts]
    assert prepared.holds(TERMS, NOW + MAX_PREPARED_AGE)
    assert not prepared.holds(TERMS, NOW + 2 * MAX_PREPARED_AGE)
    assert not prepared.holds(msgspec.structs.replace(TERMS, answers=Answers.UNTOLD), NOW)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "review.removed", "data": {"id": "a"}},
        {"type": "review.edited", "data": {"id": "a", "rating": 2}},
    ],
)
def test_what_depends_on_a_stored_review_is_not_told(decider: Decider, event: dict[str, Any]):
    assert decider.prepare(TERMS, NOW, bodies([event])) is None
    assert decider.prepare(TERMS, NOW, NEW) is not None


def test_an_error_is_left_to_whoever_asked(decider: Decider):
    assert decider.prepare(TERMS, NOW, [("msg", b"no JSON")]) is None
    assert decider.prepare(TERMS, NOW, NEW) is not None


async def test_a_process_ends_with_whoever_started_it_and_tells_nothing_more():
    decider = Decider(PARTITIONS)
    assert decider.prepare(TERMS, NOW, NEW) is not None
    process = decider._process
    assert process.stdin is not None
    process.stdin.close()
    await until(lambda: process.poll() is not None, "it has ended")
    assert process.returncode == 0
    decider.close()


def test_a_process_that_is_killed_tells_nothing_more():
    decider = Decider(PARTITIONS)
    assert decider.prepare(TERMS, NOW, NEW) is not None
    os.kill(decider.pid, signal.SIGKILL)
    assert decider.prepare(TERMS, NOW, NEW) is None
    assert decider.prepare(TERMS, NOW, NEW) is None
    decider.close()
