"""The fuse of a consumer: it stops the consumer when too many records fail, because then the fault is ours.

Pure counting in memory. What a transaction would add is checked before it commits. A batch that blows the fuse is
rolled back and split: what the fuse allows is committed, and the record that is one too many is read again after a
restart.
"""

from collections import deque
from dataclasses import dataclass


class FuseBlownError(Exception):
    """Too many records were set aside or held back; the consumer stops until it is restarted."""


@dataclass(frozen=True, slots=True)
class Fuse:
    """How many records may fail. *Set aside* counts invalid and failed records, *held back* those behind a failed one.

    The share is one of the whole window, also while the window is not full: so a consumer that has seen few records
    is never stopped by its share before `max_share * window_records` of them (100 by default) were set aside.
    """

    max_share: float = 0.01
    """Of the last `window_records`, the share that may be set aside."""
    window_records: int = 10_000
    """How many of the last records count, applied or not."""
    max_consecutive: int = 50
    """Records set aside by transactions that applied none, since the last one that applied a record."""
    max_held: int = 5_000
    """Of the last `window_records`, how many may be held back."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one transaction does with its records."""

    applied: int = 0
    set_aside: int = 0
    held: int = 0

    @property
    def records(self) -> int:
        """All of them."""
        return self.applied + self.set_aside + self.held


class FuseCounter:
    """Counts the committed records of one consumer since its process started: a restart re-arms the fuse."""

    def __init__(self, fuse: Fuse) -> None:
        """Begin with nothing counted."""
        self._fuse = fuse
        self._records = 0
        self._consecutive = 0
        self._failures: deque[tuple[int, Tally]] = deque()
        """Transactions in the window that had failures, each with the number of its last record."""

    def check(self, tally: Tally) -> None:
        """Judge what a transaction is about to commit. Transactions in flight beside it are not counted yet.

        Raises:
            FuseBlownError: with it too many records would have failed.
        """
        if not tally.set_aside and not tally.held:
            return
        fuse, seen = self._fuse, self._records + tally.records
        recent = [tally, *(past for last, past in self._failures if last > seen - fuse.window_records)]
        window_records = min(seen, fuse.window_records)
        set_aside, held = sum(past.set_aside for past in recent), sum(past.held for past in recent)
        consecutive = self._consecutive_after(tally)
        if set_aside > fuse.max_share * fuse.window_records:
            most = int(fuse.max_share * fuse.window_records)
            raise _blown(f"{set_aside} of the last {window_records} records would be set aside, at most {most} may")
        if consecutive > fuse.max_consecutive:
            raise _blown(f"{consecutive} records in a row would be set aside, at most {fuse.max_consecutive} may")
        if held > fuse.max_held:
            raise _blown(f"{held} of the last {window_records} records would be held back, at most {fuse.max_held} may")

    def add(self, tally: Tally) -> None:
        """Count what a transaction has committed."""
        self._records += tally.records
        self._consecutive = self._consecutive_after(tally)
        if tally.set_aside or tally.held:
            self._failures.append((self._records, tally))
        while self._failures and self._failures[0][0] <= self._records - self._fuse.window_records:
            self._failures.popleft()

    def _consecutive_after(self, tally: Tally) -> int:
        return 0 if tally.applied else self._consecutive + tally.set_aside


def _blown(what: str) -> FuseBlownError:
    return FuseBlownError(
        f"{what}: look at the newest rows of dead_letters, fix what makes the records fail, and restart the consumer. "
        "Nothing was lost: the record that is one too many is read again. A restart re-arms the fuse"
    )
