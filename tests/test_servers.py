import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from plaudit_local.servers.kafka import Kafka
from plaudit_local.servers.postgres import Postgres, run_sql
from plaudit_testing.servers import KafkaTopics, PostgresServer, restart


@pytest.mark.postgres
async def test_a_fresh_database_is_empty_and_durable(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        settings = {name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
    finally:
        await connection.close()
    assert tables == 0
    assert settings == {"fsync": "on", "synchronous_commit": "on"}


@pytest.mark.postgres
def test_a_copy_of_a_template_has_what_was_prepared_once(postgres_server: PostgresServer) -> None:
    prepared: list[str] = []

    def prepare(dsn: str) -> None:
        prepared.append(dsn)
        run_sql(dsn, "CREATE TABLE thing (id int)", "INSERT INTO thing VALUES (7)")

    copies = [
        postgres_server.create_database(postgres_server.template("a-template", prepare), name=f"copy-{number}")
        for number in range(2)
    ]
    try:
        run_sql(copies[0], "DELETE FROM thing")
        assert run_sql(copies[1], "SELECT id FROM thing").strip() == "7"
        assert len(prepared) == 1
    finally:
        for dsn in copies:
            postgres_server.drop_database(dsn)


@pytest.mark.kafka
async def test_a_topic_made_anew_holds_nothing_of_its_former_self(kafka_topics: KafkaTopics) -> None:
    found = []
    for value in (b"first", b"second"):
        await kafka_topics.recreate({"test.servers.v1": 2})
        async with AIOKafkaProducer(bootstrap_servers=kafka_topics.bootstrap, acks="all") as producer:
            await producer.send_and_wait("test.servers.v1", value, partition=1)
        async with AIOKafkaConsumer(
            "test.servers.v1", bootstrap_servers=kafka_topics.bootstrap, auto_offset_reset="earliest"
        ) as consumer:
            found.append((await consumer.getone()).value)
    await kafka_topics.delete("test.servers.v1", "never.made.v1")
    assert found == [b"first", b"second"]


@pytest.mark.postgres
def test_a_killed_postgres_keeps_what_was_committed(fresh_postgres: Postgres) -> None:
    run_sql(fresh_postgres.dsn, "CREATE TABLE thing (id int)", "INSERT INTO thing VALUES (1)")
    fresh_postgres.process.kill()
    restart(fresh_postgres)
    assert run_sql(fresh_postgres.dsn, "SELECT id FROM thing").strip() == "1"


@pytest.mark.kafka
async def test_a_killed_broker_keeps_what_was_acknowledged(fresh_kafka: Kafka) -> None:
    topics = KafkaTopics(fresh_kafka.address)
    await topics.recreate({"test.kill.v1": 1})
    async with AIOKafkaProducer(bootstrap_servers=fresh_kafka.address, acks="all") as producer:
        await producer.send_and_wait("test.kill.v1", b"kept")
    fresh_kafka.process.kill()
    restart(fresh_kafka)
    async with AIOKafkaConsumer(
        "test.kill.v1", bootstrap_servers=fresh_kafka.address, auto_offset_reset="earliest"
    ) as consumer:
        assert (await consumer.getone()).value == b"kept"
