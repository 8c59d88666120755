"""Events on their way to the bus: what a service says, its partition, and its number in the partition."""

from plaudit.common.events.outgoing import Outgoing
from plaudit.common.events.partitioning import partition_of

__all__ = ["Outgoing", "partition_of"]
