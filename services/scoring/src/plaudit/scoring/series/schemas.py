"""The bodies of the API of series."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plaudit.common.http.files import csv_cell
from plaudit.scoring.series.domain import Point

_A_DAY: Final = "2026-03-01"


class PointOut(BaseModel):
    """A score as it stood at the end of a step."""

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
    score: float | None = Field(
        description="At the last instant of the step; null while there are no reviews.", examples=[None]
    )
    stars: float | None = Field(description="The nearest half star, ties up.", examples=[None])
    count: int = Field(description="Published reviews.", examples=[0])
    new_reviews: int = Field(description="Those of them that were rated within the step.", examples=[0])
    distribution: dict[str, int] = Field(
        description="Published reviews by star.", examples=[{"1": 0, "2": 0, "3": 0, "4": 0, "5": 0}]
    )
    effective_reviews: float = Field(description="How many reviews of equal weight would say as much.", examples=[0.0])


class LineOut(PointOut):
    """A line of a file: a point, and of what."""

    subject: str
    profile: str
    source_id: UUID | None
    origin: str | None


class OneSeriesOut(BaseModel):
    """How one score moved."""

    subject: str = Field(description="The subject; everything below it counts too.", examples=["acme"])
    profile: str = Field(description="The rules that it is computed by.", examples=["trust"])
    points: list[PointOut] = Field(description="One for each step, without a gap.")


class SeriesOut(BaseModel):
    """How scores moved, step by step."""

    model_config = ConfigDict(populate_by_name=True)

    start: datetime = Field(alias="from", description="When the first step begins.", examples=[f"{_A_DAY}T00:00:00Z"])
    end: datetime = Field(alias="to", description="When the last step ends.", examples=["2026-03-08T00:00:00Z"])
    step: Literal["hour", "day", "week", "month"] = Field(description="How long a step lasts.", examples=["day"])
    timezone: str = Field(description="On whose clocks steps begin.", examples=["UTC"])
    known: bool = Field(description="Whether the scores are those that were shown then.", examples=[False])
    source_id: UUID | None = Field(description="Of this source's reviews alone; null for all.", examples=[None])
    source_name: str | None = Field(
        description="What the tenant calls the source; null without `source_id`, and until a review has told.",
        examples=[None],
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=[None])
    origin: str | None = Field(description="Of this origin's reviews alone; null for all.", examples=[None])
    items: list[OneSeriesOut] = Field(
        description="Each subject by each profile, in the order in which they were asked for."
    )


HEAD: Final = (
    *("subject", "profile", "from", "to", "label", "score", "stars", "count", "new_reviews"),
    *(f"stars_{star}" for star in range(1, 6)),
    *("effective_reviews", "source_id", "origin"),
)
"""The names of the columns of a file."""


Of = tuple[UUID | None, str | None]
"""Of which source and which origin alone; None for all."""


def point_out(point: Point) -> PointOut:
    """Return a point as the API shows it."""
    return PointOut.model_validate(_members(point))


def line_out(subject: str, profile: str, of: Of, point: Point) -> LineOut:
    """Return a point as a line of a file."""
    source_id, origin = of
    said = {"subject": subject, "profile": profile, "source_id": source_id, "origin": origin}
    return LineOut.model_validate(said | _members(point))


def _members(point: Point) -> dict[str, object]:
    score = point.score
    return {
        "start": point.span.start,
        "end": point.span.end,
        "label": point.span.label,
        "score": score.score,
        "stars": score.stars,
        "count": score.count,
        "new_reviews": point.new_reviews,
        "distribution": {str(star): count for star, count in score.distribution.items()},
        "effective_reviews": score.effective_reviews,
    }


def row_out(subject: str, profile: str, of: Of, point: Point) -> tuple[str, ...]:
    """Return a point as cells in the order of `HEAD`; what there is not is empty.

    No cell can be taken for a formula: each is a number, an instant, or a name that begins with a letter or a digit.
    """
    score = point.score
    return (
        *(subject, profile),
        *map(csv_cell, (point.span.start, point.span.end, point.span.label, score.score, score.stars, score.count)),
        *map(csv_cell, (point.new_reviews, *score.distribution.values(), score.effective_reviews, *of)),
    )
