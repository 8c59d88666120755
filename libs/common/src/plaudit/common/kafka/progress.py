"""Whether partitions with records move on. Pure: offsets and time are passed in."""

from collections.abc import Mapping

STALLED_SECONDS = 60.0


class Progress:
    """Remembers since when each partition has had records without moving."""

    def __init__(self) -> None:
        """Begin with nothing observed."""
        self._waiting: dict[int, tuple[int, float]] = {}
        """Partition → its next offset, and when it was first seen there with records to read."""

    def observe(self, next_offsets: Mapping[int, int], end_offsets: Mapping[int, int], now_seconds: float) -> None:
        """Take in how far the partitions are read and how far they reach; forget all others.

        Args:
            next_offsets: partition → the next offset to read.
            end_offsets: partition → the offset after its last record.
            now_seconds: on the monotonic clock.
        """
        before, self._waiting = self._waiting, {}
        for partition, offset in next_offsets.items():
            if offset < end_offsets.get(partition, 0):
                seen = before.get(partition)
                self._waiting[partition] = seen if seen and seen[0] == offset else (offset, now_seconds)

    def stalled(self, now_seconds: float) -> dict[int, float]:
        """Return partition → seconds without progress, for those that have had records for `STALLED_SECONDS`."""
        ages = {partition: now_seconds - since for partition, (_, since) in self._waiting.items()}
        return {partition: seconds for partition, seconds in ages.items() if seconds >= STALLED_SECONDS}
