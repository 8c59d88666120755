"""Clocks as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.clocks.domain.clock_events import (
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Retracted,
    Started,
    Warned,
    kind_of,
)
from plaudit.alerting.clocks.domain.run import State


class ClockOut(BaseModel):
    """One clock, as it stands in its present run."""

    id: UUID
    review_id: str
    source_id: str
    external_id: str
    subject: str
    state: State = Field(description="A breach stays when the answer is published late: see `fulfilled_at`.")
    metric: str
    anchor_at: datetime = Field(description="The instant that the time is counted from.")
    due_at: datetime
    started_at: datetime = Field(description="When we learned that the clock had to run.")
    fulfilled_at: datetime | None = Field(description="When the answer was published.")
    breached_at: datetime | None
    cancelled_at: datetime | None
    provisional: bool = Field(description="Of a breach: decided before all reviews written in time had been read.")
    reason: str = Field(description="Why the run began, or why it was cancelled.")
    run: int = Field(description="Counted from 1; a review that is back, or has lost its answer, begins another.")
    policy_id: str
    policy_revision: int


class ClockEventOut(BaseModel):
    """One entry of a clock's log."""

    kind: str
    happened_at: datetime
    recorded_at: datetime
    anchor_at: datetime | None = Field(None, description="Of a start.")
    policy_revision: int | None = Field(None, description="Of a start: what the run is pinned to.")
    fraction: float | None = Field(None, description="Of a warning: the share of the time that had passed.")
    collapsed: bool | None = Field(None, description="Of a warning: recorded late, and not published.")
    provisional: bool | None = Field(None, description="Of a breach.")
    reason: str | None = None

    @classmethod
    def of(cls, event: ClockEvent, recorded_at: datetime) -> "ClockEventOut":
        """Return an entry of a log as the API shows it."""
        out = cls(kind=kind_of(event), happened_at=event.at, recorded_at=recorded_at)
        match event:
            case Started():
                out.anchor_at, out.policy_revision, out.reason = event.anchor_at, event.policy.revision, event.reason
            case Warned():
                out.fraction, out.collapsed = event.percent / 100, event.collapsed
            case Breached():
                out.provisional = event.provisional
            case Cancelled() | Retracted():
                out.reason = event.reason
            case Fulfilled():
                pass
        return out


class ClockWithLogOut(ClockOut):
    """One clock, and all that has happened to it."""

    log: list[ClockEventOut]
