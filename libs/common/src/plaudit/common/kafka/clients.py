"""The options of Kafka clients. Every option that delivery depends on is set here, with its unit."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from plaudit.common.kafka import connections
from plaudit.common.kafka.connections import Client
from plaudit.common.settings import Settings

REQUEST_TIMEOUT_MS = 10_000
RETRY_BACKOFF_MS = 100
METADATA_MAX_AGE_MS = 60_000
CONNECTIONS_MAX_IDLE_MS = 540_000

FETCH_MAX_WAIT_MS = 50
"""The broker answers as soon as it has a byte. A partition that the fetch does not name waits no longer."""
FETCH_MAX_BYTES = 16 * 1024 * 1024
MAX_PARTITION_FETCH_BYTES = 2 * 1024 * 1024
REBALANCE_TIMEOUT_MS = 30_000
MAX_POLL_INTERVAL_MS = 300_000
CLOSE_TIMEOUT_SECONDS = 5.0


def _connection(settings: Settings, client_id: str) -> dict[str, Any]:
    """Return the options that all clients have."""
    return {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "client_id": client_id,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "retry_backoff_ms": RETRY_BACKOFF_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "connections_max_idle_ms": CONNECTIONS_MAX_IDLE_MS,
    }


def _reading(settings: Settings, client_id: str) -> dict[str, Any]:
    """Return the options that all consumers have: nothing is read that was not sought, and nothing committed."""
    return {
        **_connection(settings, client_id),
        "auto_offset_reset": "none",
        "enable_auto_commit": False,
        "isolation_level": "read_uncommitted",
        "check_crcs": True,
        "fetch_max_wait_ms": FETCH_MAX_WAIT_MS,
        "fetch_max_bytes": FETCH_MAX_BYTES,
        "max_partition_fetch_bytes": MAX_PARTITION_FETCH_BYTES,
    }


def producer(settings: Settings, client_id: str) -> AIOKafkaProducer:
    """Return an idempotent producer that waits for all replicas.

    The batches it is given are made and compressed by `plaudit.common.outbox.batches`.
    """
    made = AIOKafkaProducer(
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        **_connection(settings, client_id),
    )
    Client.within(made.client)
    return made


def group_consumer(settings: Settings, group: str, client_id: str) -> AIOKafkaConsumer:
    """Return a member of a consumer group that reads only from where it is told to seek: offsets are the database's."""
    session_timeout_ms = settings.kafka_session_timeout_ms
    return _consumer(
        group_id=group,
        group_instance_id=None,
        session_timeout_ms=session_timeout_ms,
        heartbeat_interval_ms=session_timeout_ms // 3,
        rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        partition_assignment_strategy=(RangePartitionAssignor,),
        fetch_min_bytes=1,
        **_reading(settings, client_id),
    )


def lone_consumer(settings: Settings, client_id: str) -> AIOKafkaConsumer:
    """Return a consumer without a group, for looking at a log: assign partitions to it and seek."""
    return _consumer(group_id=None, **_reading(settings, client_id))


def _consumer(**options: Any) -> AIOKafkaConsumer:
    made = AIOKafkaConsumer(**options)
    Client.within(made._client)  # noqa: SLF001
    return made


def admin(settings: Settings, client_id: str) -> AIOKafkaAdminClient:
    """Return a client that creates topics."""
    made = AIOKafkaAdminClient(**_connection(settings, client_id))
    Client.within(made._client)  # noqa: SLF001
    return made


def bare(settings: Settings, client_id: str) -> Client:
    """Return a client for requests that the others do not make."""
    return Client(**_connection(settings, client_id))


async def close(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer, even one that has not finished starting.

    What has not ended within `CLOSE_TIMEOUT_SECONDS`, or when this is cancelled, is ended hard: no connection and no
    task of it stays.
    """
    try:
        # A consumer without a group has a task that must have begun before it can be cancelled.
        await asyncio.sleep(0)
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await consumer.stop()
    except TimeoutError:
        pass
    finally:
        await connections.end_consumer(consumer)
