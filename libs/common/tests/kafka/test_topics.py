import uuid
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient

from plaudit.common.contracts import TOPICS
from plaudit.common.kafka import clients, topics
from plaudit.common.kafka.end_offsets import EndOffsets
from plaudit.common.kafka.topic_ids import NoBrokersError, TopicIds, topic_ids
from plaudit.common.kafka.topics import TopicsError, make_topics, topic_config
from plaudit.common.settings import Settings
from plaudit_testing.feed import feeding
from plaudit_testing.runtime import counting_topic
from plaudit_testing.runtime_fixtures import PARTITIONS, MakeTopic
from plaudit_testing.servers import KafkaTopics

pytestmark = pytest.mark.kafka


def test_each_topic_of_the_registry_says_how_it_is_kept() -> None:
    for topic in TOPICS.values():
        config = topic_config(topic, 2)
        assert config["min.insync.replicas"] == "2"
        assert config["unclean.leader.election.enable"] == "false"
        assert int(config["max.message.bytes"]) >= 900_000
        assert ("retention.ms" in config) != (config["cleanup.policy"] == "compact")


async def test_missing_topics_are_made_and_existing_ones_left(settings: Settings, make_topic: MakeTopic) -> None:
    topic = await make_topic()
    before = await topic_ids(settings, [topic.name])
    assert await make_topics(settings, [topic]) == []
    assert await topic_ids(settings, [topic.name]) == before
    assert before[topic.name][1] == PARTITIONS


async def test_a_topic_with_another_number_of_partitions_is_refused(settings: Settings, make_topic: MakeTopic) -> None:
    topic = await make_topic()
    wider = settings.model_copy(update={"partitions": PARTITIONS + 1})
    with pytest.raises(TopicsError, match=f"set PLAUDIT_PARTITIONS={PARTITIONS}"):
        await make_topics(wider, [topic])


async def test_a_topic_made_anew_under_its_name_has_another_id(settings: Settings, make_topic: MakeTopic) -> None:
    topic = await make_topic()
    before = await topic_ids(settings, [topic.name])
    await KafkaTopics(settings.kafka_bootstrap_servers).recreate({topic.name: PARTITIONS})
    after = await topic_ids(settings, [topic.name])
    assert before[topic.name][0] != after[topic.name][0]


async def test_ids_are_asked_for_over_one_connection_until_it_fails(
    settings: Settings, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await make_topic()
    opened: list[AIOKafkaClient] = []
    bare = clients.bare

    def noting(*arguments: Any) -> AIOKafkaClient:
        opened.append(bare(*arguments))
        return opened[-1]

    monkeypatch.setattr(clients, "bare", noting)
    async with aclosing(TopicIds(settings)) as ids:
        before = await ids.find([topic.name])
        await KafkaTopics(settings.kafka_bootstrap_servers).recreate({topic.name: PARTITIONS})
        after = await ids.find([topic.name])
        assert before[topic.name][0] != after[topic.name][0]
        assert len(opened) == 1
        for connection in opened[0]._conns.values():
            connection.close()
        assert await ids.find([topic.name]) == after


async def test_a_topic_that_does_not_exist_has_no_id(settings: Settings) -> None:
    assert await topic_ids(settings, [f"nobody.{uuid.uuid4()}"]) == {}


async def test_the_end_of_a_partition_is_the_offset_after_its_last_record(
    settings: Settings, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with feeding(settings, topic) as feed, aclosing(EndOffsets(settings)) as offsets:
        (key,) = feed.keys_of(2, 1)
        assert await offsets.end_offset(topic.name, 2) == 0
        await feed.count(key, key, key)
        assert await offsets.end_offset(topic.name, 2) == 3
        assert [await offsets.end_offset(topic.name, number) for number in range(PARTITIONS)] == [0, 0, 3, 0]


async def test_brokers_that_are_not_part_of_the_cluster_yet_are_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Settings] = []

    async def none_at_first(asking: Settings, names: Iterable[str]) -> Mapping[str, tuple[uuid.UUID, int]]:
        asked.append(asking)
        if len(asked) < 3:
            raise NoBrokersError("the cluster has no brokers yet")
        return await topic_ids(asking, names)

    monkeypatch.setattr(topics, "topic_ids", none_at_first)
    topic = counting_topic(f"test.{uuid.uuid4().hex[:8]}.v1")
    assert await topics.make_topics(settings, [topic]) == [topic.name]
    assert len(asked) >= 3


async def test_more_replicas_than_there_are_brokers_are_refused_when_no_broker_has_come(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "SETTLE_TIMEOUT_SECONDS", 0.2)
    topic = counting_topic(f"test.{uuid.uuid4().hex[:8]}.v1")
    with pytest.raises(topics.TooFewBrokersError, match=r"could not be made: .*replication factor of 3"):
        await topics.make_topics(settings.model_copy(update={"kafka_replication": 3}), [topic])


def test_the_command_says_in_one_sentence_that_kafka_is_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", "postgresql://nobody@nowhere/nothing")
    monkeypatch.setenv("PLAUDIT_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    assert topics.main() == 1
    assert "127.0.0.1" in capsys.readouterr().err


def test_the_command_makes_the_registry(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"test.{uuid.uuid4().hex[:8]}.v1"
    monkeypatch.setattr(topics, "TOPICS", {name: counting_topic(name)})
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("PLAUDIT_KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers)
    monkeypatch.setenv("PLAUDIT_PARTITIONS", "2")
    assert topics.main() == 0
    assert topics.main() == 0
