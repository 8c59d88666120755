"""The library's client, made to leave no connection behind, and the hard end of what the library does not end.

The library closes its connections as the last step of a stop. A stop that is cancelled, takes too long or fails before
that step left sockets open, and tasks too: a member of a group whose stop had been cut short went on with its
heartbeats, and so kept partitions that nobody read. So a client here can be closed without waiting, and is never
connected again.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest

log = structlog.get_logger()

END_TIMEOUT_SECONDS: Final = 1.0
"""Of tasks that have been cancelled, and whose connections are closed."""
_FIRST: Final = ("bootstrap", ConnectionGroup.DEFAULT)
_TASKS: Final = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")


class Client(AIOKafkaClient):  # type: ignore[misc] # the library is untyped
    """Knows each of its connections until that is closed."""

    _over: bool = False
    _sync_task: "asyncio.Task[None] | None"

    @classmethod
    def within(cls, client: AIOKafkaClient) -> "Client":
        """Make a client that a consumer, a producer or an admin client has made for itself one of these."""
        client.__class__ = cls
        made: Client = client
        return made

    async def bootstrap(self) -> None:
        """Connect to the first broker that answers, and learn from it of the others.

        As the library's own, which forgets its connection when it is cancelled.

        Raises:
            KafkaConnectionError: none answers.
        """
        for host, port, _ in self.hosts:
            try:
                connection = await create_conn(
                    host,
                    port,
                    client_id=self._client_id,
                    request_timeout_ms=self._request_timeout_ms,
                    max_idle_ms=self._connections_max_idle_ms,
                )
                await self._learn(connection)
            except (OSError, KafkaError, TimeoutError) as error:
                log.warning("kafka_not_reached", detail=f"{host}:{port}: {error or type(error).__name__}")
                continue
            break
        else:
            raise KafkaConnectionError(f"no broker answers at {self._bootstrap_servers}")
        if self._sync_task is None and not self._over:
            self._sync_task = asyncio.create_task(self._md_synchronizer())

    async def _learn(self, connection: AIOKafkaConnection) -> None:
        """Ask for the brokers. A cluster that has just begun names none: this connection is kept for it."""
        try:
            self.cluster.update_metadata(await connection.send(MetadataRequest([])))
            if not self.cluster.brokers() and not self._over:
                self._conns[_FIRST] = connection
        finally:
            if self._conns.get(_FIRST) is not connection:
                _close(connection)

    async def _get_conn(
        self, node_id: object, *, group: ConnectionGroup = ConnectionGroup.DEFAULT, no_hint: bool = False
    ) -> AIOKafkaConnection | None:
        """Return an open connection, or None. None too when the client is closed: nothing would close it again."""
        opened = None if self._over else await super()._get_conn(node_id, group=group, no_hint=no_hint)
        if self._over and opened is not None:
            _close(opened)
            return None
        return opened

    async def close(self) -> None:
        """Close all connections, and wait until they are closed."""
        if closing := self.close_now():
            await asyncio.wait(closing)

    def close_now(self) -> "set[asyncio.Future[Any]]":
        """Close all connections without waiting; return what is to be waited for, if somebody wants to."""
        self._over = True
        closing: set[asyncio.Future[Any]] = {_close(connection) for connection in self._conns.values()}
        if self._sync_task is not None:
            self._sync_task.cancel()
            closing.add(self._sync_task)
        return closing


def _close(connection: AIOKafkaConnection) -> "asyncio.Future[Any]":
    """Close a connection at once, whatever is unsent: a client that ends needs none of it, and a broker may hang."""
    if connection._writer is not None:  # noqa: SLF001
        connection._writer.transport.abort()  # noqa: SLF001
    closed: asyncio.Future[Any] = connection.close()
    return closed


async def end_consumer(consumer: AIOKafkaConsumer) -> None:
    """End whatever a stop has left of a consumer, tasks and connections. After a whole stop there is nothing."""
    consumer._closed = True  # noqa: SLF001 - a stop that has not begun must not begin any more
    coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001
    tasks = [getattr(coordinator, name, None) for name in _TASKS]
    if fetcher is not None:
        tasks += [fetcher._fetch_task, *fetcher._pending_tasks]  # noqa: SLF001
    await _end(tasks, consumer._client)  # noqa: SLF001


async def end_producer(producer: AIOKafkaProducer) -> None:
    """End whatever a stop has left of a producer. It sends nothing any more: its connections are closed."""
    producer._closed = True  # noqa: SLF001
    await _end([producer._sender.sender_task], producer.client)  # noqa: SLF001


async def _end(tasks: "list[asyncio.Task[Any] | None]", client: Client) -> None:
    """Cancel and close first, all at once, then wait: so a cancellation of this leaves nothing either."""
    left = {task for task in tasks if task is not None and not task.done()}
    for task in left:
        task.cancel()
    closing = client.close_now() | left
    if not closing:
        return
    if left:
        log.warning("kafka_client_ended_hard", waiting=len(left))
    ended, _ = await asyncio.wait(closing, timeout=END_TIMEOUT_SECONDS)
    for each in _with_an_error(ended):
        log.debug("kafka_task_failed", detail=str(each))


def _with_an_error(ended: "set[asyncio.Future[Any]]") -> Iterator[BaseException]:
    for each in ended:
        if not each.cancelled() and (error := each.exception()) is not None:
            yield error
