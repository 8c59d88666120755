"""What surveys say, of their sums: NPS, CSAT and CES, each in the one unit that it has everywhere.

A reply is kept as a rating from 1 to 5, whatever scale it was given on. None of the figures is one of stars.
"""

from math import fsum
from typing import Final

from plaudit.common.statistics.intervals import on_scale
from plaudit.scoring.sums.domain.decay import Sums

PROMOTERS: Final = (5,)
"""The stars of 9 and 10 of 10."""
DETRACTORS: Final = (1, 2, 3)
"""The stars of 0 to 6 of 10."""
SATISFIED: Final = (4, 5)
"""The two best answers of five; of another scale, those in its upper three eighths."""
MIN_EFFORT: Final = 1.0
MAX_EFFORT: Final = 7.0
CES_POINTS_PER_STAR: Final = 1.5
"""An answer from 1 to 7 is kept as a rating from 1 to 5."""


def share(sums: Sums, stars: tuple[int, ...]) -> float:
    """Return the share of the weight that some stars have, from 0 to 1; what rounding leaves beyond is cut off.

    Args:
        sums: of replies that weigh something.
        stars: whose share.
    """
    return min(1.0, max(0.0, fsum(sums.weights[star - 1] for star in stars) / sums.b))


def nps(sums: Sums) -> float:
    """Return the NPS of replies that weigh something, from -100 to 100: promoters less detractors, in percent."""
    return on_scale(100 * (share(sums, PROMOTERS) - share(sums, DETRACTORS)))


def csat(sums: Sums) -> float:
    """Return the CSAT of replies that weigh something, in percent from 0 to 100: the two best answers of five."""
    return on_scale(100 * share(sums, SATISFIED))


def ces(sums: Sums) -> float:
    """Return the CES of replies that weigh something: their mean, from 1, very difficult, to 7, very easy."""
    return min(MAX_EFFORT, max(MIN_EFFORT, effort_of(sums.a / sums.b)))


def effort_of(rating: float) -> float:
    """Return the answer that a rating from 1 to 5 was made of: how easy it was, from 1 to 7."""
    return on_scale(MIN_EFFORT + (rating - 1) * CES_POINTS_PER_STAR)
