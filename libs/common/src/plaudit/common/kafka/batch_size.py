"""How many records a transaction takes: more while transactions are short, fewer when they are long."""

TARGET_MIN_SECONDS = 0.020
TARGET_MAX_SECONDS = 0.040
STEP_RECORDS = 100
DECREASE = 0.7


class BatchSize:
    """The present size, between the subscription's start and its limit.

    It never shrinks below the start: when everything is slow, each transaction's own cost dominates, and smaller
    transactions would make a record dearer still.
    """

    def __init__(self, start: int, limit: int) -> None:
        self._limit = limit
        self._floor = self.records = min(start, limit)

    def observe(self, records: int, seconds: float) -> None:
        """Learn from one transaction. It grows only after a full one: a small one says nothing about a larger one."""
        if seconds > TARGET_MAX_SECONDS:
            self.records = max(self._floor, int(min(self.records, records) * DECREASE))
        elif seconds < TARGET_MIN_SECONDS and records >= self.records:
            self.records = min(self._limit, self.records + STEP_RECORDS)
