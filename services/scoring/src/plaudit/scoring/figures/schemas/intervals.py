"""How an interval is shown."""

from pydantic import BaseModel, Field

from plaudit.common.statistics.intervals import Interval


class IntervalOut(BaseModel):
    """Where a figure lies with a confidence of 95 %."""

    low: float = Field(description="The least that it may be.", examples=[3.4327])
    high: float = Field(description="The most that it may be.", examples=[3.9408])


def interval_out(interval: Interval | None) -> IntervalOut | None:
    """Return an interval as the API shows it."""
    return None if interval is None else IntervalOut(low=interval.low, high=interval.high)
