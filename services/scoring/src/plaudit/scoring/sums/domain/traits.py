"""Kind, origin and verification of a review in one number: which row of a source's sums it is counted in.

Weights by these, and which kinds count, are a profile's; they are applied when a figure is read. So profiles that
differ in them alone share their sums.
"""

from itertools import product
from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import KINDS, ORIGINS


class Traits(NamedTuple):
    """What a review's weight depends on, beside its time and its source."""

    kind: str
    origin: str
    verified: bool


TRAITS: Final[tuple[Traits, ...]] = tuple(Traits(*each) for each in product(KINDS, ORIGINS, (False, True)))
"""All there are; a number is an index. It is stored: kinds and origins may be added at the end of theirs only."""
NUMBERS: Final[dict[tuple[str, str, bool], int]] = {each: number for number, each in enumerate(TRAITS)}
