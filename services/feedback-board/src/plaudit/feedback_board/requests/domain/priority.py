"""Priority = impact × reach ÷ effort, in exact decimals, rounded once."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from plaudit.feedback_board.requests.domain.errors import InvalidInputError

FORMULA_VERSION: Final = 2
"""Raised when the formula below, its rounding or the definition of reach changes; kept with every figure.

1: everyone counts for reach, within the last 90 days to the microsecond. 2: visitors who did not sign in are counted
apart, people are weighed by persona (`domain.weighing`), and the 90 days end at midnight UTC.
"""

IMPACTS: Final = tuple(Decimal(text) for text in ("0.25", "0.5", "1", "2", "3"))
"""Minimal, low, medium, high, massive: the ladder of RICE (Sean McBride, Intercom)."""
MIN_EFFORT_WEEKS: Final = Decimal("0.25")
"""About a day of one person. Without a floor the division would favour whatever was estimated at nearly nothing."""
MAX_EFFORT_WEEKS: Final = Decimal(1000)
EFFORT_DECIMALS: Final = 2
CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sizing:
    """The team's estimates for a request: how much it matters to one person, and the person-weeks it takes."""

    impact: Decimal
    effort_weeks: Decimal

    def __post_init__(self) -> None:
        """Raise InvalidInputError for an impact off the ladder or an effort out of its range."""
        if self.impact not in IMPACTS:
            raise InvalidInputError("impact", f"impact must be one of {', '.join(map(str, IMPACTS))}")
        if not (self.effort_weeks.is_finite() and MIN_EFFORT_WEEKS <= self.effort_weeks <= MAX_EFFORT_WEEKS):
            raise InvalidInputError(
                "effort_weeks", f"effort_weeks must be from {MIN_EFFORT_WEEKS} to {MAX_EFFORT_WEEKS} person-weeks"
            )
        if self.effort_weeks != self.effort_weeks.quantize(CENT):
            raise InvalidInputError("effort_weeks", f"effort_weeks has at most {EFFORT_DECIMALS} decimals")


def priority(sizing: Sizing | None, weighted_reach: Decimal | int) -> Decimal | None:
    """Return impact × weighted reach ÷ effort, rounded half up to two decimals; None while the request is unsized.

    Pages show two decimals, so requests are ordered by figures that anyone can check and never by digits that nobody
    sees.
    """
    if sizing is None:
        return None
    return (sizing.impact * weighted_reach / sizing.effort_weeks).quantize(CENT, ROUND_HALF_UP)
