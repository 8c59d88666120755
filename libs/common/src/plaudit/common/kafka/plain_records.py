"""Fetched records as the client's parser makes them, without another object around each.

The client copies every record into a tuple of eleven fields, most of them never read: a third of what reading costs.
Everything else stays the client's own: checksums, control batches, offsets, limits.
"""

from collections import OrderedDict
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


def hand_out_plain_records(consumer: AIOKafkaConsumer) -> None:
    """Let a started consumer that has fetched nothing yet hand out the parser's records.

    They have offset, key, value and headers (a list of pairs), but neither topic nor partition.
    """
    consumer._fetcher._records = _PlainRecords()  # noqa: SLF001 - the client has no option for it


class _PlainRecords(OrderedDict[TopicPartition, Any]):
    """What a consumer has fetched and not handed out yet; it lets each response convert nothing."""

    def __setitem__(self, place: TopicPartition, result: Any) -> None:
        """Add one partition's part of a response, or the error that it is."""
        records = getattr(result, "_partition_records", None)
        if records is not None:
            records._consumer_record = _unchanged  # noqa: SLF001
        super().__setitem__(place, result)


def _unchanged(_place: TopicPartition, record: object) -> object:
    return record
