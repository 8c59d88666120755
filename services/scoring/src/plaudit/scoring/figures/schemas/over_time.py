"""How figures of steps of time are shown."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http.files import csv_cell
from plaudit.scoring.figures.domain.catalogue import FIGURES, Figure
from plaudit.scoring.figures.domain.over_time import FigurePoint
from plaudit.scoring.figures.schemas.intervals import IntervalOut, interval_out
from plaudit.scoring.series.schemas import Of

_A_DAY: Final = "2026-03-01"


class FigurePointOut(BaseModel):
    """A figure of one step."""

    model_config = ConfigDict(populate_by_name=True)

    start: datetime = Field(
        alias="from", description="When the step begins; that instant belongs to it.", examples=[f"{_A_DAY}T00:00:00Z"]
    )
    end: datetime = Field(
        alias="to", description="When the next one begins; that instant does not.", examples=["2026-03-02T00:00:00Z"]
    )
    label: str = Field(
        description="The hour, the day, the ISO week or the month, on the calendar of the time zone.", examples=[_A_DAY]
    )
    n: int = Field(description="Reviews, or replies, that the figure is of.", examples=[0])
    value: float | None = Field(description="The figure, in its unit; null where there is none.", examples=[None])
    interval: IntervalOut | None = Field(
        description="Where it lies with a confidence of 95 %; null where too few reviews came to say.", examples=[None]
    )


class FigureLineOut(BaseModel):
    """A line of a file: a point, and of what."""

    model_config = ConfigDict(populate_by_name=True)

    subject: str
    figure: Figure
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    label: str
    n: int
    value: float | None
    interval: IntervalOut | None
    source_id: UUID | None
    origin: str | None


class OneFigureSeriesOut(BaseModel):
    """How one figure moved."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    figure: Figure = Field(description="What is told.", examples=["nps"])
    unit: str = Field(description="What its values are.", examples=["points, -100 to 100"])
    points: list[FigurePointOut] = Field(description="One for each step, without a gap.")


class FigureSeriesOut(BaseModel):
    """How figures moved, step by step."""

    model_config = ConfigDict(populate_by_name=True)

    start: datetime = Field(alias="from", description="When the first step begins.", examples=[f"{_A_DAY}T00:00:00Z"])
    end: datetime = Field(alias="to", description="When the last step ends.", examples=["2026-03-08T00:00:00Z"])
    step: Literal["hour", "day", "week", "month"] = Field(description="How long a step lasts.", examples=["day"])
    timezone: str = Field(description="On whose clocks steps begin.", examples=["UTC"])
    source_id: UUID | None = Field(description="Of this source's reviews alone; null for all.", examples=[None])
    source_name: str | None = Field(
        description="What the tenant calls the source; null without `source_id`, and until a review has told.",
        examples=[None],
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=[None])
    origin: str | None = Field(description="Of this origin's reviews alone; null for all.", examples=[None])
    items: list[OneFigureSeriesOut] = Field(
        description="Each figure of each subject, in the order in which they were asked for."
    )


HEAD: Final = ("subject", "figure", "from", "to", "label", "n", "value", "low", "high", "source_id", "origin")
"""The names of the columns of a file of figures."""


def one_series_out(subject: str, figure: Figure, found: Iterable[FigurePoint]) -> OneFigureSeriesOut:
    """Return the series of one figure as the API shows it."""
    shown = [FigurePointOut.model_validate(_point(each)) for each in found]
    return OneFigureSeriesOut(subject=subject, figure=figure, unit=FIGURES[figure].unit, points=shown)


def line_out(subject: str, figure: Figure, of: Of, point: FigurePoint) -> FigureLineOut:
    """Return a point as a line of a file."""
    source_id, origin = of
    said = {"subject": subject, "figure": figure, "source_id": source_id, "origin": origin}
    return FigureLineOut.model_validate(said | _point(point))


def row_out(subject: str, figure: Figure, of: Of, point: FigurePoint) -> tuple[str, ...]:
    """Return a point as cells in the order of `HEAD`; what there is not is empty.

    No cell can be taken for a formula but a number below 0: each is a number, an instant, or a name that begins with a
    letter or a digit.
    """
    span, found = point.span, point.window
    numbers = (found.n, found.value, *(found.interval or (None, None)))
    return (subject, figure.value, *map(csv_cell, (span.start, span.end, span.label, *numbers, *of)))


def _point(point: FigurePoint) -> dict[str, object]:
    span, found = point.span, point.window
    members: dict[str, object] = {"start": span.start, "end": span.end, "label": span.label}
    return members | {"n": found.n, "value": found.value, "interval": interval_out(found.interval)}
