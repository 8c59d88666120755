"""A half-life that a tenant's own profile has: from when it is wanted until its sums are kept, and how far that is.

A new half-life is *cleared* first: whatever the tables may hold of it is taken away. Then the ledger is *read* up to a
stated record of each partition, while live goes on. Then each partition *joins*: what has come since is added while
live stands still for a moment, and from then on live adds to it. When all have joined, the half-life is *kept*.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.scoring.profiles.domain import BUILT_IN, Profile

KEPT_UNUSED: Final = timedelta(days=1)
"""How long the sums of a half-life stay that no profile has any more: a profile that comes back needs no filling."""
_KEPT_FOR_ALL: Final = frozenset(profile.half_life_us for profile in BUILT_IN.values())


class Phase(StrEnum):
    """How far the sums of a half-life are."""

    CLEARING = "clearing"
    READING = "reading"
    JOINING = "joining"
    KEPT = "kept"


class HalfLife(msgspec.Struct, frozen=True, kw_only=True):
    """A half-life of a tenant's own."""

    tenant_id: str
    half_life_us: int
    phase: Phase
    after_review: UUID | None
    """The last review of which the entries were added; None before the first."""
    entries_read: int
    entries_total: int
    """About how many there are; 0 where nobody knows."""
    waits_for: str | None
    """What keeps it waiting, in words; None while it goes on."""
    unused_since: datetime | None
    """Since when no profile has it."""

    def is_due_to_go(self, now: datetime) -> bool:
        """Return whether no profile has had it for so long that its sums are dropped."""
        return self.unused_since is not None and self.unused_since + KEPT_UNUSED <= now


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the filling of a half-life is."""

    phase: Phase
    entries_read: int = 0
    entries_total: int = 0
    partitions_live: int = 0
    waits_for: str | None = None

    @property
    def is_ready(self) -> bool:
        """Return whether figures may be read."""
        return self.phase is Phase.KEPT

    @property
    def share(self) -> float:
        """How much of the reading is done, from 0 to 1; joining begins at 1."""
        if self.phase in {Phase.JOINING, Phase.KEPT}:
            return 1.0
        return min(self.entries_read / self.entries_total, 0.99) if self.entries_total else 0.0

    @property
    def in_words(self) -> str:
        """Say how far it is, in a sentence."""
        if self.waits_for is not None:
            return f"It waits: {self.waits_for}."
        match self.phase:
            case Phase.CLEARING:
                return "It is about to begin."
            case Phase.READING:
                total = f" of about {self.entries_total:,}" if self.entries_total else ""
                return f"{self.entries_read:,}{total} entries of the ledger are read."
            case Phase.JOINING:
                return f"The ledger is read; {self.partitions_live} partitions have caught up with what comes in."
            case Phase.KEPT:
                return "It is ready."


READY: Final = Progress(phase=Phase.KEPT)
"""Of a half-life that every tenant has."""


class ProfileNotReadyError(Exception):
    """The half-life of a profile is being filled."""

    def __init__(self, name: str, progress: Progress) -> None:
        """Say how far it is."""
        super().__init__(f"The profile `{name}` is being filled. {progress.in_words} Other profiles answer as before.")


def own_half_life(profile: Profile) -> int | None:
    """Return a profile's half-life in microseconds if it is a tenant's own; None if every tenant has it."""
    return None if profile.half_life_us in _KEPT_FOR_ALL else profile.half_life_us


def progress_of(profile: Profile, found: Mapping[int, Progress]) -> Progress:
    """Return how far a profile's half-life is, among those that there are."""
    half_life_us = own_half_life(profile)
    return READY if half_life_us is None else found.get(half_life_us, Progress(phase=Phase.CLEARING))
