"""Clocks as the API shows them."""

import json
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from sqlalchemy import RowMapping

from plaudit.alerting.clocks.commands import MAX_PREVIEWED
from plaudit.alerting.clocks.domain.about import AboutKind
from plaudit.alerting.clocks.domain.clock_events import (
    AnchorCorrected,
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Paused,
    PauseOverlapped,
    PolicyApplied,
    Resumed,
    Retracted,
    Started,
    Unknown,
    Warned,
    kind_of,
)
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import Answers
from plaudit.common.http import Body
from plaudit.common.http.files import guarded_cell
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.texts import SEEN, STORABLE_PATTERN
from plaudit.common.http.times import Instant

MAX_NOTE_CHARS: Final = 1_000


class PauseOut(BaseModel):
    """A time that does not count."""

    from_at: datetime = Field(description="When it began.", examples=[A_TIME])
    to_at: datetime | None = Field(description="When it ended; none while it lasts.", examples=[None])
    reason: str = Field(description="Why.", examples=["waits for the customer"])
    said_at: datetime | None = Field(
        None,
        description="When the customer said something meanwhile, or the review became drastic: look whether the time "
        "may still stand. None if neither.",
        examples=[None],
    )


class ClockOut(BaseModel):
    """One clock, as it stands in its present run."""

    id: UUID = Field(description="Its id.")
    about_kind: AboutKind = Field(
        description="What it is about: a review, personal contact with its writer, an incident, or a customer."
    )
    about_id: str = Field(description="The id of that.", examples=["review-1"])
    review_id: str | None = Field(description="The review that it is about, if it is about one.", examples=["review-1"])
    source_id: str | None = Field(
        description="The source of the review.", examples=["01956d00-0000-7000-8000-000000000001"]
    )
    external_id: str | None = Field(description="The id of the review on its platform.", examples=["r-1"])
    source_name: str | None = Field(description="What that source is called.", examples=["Acme shop"])
    subject: str = Field(description="What the review or the incident is about.", examples=["acme/berlin"])
    severity: str | None = Field(
        None, description="How bad the review or the incident is; none where that was not kept.", examples=["negative"]
    )
    stars: int | None = Field(description="The whole stars of the review's rating.", examples=[1])
    state: State = Field(
        description="A breach stays when the answer is published late: see `fulfilled_at`. `unknown`: the due time has "
        "passed where answers are not told; an answer that is recorded by hand or told later decides it."
    )
    answers: Answers = Field(
        description="Whether answers are told where the review comes from: by the platform itself, when it is asked, "
        "or not at all.",
    )
    metric: Metric = Field(description="Which answer, contact or update is due.", examples=["first_answer"])
    instance: int = Field(
        description="Counted from 1: the next answer becomes due again with each statement after an answer.",
        examples=[1],
    )
    anchor_at: datetime = Field(description="The instant that the time is counted from.")
    due_at: datetime = Field(
        description="When it has to have happened; while it is paused, when that would be if the time ran on at once."
    )
    started_at: datetime = Field(description="When we learned that the clock had to run.")
    fulfilled_at: datetime | None = Field(description="When what was due happened.")
    breached_at: datetime | None = Field(description="When it was decided that it did not happen in time.")
    cancelled_at: datetime | None = Field(description="When nothing was due any more.")
    unknown_at: datetime | None = Field(description="When the due time passed without our knowing of an answer.")
    provisional: bool = Field(description="Of a breach: decided before all reviews written in time had been read.")
    reason: str = Field(description="Why the run began, or why it was cancelled.", examples=["published"])
    run: int = Field(
        description="Counted from 1; a review that is back, or has lost its answer, begins another.", examples=[1]
    )
    policy_id: str = Field(description="The policy that it runs under.", examples=["shipped"])
    policy_revision: int = Field(description="The revision that it is pinned to.", examples=[1])
    policy_class: str = Field(description="The class of that revision.", examples=["one-or-two-stars"])
    calendar: str | None = Field(
        description="The calendar whose open time counts; none: around the clock.", examples=[None]
    )
    calendar_revision: int | None = Field(description="The revision that it is pinned to.", examples=[None])
    applied_at: datetime | None = Field(
        None, description="When a person moved it to that policy or calendar.", examples=[None]
    )
    pauses: list[PauseOut] = Field(
        description="Which times do not count; the last is open while it is paused.", examples=[[]]
    )

    @field_validator("pauses", mode="before")
    @classmethod
    def of_json(cls, stored: str | list[dict[str, object]]) -> object:
        """Read the pauses as they are stored."""
        return json.loads(stored) if isinstance(stored, str) else stored


HEAD: Final = (
    *("id", "metric", "instance", "state", "paused", "due_at", "subject", "severity", "stars"),
    *("about_kind", "about_id", "review_id", "source_id", "source_name", "external_id", "answers"),
    *("anchor_at", "started_at", "fulfilled_at", "breached_at", "cancelled_at", "unknown_at", "provisional", "reason"),
    *("run", "policy_id", "policy_revision", "policy_class", "calendar", "calendar_revision", "applied_at"),
)
"""The columns of clocks as CSV."""


def csv_row(row: RowMapping) -> list[str]:
    """Return a clock as cells in the order of `HEAD`."""
    values = {**row, "paused": row["state"] == State.PAUSED}
    return [guarded_cell(values[name]) for name in HEAD]


class ClockEventOut(BaseModel):
    """One entry of a clock's log."""

    kind: str = Field(description="What happened.", examples=["started"])
    happened_at: datetime = Field(description="When it happened.")
    recorded_at: datetime = Field(description="When we learned of it.")
    anchor_at: datetime | None = Field(
        None, description="Of a start and of a correction: what the time is counted from.", examples=[A_TIME]
    )
    policy_revision: int | None = Field(None, description="Of a start: what the run is pinned to.", examples=[1])
    fraction: float | None = Field(
        None, description="Of a warning: the share of the time that had passed.", examples=[None]
    )
    collapsed: bool | None = Field(None, description="Of a warning: recorded late, and not published.", examples=[None])
    provisional: bool | None = Field(
        None, description="Of a breach: decided before all reviews written in time had been read.", examples=[None]
    )
    reason: str | None = Field(
        None, description="Of a start, an end, a pause, a move or a retraction: why.", examples=["published"]
    )
    after: str | None = Field(
        None, description="Of a warning that is no share of the time: how long after the start.", examples=[None]
    )
    by: str | None = Field(
        None,
        description="The key (`key:<id>`) or the person (`person:<id>`) who made it happen; none for an event.",
        examples=[None],
    )
    note: str | None = Field(None, description="What that person noted.", examples=[None])
    channel: str | None = Field(None, description="Of a contact: by which way.", examples=[None])
    cause: str | None = Field(
        None,
        description="Of a breach: `policy_applied` if moving the clock made it, `read_late` if we learned of "
        "the review only long after the due time, as by an import or a replay. Nobody is called for such a one.",
        examples=[None],
    )

    @classmethod
    def of(cls, event: ClockEvent, recorded_at: datetime) -> "ClockEventOut":
        """Return an entry of a log as the API shows it."""
        out = cls(kind=kind_of(event), happened_at=event.at, recorded_at=recorded_at)
        match event:
            case Started() | PolicyApplied():
                out.policy_revision, out.reason = event.policy.revision, event.reason
                out.anchor_at = event.anchor_at if isinstance(event, Started) else None
            case Warned():
                out.fraction = None if event.percent is None else event.percent / 100
                out.collapsed, out.after = event.collapsed, event.after
            case Breached():
                out.provisional, out.cause, out.note = event.provisional, event.cause, event.note
            case AnchorCorrected():
                out.anchor_at, out.reason = event.anchor_at, event.reason
            case Cancelled() | Retracted() | Paused() | Resumed():
                out.reason = event.reason
            case Fulfilled():
                out.channel, out.note = event.channel, event.note
            case Unknown() | PauseOverlapped():
                pass
        out.by = getattr(event, "by", None)
        return out


class ClockWithLogOut(ClockOut):
    """One clock, and all that has happened to it."""

    log: list[ClockEventOut] = Field(description="What happened, in order.")


Note = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN), SEEN]
CHANNEL_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,31}$"
Channel = Annotated[str, StringConstraints(pattern=CHANNEL_PATTERN)]


class ReasonIn(Body):
    """Why a person changes a clock."""

    reason: Note = Field(description="Why, in words for your team.", examples=["waits for the customer"])


class FulfilIn(Body):
    """That what was due happened."""

    happened_at: Instant = Field(description="When it happened.", examples=[A_TIME])
    channel: Channel | None = Field(None, description="Of a contact: by which way.", examples=["phone"])
    note: Note = Field(description="What happened, in words for your team.", examples=["Called, and apologised."])


class SettleIn(Body):
    """How a clock ended of which nobody was told."""

    answered_at: Instant | None = Field(
        description="When what was due happened; null if it did not happen in time.", examples=[A_TIME]
    )
    note: Note = Field(description="How you know, in words for your team.", examples=["Looked it up."])


class MovePreviewOut(BaseModel):
    """What moving the running clocks to what is in force would do."""

    seen: int = Field(description=f"Running clocks that were looked at: at most {MAX_PREVIEWED:,}.", examples=[3])
    moved: int = Field(description="How many would be pinned to another revision.", examples=[0])
    breached: int = Field(
        description="How many of those would have passed their new due times. Nobody is called for them.", examples=[0]
    )
    without_class: int = Field(
        description="How many stay because the policy in force has no class of the name of theirs.", examples=[0]
    )


class MoveOut(BaseModel):
    """An order to move running clocks, and how far it has come."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="Its id.")
    state: str = Field(description="`running`, `done`, or `failed`.", examples=["running"])
    policy_id: str = Field(description="The policy that was in force when it was ordered.", examples=["shipped"])
    policy_revision: int = Field(description="Its revision. Once another is in force, the rest stays.", examples=[1])
    reason: str = Field(description="Why.", examples=["new opening hours"])
    moved_by: str = Field(description="The key or the person.", examples=["key:vw3sajk26br3jcpn"])
    moved: int = Field(description="How many clocks have moved.", examples=[0])
    breached: int = Field(description="How many of those had passed their new due times.", examples=[0])
    created_at: datetime = Field(description="When it was ordered.")
    finished_at: datetime | None = Field(description="When all had been looked at.", examples=[None])
    error: str | None = Field(
        description="Why it failed: the clocks that it had not come to stay. It can be ordered again.", examples=[None]
    )
