"""When messages to one recipient leave together: the first at once, what follows as one at the end of a window.

Windows follow each other while messages come, and grow. So one recipient gets a bounded number of messages of one kind,
however many are queued. What is urgent waits no longer than the first window lasts.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.common.delivery.domain.message import Channel

STORM_WINDOW: Final = timedelta(minutes=10)
"""How long what follows is gathered while a tenant has a storm."""
STORM_COUNTED_OVER: Final = timedelta(hours=1)
"""The time in which a tenant's messages to people are counted."""
TO_PEOPLE: Final = (Channel.EMAIL, Channel.SLACK, Channel.TEAMS)
"""Channels whose messages people read: these count for a storm."""


class Pace(msgspec.Struct, frozen=True):
    """How long messages are gathered."""

    windows: tuple[timedelta, ...]
    """One after the other while messages come; the last one repeats."""

    @property
    def first(self) -> timedelta:
        """The first window, which nothing urgent outwaits."""
        return self.windows[0]


class Gathering(msgspec.Struct, frozen=True):
    """How the messages of one kind to one recipient stand."""

    tenant_id: str
    gathering: str
    """What they are gathered by: a topic, such as `clock`."""
    channel: str
    recipient: str
    step: int = 0
    """Which window it is."""
    free_at: datetime | None = None
    """When the window ends; None before the first message."""
    urgent_at: datetime | None = None
    """When something urgent may leave."""
    opened_at: datetime | None = None
    """When the first window opened: what is told until it is quiet again belongs together."""


class Waiting(msgspec.Struct, frozen=True):
    """What waits in a gathering."""

    oldest_at: datetime
    """Since when the oldest could have left, not in the future."""
    urgent_at: datetime | None = None
    """The same of the oldest urgent one; None where nothing urgent waits."""
    was_put_off: bool = False
    """Whether the oldest was not to leave when it was queued, as in quiet hours: then what waited is one message."""


class Release(StrEnum):
    """What leaves now."""

    NOTHING = "nothing"
    FIRST = "first"
    """One message, in its ordinary form; a window opens for what follows."""
    ALL = "all"
    """Everything that waits, as one message; the next window opens."""


def decide(
    state: Gathering, waiting: Waiting, now: datetime, pace: Pace, *, is_storm: bool
) -> tuple[Release, Gathering]:
    """Return what leaves of what waits, and how the gathering stands afterwards.

    Args:
        state: how it stands.
        waiting: what waits.
        now: the time.
        pace: how long messages are gathered.
        is_storm: whether the tenant has more messages than it may: then nothing leaves by itself.
    """
    is_quiet = state.free_at is None or waiting.oldest_at >= state.free_at
    if is_quiet and not is_storm:
        return Release.ALL if waiting.was_put_off else Release.FIRST, _opened(state, now, pace.first, pace)
    may_urgent = waiting.urgent_at is not None and state.urgent_at is not None and state.urgent_at <= now
    if is_quiet and not may_urgent:
        return Release.NOTHING, _opened(state, now, STORM_WINDOW, pace)
    if may_urgent or (state.free_at is not None and state.free_at <= now):
        step = min(state.step + 1, len(pace.windows) - 1)
        window = STORM_WINDOW if is_storm else pace.windows[step]
        opened_at = now if is_quiet else state.opened_at or now
        return Release.ALL, msgspec.structs.replace(
            state, step=step, free_at=now + window, urgent_at=now + pace.first, opened_at=opened_at
        )
    return Release.NOTHING, state


def _opened(state: Gathering, now: datetime, window: timedelta, pace: Pace) -> Gathering:
    return msgspec.structs.replace(state, step=0, free_at=now + window, urgent_at=now + pace.first, opened_at=now)
