"""When a notice may leave of a clock whose owner had one a short time ago: a rating that flaps is told once."""

from datetime import datetime, timedelta
from typing import Final

FLAPS_WITHIN: Final = timedelta(hours=1)
"""A run that begins so soon after a notice is told when it has stood for as long."""


def notice_at(last_told_at: datetime | None, started_at: datetime, now: datetime) -> datetime:
    """Return when the notice of a run may leave: now, or when the run has stood for an hour.

    So there is at most one notice an hour, and one for each run that stands; a breach is told in any case.

    Args:
        last_told_at: when the same recipient was last told of the clock's runs; None for never.
        started_at: when the run began.
        now: the time.
    """
    if last_told_at is None or started_at - last_told_at >= FLAPS_WITHIN:
        return now
    return max(now, max(started_at, last_told_at) + FLAPS_WITHIN)
