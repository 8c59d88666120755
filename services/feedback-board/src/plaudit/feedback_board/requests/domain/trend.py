"""The trend of a request: how much it is asked for lately, as one number that no passing of time changes.

It is `T · log Σ exp(t / T)` over the times `t` of all votes and linked reviews, with T = 7 days, in microseconds since
the Unix epoch. A mention counts e times less for each week that it is older, and since all fade alike, the order of
two requests changes only with a new mention: lists need no clock, and cursors stay valid. Read as a time, it is when a
single mention would have been worth as much as all of them.
"""

from datetime import datetime, timedelta
from math import exp, log1p
from typing import Final

from plaudit.feedback_board.requests.domain.times import MICROSECOND, microseconds

FADING: Final = timedelta(days=7)
"""T: after this time a mention counts e times less."""
NO_TREND: Final = 0
"""Of a request without mentions: less than any mention of our time."""
MOST_SUBTRACTED: Final = 0.5
"""The largest share of the whole that is subtracted. Beyond it, too few digits of the rest would be left."""

_FADING: Final = FADING // MICROSECOND


def with_mention(trend: int, at: datetime) -> int:
    """Return the trend with one more mention."""
    moment = microseconds(at)
    if trend == NO_TREND:
        return moment
    later, earlier = max(trend, moment), min(trend, moment)
    return later + round(_FADING * log1p(exp((earlier - later) / _FADING)))


def without_mention(trend: int, at: datetime) -> int | None:
    """Return the trend without a mention that is in it, or None when the others must be counted anew."""
    share = exp(min(0.0, (microseconds(at) - trend) / _FADING))
    return None if share > MOST_SUBTRACTED else trend + round(_FADING * log1p(-share))
