"""Post-stratification: people weighed by how common their persona is among all customers, not among those who ask.

It needs the share of every persona in the population, so it is shown beside the other views and never made a priority
of: one share that nobody has looked at for a year would move the whole board.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from plaudit.feedback_board.requests.domain.weighing import HUNDREDTH, Strata, effective_size

LEAST_PEOPLE: Final = 5
"""A stratum with fewer people in the sample would get its weight from chance: then nothing is weighed."""
LEAST_WEIGHT: Final = Decimal("0.1")
MOST_WEIGHT: Final = Decimal(5)
"""Weights are trimmed to these: beyond them a few people would speak for very many."""


def weights_of(sample: Strata, shares: Mapping[str, Decimal]) -> dict[str, Decimal] | None:
    """Return the weight of a person of each stratum: share of the population ÷ share of the sample.

    None when nothing may be weighed: a stratum of the sample has no share, or fewer than `LEAST_PEOPLE` people.
    """
    held = {stratum: people for stratum, people in sample.items() if people}
    if not held or not held.keys() <= shares.keys() or min(held.values()) < LEAST_PEOPLE:
        return None
    total = sum(held.values())
    return {
        stratum: min(MOST_WEIGHT, max(LEAST_WEIGHT, shares[stratum] * total / people))
        for stratum, people in held.items()
    }


def post_stratified(strata: Strata, weights: Mapping[str, Decimal]) -> Decimal:
    """Return what the people of a request count for; a stratum that came after the sample counts in full."""
    whole = sum((people * weights.get(stratum, Decimal(1)) for stratum, people in strata.items()), Decimal(0))
    return whole.quantize(HUNDREDTH, ROUND_HALF_UP)


def effective_size_of(sample: Strata, weights: Mapping[str, Decimal]) -> Decimal | None:
    """Return Kish's effective size of a sample under weights."""
    return effective_size((people, people * weights[stratum]) for stratum, people in sample.items() if people)
