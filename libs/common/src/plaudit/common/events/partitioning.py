"""Which partition a key belongs to, by the rule of Kafka's default partitioner, so that every client agrees."""

from functools import lru_cache

from aiokafka.partitioner import murmur2

CACHED_KEYS = 100_000


@lru_cache(maxsize=CACHED_KEYS)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key: positive murmur2 modulo the number of partitions."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
