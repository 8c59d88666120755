"""Faults of the bus and of consumers, by their names in the matrix: scores are those of the reviews after each."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database, Role
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.observability import metrics
from plaudit.common.process import Resources
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.settings import ScoringSettings
from plaudit_testing import real_lives
from plaudit_testing.draining import drain
from plaudit_testing.feed import Feed, feeding
from plaudit_testing.oracle import instant, microseconds, prefixes
from plaudit_testing.playing import Story, events
from plaudit_testing.real_lives import LAST_US, Oracle, Rules, Step
from plaudit_testing.runtime import running, short_and_long, until
from plaudit_testing.stack import stack

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

PARTITIONS = 2
SESSION_TIMEOUT_MS = 2_000
SUBJECTS = ("acme", "acme/berlin", "acme/berlin/shop-3", "globex/lisbon")
RULES = {"trust": Rules(half_life_days=182.5), "recent": Rules(half_life_days=30.0), "lifetime": Rules()}
GROUPS = (LIVE, HISTORY)
READERS = (INSIGHT, ANSWERS)
"""The groups that no score is made of."""
READ = (
    "SELECT prefix, persona, day, source_id, low, middle, high FROM insight_days WHERE low + middle + high > 0",
    "SELECT * FROM insight_places",
    "SELECT * FROM insight_reviews",
    "SELECT * FROM answer_reviews",
    "SELECT * FROM answer_places",
    "SELECT * FROM answer_sources",
)


@pytest.fixture
def more_settings(kafka_server) -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": kafka_server.bootstrap,
        "partitions": PARTITIONS,
        "kafka_session_timeout_ms": SESSION_TIMEOUT_MS,
    }


@pytest.fixture
async def feed(resources: Resources[ScoringSettings], kafka_topics) -> AsyncIterator[Feed]:
    """The topic's one writer, as ingest's relay is."""
    await kafka_topics.recreate({REVIEWS.name: PARTITIONS})
    async with feeding(resources.settings, REVIEWS) as opened:
        yield opened


def loop_of(subscription: Subscription[Any], resources: Resources[ScoringSettings]) -> ConsumerLoop[Any]:
    """One more member of a group."""
    return ConsumerLoop(subscription, resources.database(Role.WORKER), resources.outbox.append, resources.settings)


async def apply_all(resources: Resources[ScoringSettings], *subscriptions: Subscription[Any]) -> None:
    """Let groups apply everything that the topic holds now."""
    loops = [loop_of(each, resources) for each in subscriptions]
    async with running(*loops):
        for loop in loops:
            await drain(loop)


async def read_by_readers(worker: Database) -> list[list[str]]:
    """All that insight and answers keep of reviews."""
    async with worker.transaction() as tx:
        return [sorted(repr(tuple(row)) for row in await tx.raw.fetch(each)) for each in READ]


async def from_scratch(resources: Resources[ScoringSettings], worker: Database, superuser: Any) -> list[list[str]]:
    """What one member of each of these groups keeps, which nobody disturbs."""
    tables = ("insight_days", "insight_places", "insight_reviews", "answer_reviews", "answer_places", "answer_sources")
    await superuser.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in tables)}")
    await superuser.execute(
        "UPDATE scoring.positions SET next_offset = 0, epoch = 0, sequence = 0 WHERE consumer_group = ANY($1)",
        [each.group for each in READERS],
    )
    await apply_all(resources, *READERS)
    return await read_by_readers(worker)


async def assert_scores_are_those_of(api: httpx.AsyncClient, steps: Iterable[Step]) -> None:
    """Now, and by the ledger at an instant that knows everything, every score is the oracle's."""
    oracle = Oracle(steps)
    known = {
        prefix for step in steps for each in (step.before, step.after) if each for prefix in prefixes(each.subject)
    }
    for name, rules in RULES.items():
        items = (await api.get("/v1/scores", params={"profile": name})).json()["items"]
        assert {item["subject"] for item in items} == known
        for item in items:
            then = await api.get(f"/v1/scores/{item['subject']}", params={"profile": name, "at": item["at"]})
            at_us = microseconds(instant(item["at"]))
            stands = oracle.standing(item["subject"], at_us, LAST_US)
            wanted = real_lives.score(rules, stands, at_us)
            for told in (item, then.json()):
                assert told["distribution"] == real_lives.distribution(stands)
                assert told["score"] == (None if wanted is None else pytest.approx(wanted, rel=1e-9))


class Positions:
    """Watches where the groups stand in the database, as long as it is asked."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker
        self._last: dict[tuple[str, int], tuple[int, int]] = {}
        self.moves = 0

    async def look(self) -> None:
        """Compare with the last look: nothing may have gone back."""
        async with self._worker.transaction() as tx:
            rows = await tx.raw.fetch("SELECT consumer_group, partition, next_offset, sequence FROM positions")
        for row in rows:
            key, found = (row["consumer_group"], row["partition"]), (row["next_offset"], row["sequence"])
            before = self._last.get(key, (0, 0))
            assert found[0] >= before[0], f"{key} went back from {before} to {found}"
            assert found[1] >= before[1], f"{key} went back from {before} to {found}"
            self.moves += found != before
            self._last[key] = found

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look again and again for the length of the block."""
        is_over = asyncio.Event()

        async def watch() -> None:
            while not is_over.is_set():
                await self.look()
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            try:
                yield
            finally:
                is_over.set()


class Members:
    """Members of groups, which join and leave."""

    def __init__(self, resources: Resources[ScoringSettings], tasks: asyncio.TaskGroup) -> None:
        self._resources = resources
        self._tasks = tasks
        self._here: list[tuple[ConsumerLoop[Any], asyncio.Event, asyncio.Task[None]]] = []

    async def join(self, subscription: Subscription[Any]) -> None:
        """One more, which has its share when this returns."""
        loop, stop = loop_of(subscription, self._resources), asyncio.Event()
        self._here.append((loop, stop, self._tasks.create_task(loop.run(stop))))
        await until(lambda: loop.assignment.complete, "the new member is in the group")

    async def leave(self, number: int) -> None:
        """One stops; what it has in flight is finished."""
        _, stop, task = self._here.pop(number)
        stop.set()
        await asyncio.wait([task])

    @property
    def count(self) -> int:
        return len(self._here)

    def loop(self, group: str) -> ConsumerLoop[Any]:
        """A member of a group that is still there."""
        return next(loop for loop, _, _ in self._here if loop.name == f"consumer-{group}")


@pytest.mark.parametrize("rounds", short_and_long(6, 60))
async def test_f10_while_members_join_and_leave_all_that_is_kept_is_exact_and_positions_never_go_back(
    api: httpx.AsyncClient,
    feed: Feed,
    resources: Resources[ScoringSettings],
    worker: Database,
    superuser: Any,
    rounds: int,
) -> None:
    chance = random.Random(10)
    story, positions = Story(feed, 60 * rounds, 10, SUBJECTS, PARTITIONS), Positions(worker)
    each = story.left // (rounds + 1)
    async with positions.watched(), asyncio.TaskGroup() as tasks:
        members = Members(resources, tasks)
        for number in range(rounds):
            feeding_on = asyncio.create_task(story.go_on(each))
            for subscription in (*GROUPS, *READERS):
                await members.join(subscription)
            if number:  # one of them while the others take what is fed
                for _ in (*GROUPS, *READERS):
                    await members.leave(chance.randrange(2))
            await feeding_on
        await story.go_on(story.left)
        for subscription in (*GROUPS, *READERS):
            await members.join(subscription)
        for subscription in (*GROUPS, *READERS):
            await drain(members.loop(subscription.group))
        while members.count:
            await members.leave(0)

    assert positions.moves > rounds
    await assert_scores_are_those_of(api, story.steps)
    kept_meanwhile = await read_by_readers(worker)
    assert all(kept_meanwhile)
    assert kept_meanwhile == await from_scratch(resources, worker, superuser)


async def kept(superuser: Any) -> list[Any]:
    """Where the groups stand, and all that live and history have written."""
    return [
        [tuple(row) for row in await superuser.fetch(f"SELECT * FROM scoring.{table} ORDER BY {order}")]
        for table, order in (
            ("positions", "consumer_group, partition"),
            ("sums", "id"),
            ("ledger", "partition, sequence, sign"),
        )
    ]


@pytest.mark.e2e
async def test_f11_what_a_consumer_writes_that_wakes_after_its_session_has_ended_is_refused(
    api: httpx.AsyncClient, feed: Feed, resources: Resources[ScoringSettings], superuser: Any, kafka_server, tmp_path
) -> None:
    story, trace = Story(feed, 120, 11, SUBJECTS, PARTITIONS), tmp_path / "trace"
    await story.go_on(story.left // 3)
    url = resources.settings.database_url.get_secret_value()
    with stack(
        url,
        kafka_server.bootstrap,
        tmp_path,
        PLAUDIT_PARTITIONS=str(PARTITIONS),
        PLAUDIT_KAFKA_SESSION_TIMEOUT_MS=str(SESSION_TIMEOUT_MS),
    ) as processes:
        zombie = processes.process("scoring", "consume").start("after_fetch_before_statement=stop@1", trace)
        await until(trace.exists, "the process holds a batch that it has not applied")
        await story.go_on(story.left // 2)
        loops = [loop_of(each, resources) for each in (*GROUPS, INSIGHT, ANSWERS)]
        async with running(*loops):
            for loop in loops:
                await drain(loop)  # waits for the session timeout
            before = await kept(superuser)
            zombie.resume()
            await asyncio.to_thread(zombie.wait_ready)
            assert await kept(superuser) == before
            await story.go_on(story.left)
            for loop in loops:
                await drain(loop)
            assert await asyncio.to_thread(zombie.stop) == 0, zombie.log_tail()

    await assert_scores_are_those_of(api, story.steps)


@contextlib.asynccontextmanager
async def admin_of(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


class _GroupsDeleted(Response):
    API_KEY, API_VERSION = 42, 0
    SCHEMA = Schema(("throttle_time_ms", Int32), ("results", Array(("group", String("utf-8")), ("error_code", Int16))))


class _DeleteGroups(RequestStruct):
    API_KEY, API_VERSION = 42, 0
    RESPONSE_TYPE = _GroupsDeleted
    SCHEMA = Schema(("groups", Array(String("utf-8"))))


class _Delete(Request[_DeleteGroups]):
    API_KEY = 42

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_DeleteGroups]) -> _DeleteGroups:
        return request_struct_class(self._names)


async def delete_groups(admin: AIOKafkaAdminClient, names: list[str]) -> set[tuple[str, int]]:
    """Delete groups with their offsets, which the client has no call for; return each with an error code."""
    [node] = {await admin.find_coordinator(name) for name in names}
    answer = await admin._send_request_to_node(node, _Delete(names))
    return {(group, code) for group, code in answer.results}


async def test_f22_groups_that_kafka_has_deleted_go_on_from_the_databases_positions(
    api: httpx.AsyncClient, feed: Feed, resources: Resources[ScoringSettings], kafka_server
) -> None:
    story = Story(feed, 80, 22, SUBJECTS, PARTITIONS)
    await story.go_on(story.left // 2)
    await apply_all(resources, *GROUPS)
    async with admin_of(kafka_server.bootstrap) as admin:
        names = [each.group for each in GROUPS]
        for name in names:
            assert await admin.list_consumer_group_offsets(name), "Kafka remembers the group's offsets"
        assert await delete_groups(admin, names) == {(name, 0) for name in names}
        for name in names:
            assert not await admin.list_consumer_group_offsets(name)
    await story.go_on(story.left)

    await apply_all(resources, *GROUPS)

    await assert_scores_are_those_of(api, story.steps)


async def test_f22_records_deleted_before_they_were_read_halt_their_partition_and_what_to_do_makes_scores_right(
    api: httpx.AsyncClient,
    feed: Feed,
    resources: Resources[ScoringSettings],
    worker: Database,
    superuser: Any,
    kafka_server,
) -> None:
    story = Story(feed, 120, 23, SUBJECTS, PARTITIONS)
    await story.go_on(story.left // 2)
    await apply_all(resources, *GROUPS)
    await story.go_on(story.left)
    await apply_all(resources, HISTORY)
    deleted_to = feed.numbers[0] - 5
    async with admin_of(kafka_server.bootstrap) as admin:
        await admin.delete_records({TopicPartition(REVIEWS.name, 0): RecordsToDelete(before_offset=deleted_to)})
    halts = metrics.CONSUMER_HALTS.labels(LIVE.group, REVIEWS.name)._value

    before, loop = halts.get(), loop_of(LIVE, resources)
    async with running(loop):
        await until(lambda: bool(loop.assignment.halted), "the partition has halted")
        [check] = loop.ready()
        assert not check.ok
        assert f"{REVIEWS.name}/0 is halted: offset " in check.detail
        assert "is not in the log: it was deleted before it was read, or lost" in check.detail
        assert "docs/runbooks/partition-halted.md" in check.detail
        assert halts.get() == before + 1
        assert metrics.CONSUMER_HALTED.labels(LIVE.group, REVIEWS.name)._value.get() == 1

    # As the runbook says: the position goes to what the log still has, and the sums are made anew.
    await superuser.execute(
        "UPDATE scoring.positions SET next_offset = $1, epoch = 0, sequence = 0 "
        "WHERE consumer_group = $2 AND partition = 0",
        deleted_to,
        LIVE.group,
    )
    await apply_all(resources, LIVE)
    await rebuild(worker, resources.database(Role.OWNER), lambda _progress: None)
    await assert_scores_are_those_of(api, story.steps)


async def test_f23_what_a_newer_producer_adds_is_ignored_and_another_major_version_is_set_aside(
    api: httpx.AsyncClient, feed: Feed, resources: Resources[ScoringSettings], superuser: Any
) -> None:
    story = Story(feed, 40, 40, SUBJECTS, PARTITIONS)
    newer = iter(range(10**6))

    def with_more(pending: bytes) -> bytes:
        """As a later version of the same contract tells it: optional members more, at every level."""
        event = msgspec.json.decode(pending)
        event |= {"dataschema": f"https://plaudit.example/{next(newer)}", "mood": {"of": ["the", None, 1.5]}}
        for state in (event["data"], event["data"]["before"], event["data"]["after"]):
            if state is not None:
                state |= {"helpful_votes": 7, "photos": [{"width": 640}]}
        return msgspec.json.encode(event)

    def of_another_major_version(pending: bytes, **changed: Any) -> bytes:
        return msgspec.json.encode(msgspec.json.decode(pending) | changed)

    strange = list(events(real_lives.lives(real_lives.made_up_rows(2, 41, SUBJECTS), 41), PARTITIONS))
    renamed = msgspec.json.decode(strange[0][1])["data"]
    renamed["after"]["stars"] = renamed["after"].pop("rating")
    for number, (partition, pending) in enumerate(story.events):
        await feed.numbered(partition, with_more(pending))
        story.told += 1
        if number == 5:
            await feed.numbered(0, of_another_major_version(strange[0][1], specversion="2.0"))
            await feed.numbered(1, of_another_major_version(strange[0][1], data=renamed))
    await apply_all(resources, *GROUPS)

    letters = await superuser.fetch(
        "SELECT consumer_group, partition, reason, error FROM scoring.dead_letters ORDER BY partition, consumer_group"
    )
    assert [(each["consumer_group"], each["partition"], each["reason"]) for each in letters] == [
        (group, partition, "invalid") for partition in (0, 1) for group in sorted(each.group for each in GROUPS)
    ]
    assert all("2.0" in each["error"] and "specversion" in each["error"] for each in letters[:2])
    assert all("rating" in each["error"] for each in letters[2:])
    await assert_scores_are_those_of(api, story.steps)
