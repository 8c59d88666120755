"""How many records a transaction takes: additive increase, multiplicative decrease, by how long the last one took."""

TARGET_MIN_SECONDS = 0.020
TARGET_MAX_SECONDS = 0.040
STEP_RECORDS = 100
DECREASE = 0.7


class BatchSize:
    """The present size, between where the subscription starts and its limit.

    Never below the start: when everything is slow, the cost of a transaction itself is what counts, and small ones
    would only make it slower.
    """

    def __init__(self, start: int, limit: int) -> None:
        self._limit = limit
        self._floor = self.records = min(start, limit)

    def observe(self, records: int, seconds: float) -> None:
        """Learn from a transaction of so many records; one that was not full says nothing about a larger one."""
        if seconds > TARGET_MAX_SECONDS:
            self.records = max(self._floor, int(min(self.records, records) * DECREASE))
        elif seconds < TARGET_MIN_SECONDS and records >= self.records:
            self.records = min(self._limit, self.records + STEP_RECORDS)
