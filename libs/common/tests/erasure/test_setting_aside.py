"""Records that are set aside on the real runner keep nothing of what was erased, in any order."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import msgspec
import pytest

from plaudit.common.contracts import REVIEWS, ReviewChange, ReviewState, Topic
from plaudit.common.db import Database, OrderKey, Tx
from plaudit.common.erasure import Erased, jobs, store
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.events import Outgoing
from plaudit.common.ids import uuid7
from plaudit.common.kafka import worker
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.subscription import Record, Subscription
from plaudit.common.settings import Settings
from plaudit_testing.draining import drain
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.review_events import pending_envelope, review_state
from plaudit_testing.runtime import outbox_of, running
from plaudit_testing.runtime_fixtures import MakeTopic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

WORDS = "quibblefrotz"
SPOKEN = review_state(2, title=WORDS, text=WORDS, person=f"native:{WORDS}", external_id=WORDS)


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BACK_OFF_SECONDS", 0.001)
    for module in (store, jobs):
        monkeypatch.setattr(module, "SETTLING", timedelta())


def by_review(record: Record[ReviewChange]) -> Iterable[OrderKey]:
    return (record.event.data.review_id,)


async def raise_on_words(_tx: Tx, records: Sequence[Record[ReviewChange]]) -> Sequence[Outgoing]:
    """Raise on a review that says something, and quote it."""
    for record in records:
        after = record.event.data.after
        if after is not None and after.text == WORDS:
            raise ZeroDivisionError(after.text)
    return ()


def consumer(settings: Settings, database: Database, topic: Topic) -> ConsumerLoop[ReviewChange]:
    subscription = Subscription(
        group="raising", topic=topic, data=ReviewChange, handle=raise_on_words, order_keys=by_review
    )
    return ConsumerLoop(subscription, database, outbox_of(settings).append, settings)


async def tell(
    feed: Feed, review_id: str, before: ReviewState | None, after: ReviewState | None, kind: str | None = None
) -> None:
    whole = msgspec.json.decode(pending_envelope(before, after, review_id=review_id))
    await feed.numbered(0, msgspec.json.encode(whole | ({"type": kind} if kind else {})))


async def letters(database: Database) -> list[tuple[str, str, str]]:
    """Reason, value and error of each letter."""
    async with database.transaction() as tx:
        rows = await tx.raw.fetch("SELECT reason, value, error FROM dead_letters ORDER BY record_offset")
    return [(row["reason"], row["value"].decode(), row["error"]) for row in rows]


async def nothing_left(_tx: Tx, _erased: Erased) -> int:
    return 0


async def job_ends(database: Database) -> None:
    job = ErasureJob(database, nothing_left)
    while await job.has_work():
        await job.turn()


async def test_letters_are_scrubbed_although_the_erasure_itself_is_held_back(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = replace(await make_topic(), types=MappingProxyType(dict(REVIEWS.types)))
    erased, other = str(uuid7()), str(uuid7())
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        await tell(feed, erased, None, SPOKEN)
        await tell(feed, other, None, SPOKEN)
        await drain(loop)
        before = await letters(database)
        assert [reason for reason, _, _ in before] == ["failed", "failed"]
        assert all(WORDS in value and WORDS in error for _, value, error in before)

        await tell(feed, erased, review_state(2, title=None, text=None), None, "review.erased")
        await tell(feed, erased, None, SPOKEN)
        await drain(loop)
        await job_ends(database)
    failed, others, held, replayed = await letters(database)
    assert (failed[0], held[0], replayed[0]) == ("failed", "held", "held")
    assert others == before[1]
    for _, value, error in (failed, held, replayed):
        assert WORDS not in value
        assert error == "erased"
        assert msgspec.json.decode(value)["data"]["review_id"] == erased
    assert msgspec.json.decode(failed[1])["data"]["after"]["rating"] == 2


async def test_what_cannot_be_read_and_names_an_erased_review_is_emptied(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = replace(await make_topic(), types=MappingProxyType(dict(REVIEWS.types)))
    erased = str(uuid7())
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        await feed.raw(0, f'{{"review_id":"{erased}","text":"{WORDS}'.encode())
        await feed.raw(0, f'{{"review_id":"{uuid7()}","text":"another'.encode())
        await tell(feed, erased, None, None, "review.erased")
        await drain(loop)
        # The handler of a service notes it; this one notes nothing, and a record that is set aside does.
        await tell(feed, erased, None, SPOKEN)
        await tell(feed, erased, review_state(2), None, "review.erased")
        await drain(loop)
        await job_ends(database)
    unreadable, another, *_ = await letters(database)
    assert unreadable == ("invalid", "", "erased")
    assert "another" in another[1]
