"""The group of insight on the real runner: apart from the others, and the same after a replay and a rebuilding."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from plaudit.common.contracts import REVIEWS, ReviewState
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.process import Resources
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.draining import drain
from plaudit_testing.erasing import holders
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.review_events import pending_envelope
from plaudit_testing.runtime import running

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

Spoken = Callable[..., ReviewState]
PARTITIONS = 2
WORD = "quibblefrotz"
HELD = (
    "SELECT prefix, persona, day, low, high, delivery_rated FROM insight_days WHERE low + high > 0 ORDER BY 1, 2, 3",
    "SELECT prefix, polarity, day, review_id FROM insight_places ORDER BY 1, 2, 3, 4",
    "SELECT review_id, revision, stems, words FROM insight_reviews ORDER BY 1",
)


@pytest.fixture
def more_settings(kafka_server) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


@pytest.fixture
async def feed(resources: Resources[ScoringSettings], kafka_topics) -> AsyncIterator[Feed]:
    """The topic's one writer, as ingest's relay is."""
    await kafka_topics.recreate({REVIEWS.name: PARTITIONS})
    async with feeding(resources.settings, REVIEWS) as opened:
        yield opened


async def apply_all(resources: Resources[ScoringSettings], worker: Database) -> None:
    """Let the group apply everything that the topic holds now."""
    loop = ConsumerLoop(INSIGHT, worker, resources.outbox.append, resources.settings)
    async with running(loop):
        await drain(loop)


async def lives(feed: Feed, *states: ReviewState | None, partition: int = 0, is_erased: bool = False) -> None:
    """One review goes through these states, and may be erased at the end."""
    review_id = str(uuid7())
    for revision, (before, after) in enumerate(zip([None, *states], states, strict=False), start=1):
        pending = pending_envelope(before, after, review_id=review_id, revision=revision)
        if is_erased and revision == len(states):
            pending = msgspec.json.encode({**msgspec.json.decode(pending), "type": "review.erased"})
        await feed.numbered(partition, pending)


async def held(worker: Database) -> list[list[tuple[Any, ...]]]:
    async with worker.transaction() as tx:
        return [[tuple(row) for row in await tx.raw.fetch(each)] for each in HELD]


async def test_a_replay_and_a_rebuilding_end_the_same_and_no_erased_word_comes_back(
    feed: Feed, resources: Resources[ScoringSettings], worker: Database, superuser, said: Spoken
) -> None:
    low, high = said(1, "The parcel was late.", topics=("delivery",)), said(5, "Quick help.", subject="acme")
    await lives(feed, low, high)
    await lives(feed, low, None, low, partition=1)
    await lives(feed, low, None)
    await lives(feed, said(2, f"The {WORD} was late."), None, partition=1, is_erased=True)
    await apply_all(resources, worker)
    wanted = await held(worker)
    assert [len(rows) for rows in wanted] == [2, 3, 4]

    await superuser.execute("UPDATE scoring.positions SET next_offset = 0")
    await apply_all(resources, worker)
    assert await held(worker) == wanted

    tables = ("insight_reviews", "insight_places", "insight_days", "positions")
    await superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in tables)}")
    await apply_all(resources, worker)
    assert await held(worker) == wanted
    async with worker.transaction() as tx:
        assert await holders(tx.raw, "scoring", WORD) == []


async def test_what_cannot_be_counted_is_set_aside_and_the_next_review_is_kept(
    feed: Feed, resources: Resources[ScoringSettings], worker: Database, said: Spoken
) -> None:
    await lives(feed, said(5.5, "The parcel was late."))
    await lives(feed, said(1, "The parcel was late."))
    await apply_all(resources, worker)

    async with worker.transaction() as tx:
        [letter] = await tx.raw.fetch("SELECT consumer_group, reason, error FROM dead_letters")
        assert await tx.raw.fetchval("SELECT count(*) FROM insight_reviews") == 1
    assert (letter["consumer_group"], letter["reason"]) == (INSIGHT.group, "invalid")
    assert "off the scale" in letter["error"]


def test_the_service_runs_the_group_beside_the_others(resources: Resources[ScoringSettings]) -> None:
    groups = [subscription.group for subscription in build(resources).subscriptions]
    assert groups == [LIVE.group, HISTORY.group, INSIGHT.group, ANSWERS.group]
