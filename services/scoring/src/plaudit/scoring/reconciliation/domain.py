"""What is compared, what is left out, and when."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

import msgspec

from plaudit.common.contracts.subjects import is_within, prefixes
from plaudit.scoring.history.domain import Place

TOLERANCE: Final = 1e-9
"""Of a sum, beside the sum of all stars; counts are equal or not."""
BEGINS_AT: Final = timedelta(hours=2)
"""After midnight, UTC."""
MAX_ROWS: Final = 1_000
"""Rows that one comparison finds at most; the next finds the others."""
MAX_LATER_RECORDS: Final = 20_000
"""Of a partition, that live has applied between a comparison and a repair. With more, rows are compared again."""
MAX_WAIT_SECONDS: Final = 0.5
"""How long live may wait for history, before it is let go on and nothing is compared or repaired."""
MAX_HELD_SECONDS: Final = 0.5
"""How long live may wait for each statement after that."""
MAX_TRIES: Final = 4
"""How often a subject is compared, until nothing differs."""
MAX_COMPARED_SECONDS: Final = 120.0
"""Of one top subject and all below it. A comparison locks nothing and writes nothing."""
MAX_CELLED_A_NIGHT: Final = 200
"""Large subjects whose cells and changes a night compares, those first that were not compared for the longest."""
COMPARED_DAYS: Final = 64
"""Of a large subject's changes, the last that are summed, and those that are summed together with the first of them.
As many older ones are compared as well, others every night."""
TOP_STARS: Final = 5
WALKED_ROWS: Final = 2_000
"""Reviews, or places of reviews, that a step of a walk compares."""
REMADE_REVIEWS: Final = 200
"""Whose places one transaction makes anew: one that writes is to be short."""


_AFTER_ALL: Final = "\U0010ffff"
"""No name comes after it."""


class Walk(StrEnum):
    """A walk along a table, which compares what insight and answers keep of reviews with where these are found.

    One along the reviews finds places that are missing or wrong, one along the places those that nothing says.
    """

    SAID = "insight_reviews"
    SAID_PLACES = "insight_places"
    LIVES = "answer_reviews"
    ANSWER_PLACES = "answer_places"

    @property
    def following(self) -> "Walk | None":
        """The walk after this one, None after the last."""
        return dict(pairwise(Walk)).get(self)


class Step(NamedTuple):
    """Where a night's walks go on."""

    walk: Walk
    after: str
    """The key of the last row that was compared, in JSON; the empty text before the first."""

    def going_on(self, after: str) -> "Step | None":
        """Return the step after this one, which has come to a key, or to the end of its table; None after the last."""
        if after:
            return Step(self.walk, after)
        return None if self.walk.following is None else Step(self.walk.following, "")


class Scope(NamedTuple):
    """Whose rows are walked along."""

    tenant_id: str | None = None
    """None: of all tenants."""
    subject: str | None = None
    """It and all below it alone; None: all of the tenant's."""

    @property
    def tenants(self) -> tuple[str, str]:
        """The first tenant, and a name that comes after the last."""
        return ("", _AFTER_ALL) if self.tenant_id is None else (self.tenant_id, f"{self.tenant_id}\x01")

    @property
    def paths(self) -> tuple[str, str, str, str]:
        """The same with prefixes: the first tenant and prefix, and those that come after the last."""
        first, end = self.tenants
        return (first, "", end, "") if self.subject is None else (first, self.subject, first, f"{self.subject}0")

    def holds(self, prefix: str) -> bool:
        """Return whether a prefix is in it, whose tenant is."""
        return self.subject is None or is_within(prefix, self.subject)


class RowKey(NamedTuple):
    """Which row of sums of a tenant."""

    prefix: str
    source_id: str
    traits: int
    block: int
    """Or the landmark, of a tenant's own half-life."""


class Differing(NamedTuple):
    """A row of sums that is not what the ledger says, or one of the two alone."""

    key: RowKey
    truth: tuple[float, ...]
    """The numbers that the ledger says, in the order of the table's columns."""
    is_rounded: bool
    """Whether its counts are right and all sums are numbers: only rounding can have done that."""


class Comparison(msgspec.Struct, frozen=True):
    """What a comparison of a subject and all below it has found."""

    compared: int
    """Rows."""
    differing: Mapping[int, Sequence[Differing]]
    """By partition."""
    places: Mapping[int, Place]
    """Up to where the ledger was summed, by partition: where live stood."""
    behind: Collection[int] = ()
    """Partitions in which history has not come as far as live; they were not compared."""
    half_life_us: int | None = None
    """Of a tenant's own, whose sums were compared; None: `sums` were."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a subject and all below it."""

    compared: int = 0
    """Rows of sums."""
    skipped: int = 0
    """Rows and partitions that could not be compared or repaired now."""
    differing: int = 0
    """Rows whose counts were wrong, and were summed anew."""
    rounded: int = 0
    """Rows in which rounding showed, and which were summed anew."""
    celled: int = 0
    """Large subjects whose cells and changes were compared."""
    refilled: int = 0
    """Of those, the ones whose cells are filled again or whose changes are summed again."""
    derived: int = 0
    """Rows of insight and answers that were compared with what is kept of each review."""
    remade: int = 0
    """Of those and of such as were missing, the ones that were wrong and were made anew."""

    @property
    def repairs(self) -> "Outcome":
        """What was made anew alone, without what was compared."""
        return Outcome(differing=self.differing, rounded=self.rounded, refilled=self.refilled, remade=self.remade)

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return the outcome of both."""
        return Outcome(
            *(a + b for a, b in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )


class Letter(NamedTuple):
    """A record that one group has set aside."""

    partition: int
    offset: int
    group: str
    value: bytes | None


class LeftOut(NamedTuple):
    """What cannot be compared, since one group has applied a record that the other has set aside."""

    roots: frozenset[tuple[str, str]]
    """Tenants, and subjects of one segment."""
    partitions: frozenset[int]
    """All of it, since the record cannot be read."""


class _Subject(msgspec.Struct):
    subject: str


class _Change(msgspec.Struct):
    before: _Subject | None
    after: _Subject | None


class _Told(msgspec.Struct):
    tenant: str
    data: _Change


def left_out(letters: Collection[Letter]) -> LeftOut:
    """Return what letters leave out: those that one group alone has. What both refuse is in neither."""
    groups: dict[tuple[int, int], list[Letter]] = {}
    for letter in letters:
        groups.setdefault((letter.partition, letter.offset), []).append(letter)
    roots: set[tuple[str, str]] = set()
    partitions: set[int] = set()
    for alone in (found[0] for found in groups.values() if len(found) == 1):
        try:
            told = msgspec.json.decode(alone.value or b"", type=_Told)
            states = [state for state in (told.data.before, told.data.after) if state is not None]
            roots |= {(told.tenant, prefixes(state.subject)[0]) for state in states}
        except (msgspec.MsgspecError, ValueError):
            partitions.add(alone.partition)
    return LeftOut(frozenset(roots), frozenset(partitions))


def begins_at(now: datetime) -> datetime:
    """Return when the last nightly comparison was to begin."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = midnight + BEGINS_AT
    return begins if begins <= now else begins - timedelta(days=1)


def windows_of(oldest_day: int, end_day: int) -> list[tuple[int, int]]:
    """Return the windows that changes of some days are compared in, by the first day of each and the day after it.

    The first one is of the newest days.

    Args:
        oldest_day: the first day that is summed.
        end_day: the day after the last.
    """
    newest = (end_day - COMPARED_DAYS) // COMPARED_DAYS * COMPARED_DAYS
    oldest = oldest_day // COMPARED_DAYS * COMPARED_DAYS
    return [(newest, end_day), *((day, day + COMPARED_DAYS) for day in range(oldest, newest, COMPARED_DAYS))]


def windows_of_night(windows: Sequence[tuple[int, int]], day: int) -> Sequence[tuple[int, int]]:
    """Return those of the windows that a night compares: the newest days, and one of the others, which a day tells.

    The day tells it at random, so that a subject that is not compared every night has its turns at all of them.
    """
    newest, *older = windows
    return [newest, Random(day).choice(older)] if older else [newest]
