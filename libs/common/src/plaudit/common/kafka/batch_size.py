"""How many records a transaction takes: more while transactions are short, fewer when they are long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How long transactions should be, and how fast their size grows towards it."""

    min_seconds: float
    max_seconds: float
    step_records: int


USUAL = Pace(0.020, 0.040, 100)
BEHIND = Pace(0.150, 0.250, 2_000)
"""While there is a backlog. Large batches cost less a record: more of them add to the same rows. But a transaction that
writes holds back the events of all writers after it, so each is still short."""
DECREASE = 0.7


class Size:
    """One size, between its start and its limit.

    It never shrinks below the start: when everything is slow, each transaction's own cost dominates, and smaller
    transactions would make a record dearer still.
    """

    def __init__(self, start: int, limit: int, pace: Pace) -> None:
        self._limit, self._pace = limit, pace
        self._floor = self.records = min(start, limit)

    def observe(self, records: int, seconds: float) -> None:
        """Learn from one transaction. It grows only after a full one: a small one says nothing about a larger one."""
        if seconds > self._pace.max_seconds:
            self.records = max(self._floor, int(min(self.records, records) * DECREASE))
        elif seconds < self._pace.min_seconds and records >= self.records:
            self.records = min(self._limit, self.records + self._pace.step_records)


class BatchSize:
    """The present size: the usual one, or another that may be larger while there is a backlog."""

    def __init__(self, start: int, limit: int, backlog_limit: int) -> None:
        """Begin with the start, and without a backlog.

        Args:
            start: least records of a size.
            limit: most records of the usual size.
            backlog_limit: most records while there is a backlog; the usual size is used then too if this is no more
                than `limit`.
        """
        self._usual = Size(start, limit, USUAL)
        self._behind = Size(start, backlog_limit, BEHIND) if backlog_limit > limit else self._usual
        self.is_behind = False
        """Whether more than a batch of the usual size was left to read after the last one."""

    @property
    def records(self) -> int:
        """Most records of the next batch."""
        return (self._behind if self.is_behind else self._usual).records

    def observe(self, records: int, seconds: float, left_records: int) -> None:
        """Learn from one transaction.

        Args:
            records: how many it took.
            seconds: how long it was.
            left_records: how many there are to read after it.
        """
        (self._behind if self.is_behind else self._usual).observe(records, seconds)
        self.is_behind = left_records > self._usual.records
