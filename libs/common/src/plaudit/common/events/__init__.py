"""Events before they are published: what a service emits, the partition, and the number in the partition."""

from plaudit.common.events.outgoing import Outgoing
from plaudit.common.events.partitioning import partition_of

__all__ = ["Outgoing", "partition_of"]
