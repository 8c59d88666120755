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
    Unknown,
    Warned,
    kind_of,
)
from plaudit.alerting.clocks.domain.run import State
from plaudit.common.contracts import Answers
from plaudit.common.http.openapi_examples import A_TIME


class ClockOut(BaseModel):
    """One clock, as it stands in its present run."""

    id: UUID = Field(description="Its id.")
    review_id: str = Field(description="The review that has to be answered.", examples=["review-1"])
    source_id: str = Field(description="The source of the review.", examples=["01956d00-0000-7000-8000-000000000001"])
    external_id: str = Field(description="The id of the review on its platform.", examples=["r-1"])
    subject: str = Field(description="What the review is about.", examples=["acme/berlin"])
    state: State = Field(
        description="A breach stays when the answer is published late: see `fulfilled_at`. `unknown`: the due time has "
        "passed where answers are not told; an answer that is recorded by hand or told later decides it."
    )
    answers: Answers = Field(
        description="Whether answers are told where the review comes from: by the platform itself, when it is asked, "
        "or not at all.",
    )
    metric: str = Field(description="What has to happen in time.", examples=["first_answer"])
    anchor_at: datetime = Field(description="The instant that the time is counted from.")
    due_at: datetime = Field(description="When the answer has to be published.")
    started_at: datetime = Field(description="When we learned that the clock had to run.")
    fulfilled_at: datetime | None = Field(description="When the answer was published.")
    breached_at: datetime | None = Field(description="When it was decided that no answer was published in time.")
    cancelled_at: datetime | None = Field(description="When there was nothing left to answer.")
    unknown_at: datetime | None = Field(description="When the due time passed without our knowing of an answer.")
    provisional: bool = Field(description="Of a breach: decided before all reviews written in time had been read.")
    reason: str = Field(description="Why the run began, or why it was cancelled.", examples=["published"])
    run: int = Field(
        description="Counted from 1; a review that is back, or has lost its answer, begins another.", examples=[1]
    )
    policy_id: str = Field(description="The policy that it runs under.", examples=["answer-negative-reviews"])
    policy_revision: int = Field(description="The revision that it is pinned to.", examples=[1])


class ClockEventOut(BaseModel):
    """One entry of a clock's log."""

    kind: str = Field(description="What happened.", examples=["started"])
    happened_at: datetime = Field(description="When it happened.")
    recorded_at: datetime = Field(description="When we learned of it.")
    anchor_at: datetime | None = Field(
        None, description="Of a start: what the time is counted from.", examples=[A_TIME]
    )
    policy_revision: int | None = Field(None, description="Of a start: what the run is pinned to.", examples=[1])
    fraction: float | None = Field(
        None, description="Of a warning: the share of the time that had passed.", examples=[None]
    )
    collapsed: bool | None = Field(None, description="Of a warning: recorded late, and not published.", examples=[None])
    provisional: bool | None = Field(
        None, description="Of a breach: decided before all reviews written in time had been read.", examples=[None]
    )
    reason: str | None = Field(None, description="Of a start, an end or a retraction: why.", examples=["published"])

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
            case Fulfilled() | Unknown():
                pass
        return out


class ClockWithLogOut(ClockOut):
    """One clock, and all that has happened to it."""

    log: list[ClockEventOut] = Field(description="What happened, in order.")
