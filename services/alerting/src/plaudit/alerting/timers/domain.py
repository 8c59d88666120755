"""How far the changes of reviews have been read, so that no clock is judged on less than was written in its time.

A timer may be acted upon once the position on its partition has reached the end offset that was asked at or after its
due time. Where that does not come about, it may be after the longest wait, and a breach is then provisional.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from plaudit.alerting.domain.decide import NEVER, Reached


@dataclass(frozen=True, slots=True)
class _Ask:
    asked_at: datetime
    end_offset: int


class Horizon:
    """What one process knows of one partition. Nothing of it outlives the process: a new one asks again.

    One ask stands at a time. Asking anew before it is met would chase the end of a partition that is written all the
    time, and never be met.
    """

    def __init__(self, longest_wait: timedelta) -> None:
        self._longest_wait = longest_wait
        self._read_until = NEVER
        self._ask: _Ask | None = None
        self._waiting_since: datetime | None = None

    def must_ask(self, due_at: datetime) -> bool:
        """Whether the end offset has to be asked for before what was due then may be acted upon."""
        return self._ask is None and due_at > self._read_until

    def asking(self, at: datetime) -> None:
        """Take note that the end offset is being asked for: the wait has begun, if it had not."""
        self._waiting_since = self._waiting_since or at

    def asked(self, asked_at: datetime, end_offset: int) -> None:
        """Take note of an answer.

        Args:
            asked_at: an instant before the question was put.
            end_offset: of the record to be written next.
        """
        self.asking(asked_at)
        self._ask = _Ask(asked_at, end_offset)

    def read(self, next_offset: int) -> None:
        """Take note of the position: all before this offset has been applied."""
        if self._ask is not None and next_offset >= self._ask.end_offset:
            self._read_until = self._ask.asked_at
            self._ask = None
            self._waiting_since = None

    def reached(self, now: datetime) -> Reached:
        """Return up to which instant timers may be acted upon, and up to which without reserve."""
        decide_until = self._read_until
        if self._waiting_since is not None and now - self._waiting_since >= self._longest_wait:
            decide_until = max(decide_until, now - self._longest_wait)
        return Reached(now=now, read_until=self._read_until, decide_until=decide_until)
