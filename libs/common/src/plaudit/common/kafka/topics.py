"""Create the topics of the registry: `python -m plaudit.common.kafka.topics`.

Existing topics are not changed. One with another number of partitions is an error: an event's partition is computed
when the event is written, and would mean another one.
"""

import asyncio
import sys
from collections.abc import Iterable, Mapping

import structlog
from aiokafka.admin import NewTopic
from aiokafka.errors import InvalidReplicationFactorError, KafkaError, TopicAlreadyExistsError, for_code

from plaudit.common.contracts import TOPICS, Topic
from plaudit.common.kafka import clients
from plaudit.common.kafka.topic_ids import NoBrokersError, topic_ids
from plaudit.common.settings import Settings

log = structlog.get_logger()

MAX_MESSAGE_BYTES = 1_048_588
"""Of one batch as the broker stores it: more than `MAX_EVENT_BYTES` with key and framing."""
SETTLE_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.05


class TopicsError(Exception):
    """A topic could not be created, or has another number of partitions than the installation."""


class TooFewBrokersError(TopicsError):
    """Fewer brokers are part of the cluster than a topic has replicas: some may be about to come."""


def topic_config(topic: Topic, min_insync_replicas: int) -> dict[str, str]:
    """Return the configuration that the topic is created with."""
    return {
        **topic.cleanup,
        "min.insync.replicas": str(min_insync_replicas),
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "message.timestamp.type": "CreateTime",
        "compression.type": "producer",
        "unclean.leader.election.enable": "false",
    }


async def make_topics(settings: Settings, topics: Iterable[Topic] | None = None) -> list[str]:
    """Create the missing topics with `settings.partitions` partitions; return their names when the broker knows all.

    Brokers that have just started, or are slow under load, are waited for.

    Args:
        settings: where Kafka is.
        topics: the topics that must exist; the registry's, if none are given.

    Raises:
        TopicsError: an existing topic has another number of partitions, or the broker refuses.
        KafkaError: the broker does not answer, or none is part of the cluster.
    """
    until = asyncio.get_running_loop().time() + SETTLE_TIMEOUT_SECONDS
    while True:
        try:
            return await _make_missing(settings, topics)
        except (NoBrokersError, TooFewBrokersError):
            if asyncio.get_running_loop().time() > until:
                raise
        await asyncio.sleep(POLL_SECONDS)


async def _make_missing(settings: Settings, topics: Iterable[Topic] | None) -> list[str]:
    wanted = {topic.name: topic for topic in (TOPICS.values() if topics is None else topics)}
    existing = await topic_ids(settings, wanted)
    _check_partitions(existing, settings.partitions)
    missing = [topic for name, topic in wanted.items() if name not in existing]
    if missing:
        await _create(settings, missing)
        await _settled(settings, wanted)
    return [topic.name for topic in missing]


def _check_partitions(existing: Mapping[str, tuple[object, int]], partitions: int) -> None:
    for name, (_, found) in existing.items():
        if found != partitions:
            raise TopicsError(
                f"topic {name} has {found} partitions and this installation is set to {partitions}: "
                f"set PLAUDIT_PARTITIONS={found}; the number of an installation never changes"
            )


async def _create(settings: Settings, topics: list[Topic]) -> None:
    replication = settings.kafka_replication
    admin = clients.admin(settings, "plaudit-topics")
    try:
        await admin.start()
        response = await admin.create_topics(
            [
                NewTopic(
                    topic.name,
                    settings.partitions,
                    replication,
                    topic_configs=topic_config(topic, max(1, replication - 1)),
                )
                for topic in topics
            ]
        )
    finally:
        await admin.close()
    for name, code, *rest in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            refused = TooFewBrokersError if error is InvalidReplicationFactorError else TopicsError
            raise refused(f"topic {name} could not be made: {rest[0] if rest and rest[0] else error.__name__}")
        log.info("topic_made", topic=name, partitions=settings.partitions)


async def _settled(settings: Settings, wanted: Iterable[str]) -> None:
    """Wait until the broker knows all topics: it answers a creation before all of its parts know the topic."""
    names = list(wanted)
    async with asyncio.timeout(SETTLE_TIMEOUT_SECONDS):
        while True:
            found = await topic_ids(settings, names)
            if all(name in found and found[name][1] == settings.partitions for name in names):
                return
            await asyncio.sleep(POLL_SECONDS)


def main() -> int:
    """Create the topics; print an error as one sentence."""
    try:
        made = asyncio.run(make_topics(Settings()))
    except (TopicsError, KafkaError, TimeoutError) as error:
        print(f"topics: {error or type(error).__name__}", file=sys.stderr)  # noqa: T201 - the command's own voice
        return 1
    log.info("topics", created=len(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
