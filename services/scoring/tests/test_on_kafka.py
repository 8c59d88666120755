"""Both groups on the real runner: events in from Kafka, figures out over HTTP, and scores out to Kafka."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common.contracts import REVIEWS, SCORES, ReviewState
from plaudit.common.db import Database
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.outbox.relay import RelayLoop
from plaudit.common.process import Resources
from plaudit.scoring.filling.jobs import HalfLivesJob
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.history.store import kept_at
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.profiles.domain import BUILT_IN
from plaudit.scoring.publishing.jobs import PublishingJob
from plaudit.scoring.scores.domain import FOR_EVER
from plaudit.scoring.scores.store import sums_of
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing import oracle
from plaudit_testing.draining import drain
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.review_events import PUBLISHED, pending_envelope, review_state
from plaudit_testing.runtime import read_log, running, until
from plaudit_testing.scored import MOMENT_US, kept, kept_parts, read_for, scored
from plaudit_testing.stack import stack

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

PARTITIONS = 2


@pytest.fixture
def more_settings(kafka_server) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


@pytest.fixture
async def feed(resources: Resources[ScoringSettings], kafka_topics) -> AsyncIterator[Feed]:
    """The topic's one writer, as ingest's relay is."""
    await kafka_topics.recreate({REVIEWS.name: PARTITIONS})
    async with feeding(resources.settings, REVIEWS) as opened:
        yield opened


@pytest.fixture
def apply_all(resources: Resources[ScoringSettings], worker: Database) -> Callable[[], Awaitable[None]]:
    """Starts both groups, lets them apply everything that the topic holds now, and stops them."""

    async def apply() -> None:
        loops = [ConsumerLoop(each, worker, resources.outbox.append, resources.settings) for each in (LIVE, HISTORY)]
        async with running(*loops):
            for loop in loops:
                await drain(loop)

    return apply


class Told:
    """Writes changes of reviews, and remembers what is true after them."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.truths: list[oracle.Truth] = []

    async def lives(self, *states: ReviewState | None, partition: int = 0) -> None:
        """One review goes through these states; None is not to be seen."""
        for before, after in zip([None, *states], states, strict=False):
            await self._feed.numbered(partition, pending_envelope(before, after))
        if (last := states[-1]) is not None:
            self.truths.append(
                oracle.Truth(last.subject, last.rating, last.published_at, last.rated_at, text="", version=1)
            )


async def assert_figures(api: httpx.AsyncClient, truths: list[oracle.Truth]) -> None:
    """Every score of the list is what the oracle says of these reviews."""
    items = (await api.get("/v1/scores")).json()["items"]
    assert {item["subject"] for item in items} >= {prefix for t in truths for prefix in oracle.prefixes(t.subject)}
    for item in items:
        wanted = oracle.expected(truths, item["subject"], oracle.instant(item["at"]))
        assert (item["count"], item["distribution"]) == (wanted["count"], wanted["distribution"])
        assert item["score"] == (None if wanted["score"] is None else pytest.approx(wanted["score"], abs=1e-9))


async def assert_live_and_history_agree(worker: Database) -> None:
    """The scores of every prefix are what the ledger's entries add up to."""
    async with worker.transaction() as tx:
        entries = await tx.raw.fetch("SELECT * FROM ledger")
        prefixes = [row["prefix"] for row in await tx.raw.fetch("SELECT DISTINCT prefix FROM sums")]
        live = await sums_of(tx, "default", prefixes, by_source=True)
        computed = {prefix: await kept_at(tx, "default", prefix, FOR_EVER, FOR_EVER) for prefix in prefixes}
    reviews = [
        (entry["sign"], scored(entry["rating"], unix_us(entry["rated_at"]), subject=entry["subject"]))
        for entry in entries
    ]
    history = kept(*((None, review) if sign > 0 else (review, None) for sign, review in reviews))
    assert {key[1] for key in history} == set(prefixes)
    for prefix in prefixes:
        for profile in BUILT_IN.values():
            ours, theirs, by_database = (
                read_for(profile, parts, MOMENT_US)
                for parts in (live[prefix], kept_parts(history, prefix), computed[prefix])
            )
            assert ours.distribution == theirs.distribution == by_database.distribution
            assert ours.value == pytest.approx(theirs.value, abs=1e-9)
            assert by_database.value == pytest.approx(theirs.value, abs=1e-9)


async def test_every_kind_of_change_comes_by_kafka_and_live_and_history_agree(
    api: httpx.AsyncClient, feed: Feed, apply_all, worker: Database
) -> None:
    told = Told(feed)
    old = review_state(1)
    edited = msgspec.structs.replace(old, rating=4.5, rated_at=PUBLISHED + timedelta(days=30))
    reworded = msgspec.structs.replace(edited, text="Another text.")
    moved = msgspec.structs.replace(reworded, subject="acme/hamburg/shop-1")
    await told.lives(old)
    await told.lives(old, edited, reworded, partition=1)
    await told.lives(old, edited, moved)
    await told.lives(review_state(5), None, partition=1)
    await told.lives(review_state(2), None, review_state(2))
    await told.lives(review_state(3, "globex"), partition=1)
    await apply_all()

    await assert_figures(api, told.truths)
    await assert_live_and_history_agree(worker)

    await told.lives(review_state(4, "globex/lisbon"))
    await apply_all()  # from where they stopped: nothing is counted twice
    await assert_figures(api, told.truths)


async def test_a_rating_off_the_scale_is_a_dead_letter_and_the_next_review_is_counted(
    api: httpx.AsyncClient, feed: Feed, apply_all, worker: Database
) -> None:
    told = Told(feed)
    await told.lives(review_state(5))
    await feed.numbered(0, pending_envelope(None, review_state(5.5)))
    await told.lives(review_state(1))
    await apply_all()

    async with worker.transaction() as tx:
        letters = await tx.raw.fetch("SELECT consumer_group, sequence, reason, error FROM dead_letters ORDER BY 1")
    assert [(letter["consumer_group"], letter["sequence"], letter["reason"]) for letter in letters] == [
        (group, 2, "invalid") for group in (HISTORY.group, LIVE.group)
    ]
    assert all("rating 5.5 is off the scale" in letter["error"] for letter in letters)
    await assert_figures(api, told.truths)


class Histories:
    """Reviews that come, change, move and go, in both partitions."""

    def __init__(self, told: Told, seed: int) -> None:
        self._told = told
        self._draw = random.Random(seed)

    async def lives(self, reviews: int) -> None:
        """So many reviews, each with all of its changes."""
        draw = self._draw
        for _ in range(reviews):
            states = [
                review_state(
                    float(draw.randint(1, 5)),
                    draw.choice(["acme", "acme/berlin", "acme/berlin/shop-3", "globex/lisbon"]),
                    rated_at=PUBLISHED - timedelta(days=draw.randint(0, 900)),
                )
                for _ in range(draw.randint(1, 3))
            ]
            gone = [None] if draw.random() < 0.3 else []
            await self._told.lives(*states, *gone, partition=draw.randrange(PARTITIONS))


async def newest_told(bootstrap: str) -> dict[str, dict[str, Any]]:
    """The newest event of each subject, as a consumer has it that has just started."""
    newest: dict[str, dict[str, Any]] = {}
    for events in (await read_log(bootstrap, SCORES.name)).applied().values():
        for event in events:
            before = newest.get(event["subject"])
            assert before is None or event["data"]["number"] > before["number"]
            newest[event["subject"]] = event["data"]
    return newest


async def assert_topic_is_what_the_api_says(api: httpx.AsyncClient, bootstrap: str) -> None:
    newest = await newest_told(bootstrap)
    for profile in BUILT_IN:
        items = (await api.get("/v1/scores", params={"profile": profile})).json()["items"]
        assert {item["subject"] for item in items} == newest.keys()
        for item in items:
            told = newest[item["subject"]]["profiles"][profile]
            assert (told["count"], told["distribution"]) == (item["count"], item["distribution"])
            assert (told["stars"], told["prior"]) == (item["stars"], item["prior"])
            # The API reads a moment later: of two months of decay, that is less than a millionth.
            assert told["score"] == (item["score"] and pytest.approx(item["score"], abs=1e-5))


async def test_the_topic_ends_with_what_the_api_says_whatever_two_processes_publish(
    api: httpx.AsyncClient, feed: Feed, resources, worker: Database, kafka_server, kafka_topics
) -> None:
    await kafka_topics.recreate({SCORES.name: PARTITIONS})
    told = Told(feed)
    histories = Histories(told, seed=5)
    groups = [ConsumerLoop(LIVE, worker, resources.outbox.append, resources.settings) for _ in range(2)]
    publishing = [PublishingJob(resources) for _ in range(2)]
    relay = RelayLoop("scoring", worker, resources.settings, resources.outbox.written)
    async with running(*groups, *publishing, relay):
        for _ in range(4):
            await histories.lives(8)
        for group in groups:
            await drain(group)
        await all_is_published(worker)

    await assert_topic_is_what_the_api_says(api, kafka_server.bootstrap)


async def all_is_published(worker: Database) -> None:
    """Wait until nothing is marked, and the relay has published every row."""

    async def is_all() -> bool:
        return await worker.holds(
            "SELECT NOT EXISTS (SELECT FROM marks) AND NOT EXISTS ("
            "SELECT FROM outbox o, relay_cursor c WHERE (o.xid, o.id) > (c.xid, c.id))"
        )

    await until(is_all, "all scores are published")


@pytest.mark.e2e
async def test_a_process_that_is_killed_between_two_steps_loses_no_score(
    api: httpx.AsyncClient, feed: Feed, apply_all, resources, worker: Database, kafka_server, kafka_topics, tmp_path
) -> None:
    await kafka_topics.recreate({SCORES.name: PARTITIONS})
    told = Told(feed)
    histories = Histories(told, seed=6)
    trace = tmp_path / "trace"
    url = resources.settings.database_url.get_secret_value()
    with stack(url, kafka_server.bootstrap, tmp_path, PLAUDIT_PARTITIONS=str(PARTITIONS)) as processes:
        jobs = processes.process("scoring", "jobs")
        for step in ("after_lock", "after_delete", "after_outbox", "before_commit"):
            await histories.lives(4)
            await apply_all()
            jobs.start(f"publishing_{step}=kill@1", trace)
            await until(lambda: not jobs.running, "the process has been killed by its failpoint")
        assert trace.read_text().count(" kill ") == 4
        every = processes.process("scoring", "all").start()
        await asyncio.to_thread(every.wait_ready)
        await all_is_published(worker)
        assert await asyncio.to_thread(every.stop) == 0, every.log_tail()

    await assert_topic_is_what_the_api_says(api, kafka_server.bootstrap)


async def test_a_half_life_is_filled_under_traffic_and_scores_by_it_are_those_of_the_reviews(
    client_of, feed: Feed, resources: Resources[ScoringSettings], worker: Database
) -> None:
    writer = await client_of("default", "scores:read", "scores:write")
    chance = random.Random(20261129)
    told = Told(feed)

    async def go_on(reviews: int) -> None:
        for _ in range(reviews):
            first = review_state(chance.choice([1, 3, 5]), chance.choice(["acme", "acme/berlin", "globex"]))
            edited = msgspec.structs.replace(
                first, rating=4.0, rated_at=PUBLISHED + timedelta(days=chance.randrange(9))
            )
            moved = msgspec.structs.replace(edited, subject="acme/hamburg")
            states = [first, *chance.choice([[], [edited], [edited, moved], [None], [None, first], [edited, None]])]
            await told.lives(*states, partition=chance.randrange(PARTITIONS))

    loops = [ConsumerLoop(each, worker, resources.outbox.append, resources.settings) for each in (LIVE, HISTORY)]
    await go_on(40)
    async with running(*loops, HalfLivesJob(worker, PARTITIONS), HalfLivesJob(worker, PARTITIONS)):
        await go_on(40)
        parameters = {"half_life_days": 400, "prior_weight": 7, "prior_value": 3.5, "kinds": ["stars"]}
        (await writer.put("/v1/score-profiles/own", json=parameters)).raise_for_status()

        async def is_ready() -> bool:
            await go_on(3)
            return bool((await writer.get("/v1/score-profiles/own")).json()["is_ready"])

        await until(is_ready, "the half-life is filled")
        await go_on(20)
        for loop in loops:
            await drain(loop)

    items = (await writer.get("/v1/scores", params={"profile": "own"})).json()["items"]
    assert {item["subject"] for item in items} == {"acme", "acme/berlin", "acme/hamburg", "globex"}
    for item in items:
        of_subject = [t for t in told.truths if f"{t.subject}/".startswith(f"{item['subject']}/")]
        weights = [0.5 ** ((oracle.instant(item["at"]) - t.rated_at) / timedelta(days=400)) for t in of_subject]
        total = 7 * 3.5 + sum(w * t.rating for w, t in zip(weights, of_subject, strict=True))
        assert item["count"] == len(of_subject)
        assert item["score"] == pytest.approx(total / (7 + sum(weights)), rel=1e-9)
