"""The board on the real runner: reviews in from Kafka, notices out to Kafka."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from plaudit.common.contracts import BOARD, REVIEWS, Envelope, ReviewChange, ReviewState
from plaudit.common.contracts.envelope import CONTENT_TYPE
from plaudit.common.db import Role
from plaudit.common.ids import uuid7
from plaudit.common.kafka import clients as kafka_clients
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.outbox.relay import RelayLoop
from plaudit.feedback_board.links.consumer import SUBSCRIPTION
from plaudit.feedback_board.settings import BoardSettings
from plaudit_testing.draining import drain
from plaudit_testing.runtime import read_log, running, until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

PARTITIONS = 2


@pytest.fixture
async def settings(resources, kafka_server, kafka_topics) -> BoardSettings:
    await kafka_topics.recreate({REVIEWS.name: PARTITIONS, BOARD.name: PARTITIONS})
    return resources.settings


@pytest.fixture
def more_settings(kafka_server) -> dict[str, Any]:
    return {"kafka_bootstrap_servers": kafka_server.bootstrap, "partitions": PARTITIONS}


class Ingest:
    """Writes what happens to reviews as ingest does: numbered without gaps."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._sent = 0

    async def tells(self, review: UUID, revision: int, before: ReviewState | None, after: ReviewState | None) -> None:
        self._sent += 1
        event: Envelope[Any] = Envelope(
            specversion="1.0",
            id=str(uuid7()),
            source="/plaudit/ingest",
            type="review.created" if before is None else "review.removed" if after is None else "review.edited",
            time=datetime.now(UTC),
            subject="northwind/lisbon",
            tenant="default",
            datacontenttype="application/json",
            data=ReviewChange(review_id=str(review), revision=revision, before=before, after=after),
            epoch="1",
            sequence=f"{self._sent:020d}",
        )
        headers = [("content-type", CONTENT_TYPE.encode())]
        await self._producer.send_and_wait(
            REVIEWS.name, msgspec.json.encode(event), key=b"default/northwind", partition=0, headers=headers
        )


@pytest.fixture
async def ingest(settings: BoardSettings) -> AsyncIterator[Ingest]:
    async with kafka_clients.producer(settings, "test") as producer:
        yield Ingest(producer)


async def test_a_review_comes_by_kafka_is_linked_and_its_removal_is_told(
    api: httpx.AsyncClient, request_path: str, ingest: Ingest, reviews, parts, resources, settings: BoardSettings
) -> None:
    database = resources.database(Role.WORKER)
    consumer = ConsumerLoop(SUBSCRIPTION, database, resources.outbox.append, settings)
    relay = RelayLoop("feedback-board", database, settings)
    state, review = reviews.state(person="native:ben"), uuid7()

    async def linked() -> bool:
        return (await api.post(f"{request_path}/links", json={"review_id": str(review)})).status_code != 404

    async def told() -> list[dict[str, Any]]:
        log = (await read_log(settings.kafka_bootstrap_servers, BOARD.name)).applied()
        return [event for events in log.values() for event in events]

    async with running(consumer, relay, *parts.jobs):
        await ingest.tells(review, 1, None, state)
        await until(linked, "the review has arrived")
        assert (await api.get(request_path)).json()["reach"] == 1
        await ingest.tells(review, 2, state, None)
        await drain(consumer)

        async def without_reach() -> bool:
            return (await api.get(request_path)).json()["reach"] == 0

        await until(without_reach, "reach has fallen")

        async def all_told() -> bool:
            return len(await told()) == 3

        await until(all_told, "the board has told of it")
    events = await told()
    assert [event["type"] for event in events] == ["request.created", "review.linked", "request.scored"]
    assert [event["data"]["request"]["reach"] for event in events] == [0, 1, 0]
    assert len({event["data"]["request"]["request_id"] for event in events}) == 1


async def test_what_is_no_review_is_set_aside_and_the_next_one_applied(
    api: httpx.AsyncClient, request_path: str, ingest: Ingest, reviews, resources, settings: BoardSettings, worker
) -> None:
    consumer = ConsumerLoop(SUBSCRIPTION, resources.database(Role.WORKER), resources.outbox.append, settings)
    review = uuid7()
    await ingest.tells(uuid7(), 1, None, None)
    await ingest.tells(review, 1, None, reviews.state())
    async with running(consumer):
        await drain(consumer)
    async with worker.transaction() as tx:
        letters = await tx.raw.fetch("SELECT reason FROM dead_letters")
    assert [letter["reason"] for letter in letters] == ["invalid"]
    assert (await api.post(f"{request_path}/links", json={"review_id": str(review)})).status_code == 201
