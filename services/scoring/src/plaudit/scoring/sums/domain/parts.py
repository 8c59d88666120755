"""Parts of a figure: sums by source, kind, origin and verification, and what a profile makes of them."""

from collections.abc import Iterable
from operator import add
from typing import NamedTuple

from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.sums.domain.decay import MergedSums, Sums, merge
from plaudit.scoring.sums.domain.kept import NEVER_US, KeptSums, held
from plaudit.scoring.sums.domain.traits import TRAITS


class Part(NamedTuple):
    """The sums of one source's reviews of one kind, origin and verification, held against a landmark."""

    source_id: str | None
    """None: of all sources, where a profile weighs them alike."""
    traits: int
    landmark: int
    sums: Sums
    newest_us: int = NEVER_US
    """When the newest review that ever counted here was rated."""


class KeptPart(NamedTuple):
    """A row of kept sums, all partitions together."""

    source_id: str | None
    traits: int
    block: int
    kept: KeptSums


class KeptStep(NamedTuple):
    """What a step added to a row of kept sums, all partitions together."""

    step: int
    """From 0."""
    part: KeptPart
    rated: int
    """How many of the reviews were rated in the step."""


class StepPart(NamedTuple):
    """What a step added to a part; otherwise as `KeptStep`."""

    step: int
    part: Part
    rated: int


def parts_for(kept: Iterable[KeptPart], half_life_us: int | None) -> list[Part]:
    """Return the parts of one half-life that kept sums hold.

    Raises:
        ValueError: the kept sums do not hold this half-life.
    """
    parts = []
    for source_id, traits, block, row in kept:
        found = held(block, row, half_life_us)
        if found is None:
            raise ValueError(f"no sums are kept for a half-life of {half_life_us} microseconds")
        parts.append(Part(source_id, traits, *found, row.newest_us))
    return parts


def joined(one: Part, other: Part) -> Part:
    """Return two parts of one source, traits and landmark as one."""
    sums = Sums._make(map(add, one.sums, other.sums))
    return one._replace(sums=sums, newest_us=max(one.newest_us, other.newest_us))


def merge_for(profile: Profile, parts: Iterable[Part]) -> MergedSums:
    """Merge the parts that count for a profile, each with the weight that the profile gives it."""
    return merge((part.landmark, _weighted(part, profile)) for part in parts if counts(part, profile))


def newest_us(parts: Iterable[Part], profile: Profile) -> int | None:
    """Return when the newest review that ever counted for a profile was rated; None if there never was one."""
    newest = max((part.newest_us for part in parts if counts(part, profile)), default=NEVER_US)
    return None if newest == NEVER_US else newest


def counts(part: Part, profile: Profile) -> bool:
    """Return whether a part's reviews count for a profile."""
    traits = TRAITS[part.traits]
    return profile.counts(kind=traits.kind, origin=traits.origin)


def _weighted(part: Part, profile: Profile) -> Sums:
    """Return the sums with a profile's weight; the counts stay."""
    if profile.is_uniform:
        return part.sums
    traits = TRAITS[part.traits]
    weight = profile.weight(verified=traits.verified, origin=traits.origin, source_id=part.source_id)
    a, w1, w2, w3, w4, w5 = (value * weight for value in (part.sums.a, *part.sums.weights))
    return part.sums._replace(a=a, b2=part.sums.b2 * weight * weight, w1=w1, w2=w2, w3=w3, w4=w4, w5=w5)
