"""Topic ids tell a topic from another one of the same name that was made after it was lost; cluster ids do for brokers.

The client's own metadata has no ids; version 12 of the request does (Kafka protocol guide, Metadata, API key 3).
"""

import asyncio
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v1
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from plaudit.common.kafka import clients
from plaudit.common.settings import Settings

_TEXT = CompactString("utf-8")


class _Uuid:
    @staticmethod
    def encode(value: UUID) -> bytes:
        return value.bytes

    @staticmethod
    def decode(data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_BROKER = CompactArray(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), ("tags", TaggedFields))
_PARTITION = CompactArray(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
    ("tags", TaggedFields),
)
_TOPIC = CompactArray(
    ("error_code", Int16),
    ("name", _TEXT),
    ("topic_id", _Uuid),
    ("is_internal", Boolean),
    ("partitions", _PARTITION),
    ("authorized_operations", Int32),
    ("tags", TaggedFields),
)


class _MetadataResponse(Response):  # type: ignore[misc] # the library is untyped
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", _BROKER),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        ("topics", _TOPIC),
        ("tags", TaggedFields),
    )


class _MetadataRequestV12(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _TEXT), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestV12]):  # type: ignore[misc]
    API_KEY: ClassVar[int] = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics: list[tuple[UUID, str, dict[int, bytes]]] = [(UUID(int=0), name, {}) for name in topics]

    def build(self, request_struct_class: type[_MetadataRequestV12]) -> _MetadataRequestV12:
        make_topics = tell_operations = False
        return request_struct_class(self._topics, make_topics, tell_operations, {})


class NoBrokersError(KafkaConnectionError):  # type: ignore[misc]
    """The cluster answers, and no broker is part of it: it has just started, or its brokers sent no sign of life."""


class TopicIds:
    """Asks for the ids of topics. It connects with the first question and stays connected until `aclose`.

    Some ask every few seconds: a connection for each question would cost broker and client more than the question.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AIOKafkaClient | None = None
        self._asking = asyncio.Lock()

    async def find(self, topics: Iterable[str]) -> dict[str, tuple[UUID, int]]:
        """Return the id and the number of partitions of each of these topics; a topic that does not exist is left out.

        Raises:
            KafkaError: the broker is away, or answers with an error. The next question opens a new connection.
        """
        async with self._asking:
            try:
                return _found(await self._ask(topics))
            except BaseException:
                await self._close()
                raise

    async def aclose(self) -> None:
        """Close the connection; the next question opens a new one."""
        async with self._asking:
            await self._close()

    async def _ask(self, topics: Iterable[str]) -> _MetadataResponse:
        if self._client is None:
            self._client = clients.bare(self._settings, "plaudit-topic-ids")
            await self._client.bootstrap()
        node = self._client.get_random_node()
        if node is None:
            raise NoBrokersError("the cluster has no brokers yet")
        response: _MetadataResponse = await self._client.send(node, _MetadataRequest(topics))
        return response

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


async def topic_ids(settings: Settings, topics: Iterable[str]) -> dict[str, tuple[UUID, int]]:
    """Return what `TopicIds.find` does, over a connection for this one question."""
    ids = TopicIds(settings)
    try:
        return await ids.find(topics)
    finally:
        await ids.aclose()


def _found(response: _MetadataResponse) -> dict[str, tuple[UUID, int]]:
    found: dict[str, tuple[UUID, int]] = {}
    for code, name, topic_id, _internal, partitions, _operations, _tags in response.topics:
        error = for_code(code)
        if error is UnknownTopicOrPartitionError:
            continue
        if code:
            raise error(name)
        found[name] = (topic_id, len(partitions))
    return found


@dataclass(frozen=True)
class Cluster:
    """What a broker says about its cluster."""

    id: str
    live_brokers: int
    """Brokers that take part; one that has just started is not among them until the controller has admitted it."""


def cluster_request() -> bytes:
    """Return the bytes that ask a broker about its cluster, for whoever has a socket and no client."""
    request = _MetadataRequest(()).build(_MetadataRequestV12)
    message: bytes = request.build_request_header(1, "plaudit-cluster-id").encode() + request.encode()
    return struct.pack(">i", len(message)) + message


def read_cluster(answer: bytes) -> Cluster:
    """Read the answer to `cluster_request`, given without the length in front of it.

    Raises:
        ValueError: this is not the answer of a broker.
    """
    body = BytesIO(answer)
    try:
        ResponseHeader_v1.decode(body)
        metadata = _MetadataResponse.decode(body)
    except struct.error as error:
        raise ValueError(str(error)) from error
    return Cluster(metadata.cluster_id or "", len(metadata.brokers or ()))
