"""The bodies of the API of markers."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.common.http import Body, Instant, Subject
from plaudit.common.statistics.intervals import Interval
from plaudit.scoring.figures.domain.catalogue import Figure
from plaudit.scoring.figures.domain.windows import Window
from plaudit.scoring.markers.domain.effect import Change, Of, Verdict, Windows
from plaudit.scoring.markers.domain.marker import (
    LINK_PATTERN,
    MAX_LINK_CHARS,
    MAX_NAME_CHARS,
    NAME_PATTERN,
    Draft,
    Marker,
    MarkerKind,
)
from plaudit.scoring.sources.domain import Source, named

A_NAME: Final = "Refunds at the till"
A_MOMENT: Final = "2026-03-02T09:00:00Z"
A_SENTENCE: Final = (
    f"Too few reviews to tell whether the mean rating changed: 0 in the 30 days before “{A_NAME}”, 0 in the 30 days "
    "after; each needs at least 5."
)


class MarkerIn(Body):
    """What was done or happened."""

    kind: MarkerKind = Field(
        description="A release, an incident, a request of the board that was shipped, or content that was published.",
        examples=["release"],
    )
    name: Annotated[str, Field(pattern=NAME_PATTERN, max_length=MAX_NAME_CHARS)] = Field(
        description="What people call it, in one line.", examples=[A_NAME]
    )
    at: Instant = Field(description="When it happened, or will.", examples=[A_MOMENT])
    subject: Subject = Field(
        description="What it was done to; it concerns everything below that, too.", examples=["acme"]
    )
    link: Annotated[str, Field(pattern=LINK_PATTERN, max_length=MAX_LINK_CHARS)] | None = Field(
        default=None, description="Where more is told.", examples=["https://status.example/4711"]
    )

    def draft(self) -> Draft:
        """Return what a marker is made of."""
        return Draft(kind=self.kind, name=self.name, at=self.at, subject=self.subject, link=self.link)


class MarkerOut(BaseModel):
    """Something that was done or happened."""

    id: UUID = Field(description="Its id.")
    kind: MarkerKind = Field(description="What it stands for.", examples=["release"])
    name: str = Field(description="What people call it.", examples=[A_NAME])
    at: datetime = Field(description="When it happened, or will.", examples=[A_MOMENT])
    subject: str = Field(description="What it was done to.", examples=["acme"])
    link: str | None = Field(description="Where more is told.", examples=["https://status.example/4711"])
    created_at: datetime = Field(description="When it was noted.")


class BoundsOut(BaseModel):
    """Where a figure lies with a confidence of 95 %."""

    low: float = Field(description="The least that it may be.", examples=[3.1])
    high: float = Field(description="The most that it may be.", examples=[4.2])


class WindowOut(BaseModel):
    """A figure of one window."""

    start: datetime = Field(alias="from", description="When the window begins; that instant belongs to it.")
    end: datetime = Field(alias="to", description="When it ends; that instant does not.")
    n: int = Field(
        description="Reviews that the figure is of: of the window, or all that count at its last instant.",
        examples=[0],
    )
    value: float | None = Field(
        description="The figure, in the unit that `figure` names; null without reviews, and where it has none.",
        examples=[None],
    )
    interval: BoundsOut | None = Field(
        description="Where it lies, in its unit; null where too few reviews came to say, and where it is known exactly."
    )


class MarkerEffectOut(BaseModel):
    """A figure before and after a marker."""

    marker: MarkerOut = Field(description="What it is compared around.")
    figure: Figure = Field(description="What is compared.", examples=["mean"])
    profile: str | None = Field(
        description="The rules that it is read by; null for a figure that does not depend on any.", examples=[None]
    )
    source_id: UUID | None = Field(description="Of this source's reviews alone; null for all.", examples=[None])
    source_name: str | None = Field(
        description="What the tenant calls the source; null without `source_id`, and until a review has told.",
        examples=[None],
    )
    platform: str | None = Field(description="The source's platform; null as the name.", examples=[None])
    origin: str | None = Field(description="Of this origin's reviews alone; null for all.", examples=[None])
    days: float = Field(
        description="How long each window is: as asked, or the time since the marker while that is less.",
        examples=[30.0],
    )
    before: WindowOut = Field(description="Before it.")
    after: WindowOut = Field(description="After it.")
    difference: float | None = Field(
        description="After less before, in the unit of both; null where one is missing.", examples=[None]
    )
    interval: BoundsOut | None = Field(
        description="Where the difference lies; null where too few reviews came to say, and where it is known exactly."
    )
    verdict: Verdict = Field(
        description="Whether the figure changed measurably: whether the interval of the difference leaves out 0, of at "
        "least five reviews in each window; of how many come, in both together. Of the age of the newest review: "
        "whether it became more than 39 times as long, or a 39th.",
        examples=["too_few"],
    )
    words: str = Field(
        description="The same in a sentence.",
        examples=[A_SENTENCE],
    )


def marker_out(marker: Marker) -> MarkerOut:
    """Return a marker as the API shows it."""
    return MarkerOut.model_validate(marker, from_attributes=True)


def effect_out(
    marker: Marker,
    figure: Figure,
    profile: str | None,
    of: Of,
    source: Source | None,
    spanned: Windows,
    found: Change,
    words: str,
) -> MarkerEffectOut:
    """Return what changed around a marker as the API shows it, with the source that it is of, if it has a name."""
    return MarkerEffectOut(
        marker=marker_out(marker),
        figure=figure,
        profile=profile,
        source_id=of.source_id,
        **named(source),
        origin=of.origin,
        days=spanned.days,
        before=_window_out(found.before, found.counted_since or spanned.start, spanned.at),
        after=_window_out(found.after, spanned.at, spanned.end),
        difference=found.difference,
        interval=_bounds_out(found.interval),
        verdict=found.verdict,
        words=words,
    )


def _window_out(window: Window, start: datetime, end: datetime) -> WindowOut:
    members = {"from": start, "to": end, "n": window.n, "value": window.value}
    return WindowOut.model_validate(members | {"interval": _bounds_out(window.interval)})


def _bounds_out(interval: Interval | None) -> BoundsOut | None:
    return None if interval is None else BoundsOut(low=interval.low, high=interval.high)
