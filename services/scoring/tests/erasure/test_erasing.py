"""Reviews are erased: their figures are subtracted exactly, and neither a replay nor a letter brings a word back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common.contracts import REVIEWS, ReviewState
from plaudit.common.db import Database
from plaudit.common.erasure import RUNTIME_STORES, store
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.ids import uuid7
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.process import Resources
from plaudit.scoring.erasure.commands import scrub
from plaudit.scoring.erasure.domain import STORES
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.main import build
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.topics.domain import ERASED, topics_in_one
from plaudit_testing.draining import drain
from plaudit_testing.erasing import holders, scrub_all, tables_of
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.review_events import PUBLISHED, pending_envelope, review_state
from plaudit_testing.runtime import running

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

PARTITIONS = 2
WORDS = "quibblefrotz"


@pytest.fixture
def more_settings(kafka_server) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SETTLING", timedelta())


@pytest.fixture
async def feed(resources: Resources[ScoringSettings], kafka_topics) -> AsyncIterator[Feed]:
    """The topic's one writer, as ingest's relay is."""
    await kafka_topics.recreate({REVIEWS.name: PARTITIONS})
    async with feeding(resources.settings, REVIEWS) as opened:
        yield opened


async def apply(resources: Resources[ScoringSettings], worker: Database, *subscriptions: Any) -> None:
    """Let groups apply everything that the topic holds now, one after the other."""
    for subscription in subscriptions:
        loop = ConsumerLoop(subscription, worker, resources.outbox.append, resources.settings)
        async with running(loop):
            await drain(loop)


def spoken(rating: float, **fields: Any) -> ReviewState:
    return review_state(
        rating, title=WORDS, text=WORDS, person=f"native:{WORDS}", external_id=WORDS, tags=(WORDS,), **fields
    )


def erased(before: ReviewState | None, review_id: str, revision: int) -> bytes:
    """The event that a review was erased, with the figures that were published, if any were."""
    figures = before and msgspec.structs.replace(
        before, title=None, text=None, person=None, external_id="erased", tags=()
    )
    whole = msgspec.json.decode(pending_envelope(figures, None, review_id=review_id, revision=revision))
    return msgspec.json.encode({**whole, "type": "review.erased"})


async def lives(feed: Feed, *states: ReviewState | None, partition: int = 0, erase: bool = True) -> str:
    """One review goes through these states, and is erased."""
    review_id, revision = str(uuid7()), 0
    for before, after in zip([None, *states], states, strict=False):
        revision += 1
        pending = pending_envelope(before, after, review_id=review_id, revision=revision)
        await feed.numbered(partition, pending)
    if erase:
        await feed.numbered(partition, erased(states[-1], review_id, revision + 1))
    return review_id


async def figures(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Subject → its figures; a score as what a reading some seconds later agrees with."""
    items = (await api.get("/v1/scores")).json()["items"]
    names = ("count", "distribution", "score")
    return {item["subject"]: {name: pytest.approx(item[name], abs=1e-6) for name in names} for item in items}


async def values(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    items = (await api.get("/v1/scores")).json()["items"]
    return {item["subject"]: {name: item[name] for name in ("count", "distribution", "score")} for item in items}


async def scrubbed(worker: Database) -> list[str]:
    """The tables that hold a word once the job has done all there is to do."""
    await scrub_all(worker, scrub)
    async with worker.transaction() as tx:
        return await holders(tx.raw, "scoring", WORDS)


async def test_what_was_erased_is_subtracted_exactly_and_a_replay_of_the_whole_topic_ends_the_same(
    api: httpx.AsyncClient, feed: Feed, resources, worker: Database, superuser
) -> None:
    await lives(feed, review_state(5), erase=False)
    await lives(feed, review_state(2, "acme/hamburg"), partition=1, erase=False)
    await apply(resources, worker, LIVE, HISTORY)
    wanted = await figures(api)

    edited = msgspec.structs.replace(spoken(1), rating=4.5, rated_at=PUBLISHED + timedelta(days=3))
    await lives(feed, spoken(1))
    await lives(feed, spoken(1), edited, msgspec.structs.replace(edited, subject="acme/hamburg"), partition=1)
    await lives(feed, spoken(3), None)
    await apply(resources, worker, LIVE, HISTORY)
    assert await values(api) == wanted
    assert await scrubbed(worker) == []

    # From where they stopped, and with a redelivery of the log from the beginning: nothing counts again.
    await superuser.execute("UPDATE scoring.positions SET next_offset = 0")
    await apply(resources, worker, LIVE, HISTORY)
    assert await values(api) == wanted

    # Rebuilt from nothing.
    for table in ("sums", "ledger", "positions", "dead_letters", "erased"):
        await superuser.execute(f"TRUNCATE scoring.{table}")
    await apply(resources, worker, HISTORY, LIVE)
    assert await values(api) == wanted
    assert await scrubbed(worker) == []
    count = "SELECT sum(n1 + n2 + n3 + n4 + n5) FROM scoring.sums WHERE prefix = 'acme'"
    assert await superuser.fetchval(count) == 2
    assert await superuser.fetchval("SELECT sum(sign) FROM scoring.ledger") == 2


async def test_topics_of_what_was_erased_stay_away_when_the_ledger_is_read_again_after_the_job_is_done(
    feed: Feed, resources, worker: Database, superuser
) -> None:
    mentions = {"topics": ("delivery",)}
    gone = [
        await lives(feed, spoken(1, **mentions)),
        await lives(feed, spoken(1, **mentions), spoken(4, **mentions), partition=1),
        # Removed at first, so that no entry says that it was erased.
        await lives(feed, spoken(1, **mentions), None),
    ]
    stays = await lives(feed, review_state(5, **mentions), erase=False)

    async def topics() -> dict[str, set[int]]:
        rows = await superuser.fetch(
            "SELECT review_id::text, array_agg(DISTINCT topics) AS topics FROM scoring.ledger GROUP BY 1"
        )
        return {row["review_id"]: set(row["topics"]) for row in rows}

    await apply(resources, worker, HISTORY)
    await scrub_all(worker, scrub)
    scrubbed_once = await topics()
    for table in ("ledger", "tail", "positions"):
        await superuser.execute(f"TRUNCATE scoring.{table}")
    await apply(resources, worker, HISTORY)

    assert (
        await topics() == scrubbed_once == {**{each: {ERASED} for each in gone}, stays: {topics_in_one(("delivery",))}}
    )
    assert await superuser.fetchval("SELECT bool_and(stage = 'done') FROM scoring.erased")


@pytest.mark.parametrize("first", [LIVE, HISTORY], ids=["set aside, then erased", "erased, then set aside"])
async def test_records_that_were_set_aside_lose_their_words_in_either_order(
    api: httpx.AsyncClient, feed: Feed, resources, worker: Database, first: Any
) -> None:
    second = HISTORY if first is LIVE else LIVE
    review_id = await lives(feed, spoken(5.5), None)
    other = await lives(feed, review_state(5.5, text="Another one."), erase=False)
    await apply(resources, worker, first)
    await scrub_all(worker, scrub)
    await apply(resources, worker, second)
    assert await scrubbed(worker) == []
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch(
            "SELECT convert_from(value, 'UTF8') AS value, error, state FROM dead_letters "
            "WHERE consumer_group = 'scoring-live' ORDER BY record_offset"
        )
    assert [(review_id in row["value"], "5.5" in row["value"], row["error"]) for row in rows[:2]] == [
        (True, True, "erased")
    ] * 2
    assert other in rows[2]["value"]
    assert "Another one." in rows[2]["value"]
    assert "off the scale" in rows[2]["error"]


async def test_every_store_has_its_line_and_the_job_runs(resources, worker: Database) -> None:
    assert any(isinstance(job, ErasureJob) for job in build(resources).jobs)
    async with worker.transaction() as tx:
        tables = await tables_of(tx.raw, "scoring")
    assert set(tables) == STORES.keys() | RUNTIME_STORES.keys()
    assert not STORES.keys() & RUNTIME_STORES.keys()
