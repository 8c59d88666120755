"""The group of answers on the real runner: the same after a restart in the middle, a replay and a rebuilding."""

import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.process import Resources
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing.answered import BEGINNING, HOUR, Told, lived
from plaudit_testing.draining import drain
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.review_events import pending_envelope, review_state
from plaudit_testing.runtime import running

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

PARTITIONS = 2
HELD = (
    "SELECT * FROM answer_reviews ORDER BY 1, 2",
    "SELECT * FROM answer_places ORDER BY 1, 2, 3, 4, 5",
    "SELECT * FROM answer_sources ORDER BY 1, 2",
    "SELECT partition, epoch, sequence, known_us FROM answer_starts ORDER BY 1",
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
    """Let the group apply everything that the topic holds now, and stop it."""
    loop = ConsumerLoop(ANSWERS, worker, resources.outbox.append, resources.settings)
    async with running(loop):
        await drain(loop)


async def publish(feed: Feed, events: Sequence[Told]) -> None:
    """Events, those of a review on one partition."""
    for told in events:
        pending = pending_envelope(
            told.before,
            told.after,
            review_id=told.review_id,
            revision=told.revision,
            event_type=told.type,
            time=told.time,
            answers=told.answers,
        )
        await feed.numbered(int(told.review_id[-1], 16) % PARTITIONS, pending)


async def held(worker: Database) -> list[list[tuple[Any, ...]]]:
    async with worker.transaction() as tx:
        return [[tuple(row) for row in await tx.raw.fetch(each)] for each in HELD]


async def test_a_restart_a_replay_and_a_rebuilding_end_the_same(
    feed: Feed, resources: Resources[ScoringSettings], worker: Database, superuser
) -> None:
    chance = random.Random(3)
    lives = [lived(chance, BEGINNING + chance.randrange(900) * HOUR) for _ in range(40)]
    await publish(feed, [told for life in lives for told in life[: len(life) // 2]])
    await apply_all(resources, worker)
    half = await held(worker)
    await publish(feed, [told for life in lives for told in life[len(life) // 2 :]])
    await apply_all(resources, worker)
    wanted = await held(worker)
    assert all(half)
    assert [len(rows) for rows in wanted] > [len(rows) for rows in half]
    assert [row[2] for row in wanted[3]] == [1, 1]

    await superuser.execute("UPDATE scoring.positions SET next_offset = 0")
    await apply_all(resources, worker)
    assert await held(worker) == wanted

    tables = ("answer_reviews", "answer_places", "answer_sources", "answer_starts", "positions")
    await superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in tables)}")
    await apply_all(resources, worker)
    assert await held(worker) == wanted


async def test_what_cannot_be_counted_is_set_aside_and_the_next_review_is_kept(
    feed: Feed, resources: Resources[ScoringSettings], worker: Database
) -> None:
    states = [review_state(5.5), review_state(5.0)]
    await publish(feed, [Told(f"01956d00-0000-7000-8000-00000000010{n}", 1, "review.created", BEGINNING, None, state)
                         for n, state in enumerate(states)])  # fmt: skip
    await apply_all(resources, worker)

    async with worker.transaction() as tx:
        [letter] = await tx.raw.fetch("SELECT consumer_group, reason, error FROM dead_letters")
        assert await tx.raw.fetchval("SELECT count(*) FROM answer_reviews") == 1
    assert (letter["consumer_group"], letter["reason"]) == (ANSWERS.group, "invalid")
    assert "off the scale" in letter["error"]
