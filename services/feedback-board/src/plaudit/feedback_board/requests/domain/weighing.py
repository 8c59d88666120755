"""Weighing: how many people a request counts for, when one kind of people must not drown out the others.

The people whom a request reaches stand in strata: one for each persona, and one for everyone without a persona. A view
says what a stratum of n people counts for. Every view of these never falls when one more person asks, whatever their
persona: `effective_size` says what the weights cost in certainty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

NO_PERSONA: Final = ""
"""The stratum of everyone who has no persona: counted like any other, and never dropped."""
HUNDREDTH: Final = Decimal("0.01")
TENTH: Final = Decimal("0.1")
DEFAULT_CAP: Final = 10
MIN_CAP: Final = 5
"""A stratum of fewer than five people says too little to be weighed down: no cap reaches it."""
MAX_CAP: Final = 1_000_000

Strata = Mapping[str, int]
"""Persona id, or `NO_PERSONA` → how many distinct people."""


class ReachView(StrEnum):
    """How people are counted for reach."""

    RAW = "raw"
    """Everyone."""
    CAPPED = "capped"
    """At most so many people of each persona, and everyone who has none: these are no kind that drowns out others."""
    SQRT = "sqrt"
    """The square root of the number of people of each persona."""


class Concern(StrEnum):
    """What no weight may hide: for such a request everyone counts."""

    SAFETY = "safety"
    ACCESSIBILITY = "accessibility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """How a tenant counts people at one instant."""

    view: ReachView = ReachView.CAPPED
    cap: int = DEFAULT_CAP
    """People of one persona that `ReachView.CAPPED` counts at most."""
    muted: frozenset[str] = field(default_factory=frozenset)
    """Ids of personas whose people count for nothing; their votes are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the people of one request count for, in one view."""

    view: ReachView
    cap: int | None
    """Null where the view has none."""
    people: int
    """Distinct people, unweighted, with those of muted personas."""
    muted_people: int
    reach: Decimal
    """What they count for."""
    effective_size: Decimal | None
    """Kish's effective sample size, (Σw)² ÷ Σw²; null when nobody counts."""


def weigh(strata: Strata, weighing: Weighing, concern: Concern | None = None) -> Weighed:
    """Return what people count for, rounded half up to two decimals. A concern is never weighed down."""
    if concern is not None:
        weighing = Weighing(view=ReachView.RAW)
    counted = {stratum: people for stratum, people in strata.items() if people and stratum not in weighing.muted}
    worths = {stratum: _worth(stratum, people, weighing) for stratum, people in counted.items()}
    total = sum(strata.values())
    return Weighed(
        view=weighing.view,
        cap=weighing.cap if weighing.view is ReachView.CAPPED else None,
        people=total,
        muted_people=total - sum(counted.values()),
        reach=sum(worths.values(), Decimal(0)).quantize(HUNDREDTH, ROUND_HALF_UP),
        effective_size=effective_size((people, worths[stratum]) for stratum, people in counted.items()),
    )


def all_views(strata: Strata, weighing: Weighing) -> list[Weighed]:
    """Return every view of the same people: raw without mutes, then with the tenant's cap and mutes."""
    return [weigh(strata, Weighing(view=ReachView.RAW))] + [
        weigh(strata, Weighing(view=view, cap=weighing.cap, muted=weighing.muted))
        for view in (ReachView.CAPPED, ReachView.SQRT)
    ]


def _worth(stratum: str, people: int, weighing: Weighing) -> Decimal:
    match weighing.view:
        case ReachView.RAW:
            return Decimal(people)
        case ReachView.CAPPED:
            return Decimal(people if stratum == NO_PERSONA else min(people, weighing.cap))
        case ReachView.SQRT:
            return Decimal(people).sqrt()


def effective_size(strata: Iterable[tuple[int, Decimal]]) -> Decimal | None:
    """Return (Σw)² ÷ Σw², where the people of each stratum, (how many, what they count for), share a weight."""
    held = list(strata)
    if not held:
        return None
    whole = sum((worth for _, worth in held), Decimal(0))
    squares = sum((worth * worth / people for people, worth in held), Decimal(0))
    return (whole * whole / squares).quantize(TENTH, ROUND_HALF_UP)
