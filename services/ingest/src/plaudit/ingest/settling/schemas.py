"""Resolutions and reports in the API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec.structs import asdict
from pydantic import BaseModel, Field, StringConstraints

from plaudit.common.http import WHOLE, Body
from plaudit.common.http.texts import STORABLE_PATTERN
from plaudit.ingest.reviews.domain.state import Disposition
from plaudit.ingest.settling.domain import (
    LABEL_PATTERN,
    MAX_EASE,
    MAX_NOTE_CHARS,
    MIN_EASE,
    Finding,
    PlatformReport,
    ReportReason,
    ReportState,
    Settled,
    words,
)

Label = Annotated[str, StringConstraints(pattern=LABEL_PATTERN)]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE_CHARS, pattern=STORABLE_PATTERN)]


class ResolutionIn(Body):
    """What was found and done about a review."""

    disposition: Disposition = Field(
        description="Whether the customer was right (`justified`), was mistaken (`wrong_fact`), could not be "
        "understood (`unclear`), or broke rules of decency (`abusive`)."
    )
    outcome: Label = Field(description="What was done, as a label that can be counted.", examples=["refunded"])
    cause: Label | None = Field(
        default=None, description="What led to the review, as a label.", examples=["late_delivery"]
    )
    ease: Annotated[int, Field(ge=MIN_EASE, le=MAX_EASE), WHOLE] | None = Field(
        default=None,
        description="How easily it was solved, from 1, very hard, to 7, very easily.",
        examples=[5],
    )
    note: Note | None = Field(
        default=None, description="In words, for your team; it is in no event.", examples=["We sent a voucher."]
    )

    def finding(self) -> Finding:
        """Return it as the domain takes it."""
        return Finding(**{**self.model_dump(), "note": words(self.note)})


class SettledOut(BaseModel):
    """One resolution of a review."""

    number: int = Field(description="Counted from 1; the highest one counts.", examples=[1])
    disposition: Disposition = Field(description="What was found.")
    outcome: str = Field(description="What was done.", examples=["refunded"])
    cause: str | None = Field(description="What led to the review.", examples=["late_delivery"])
    ease: int | None = Field(description="How easily it was solved, from 1 to 7.", examples=[5])
    note: str | None = Field(description="In words.", examples=["We sent a voucher."])
    resolved_by: str = Field(description="The key or the person.", examples=["key:abcdefghijklmnop"])
    resolved_at: datetime = Field(description="When.")


class ResolutionOut(SettledOut):
    """How a review is settled, with every resolution of before."""

    review_id: UUID = Field(description="The review.")
    history: list[SettledOut] = Field(description="Those of before, the latest first.", examples=[[]])


class ReportIn(Body):
    """A report of a review to its platform."""

    reason: ReportReason = Field(description="Which rule of the platform it breaks.", examples=["not_a_customer"])
    evidence: Note | None = Field(
        default=None, description="What proves it, for your team.", examples=["No order under this name."]
    )


class ReportDecisionIn(Body):
    """What the platform has decided."""

    state: Literal[ReportState.ACCEPTED, ReportState.DECLINED] = Field(
        description="Whether it takes the review down.", examples=["declined"]
    )
    decision: Note | None = Field(default=None, description="What it answered.", examples=["Within our rules."])


class ReportOut(BaseModel):
    """A report of a review to its platform. The review counts until the platform takes it down."""

    id: UUID = Field(description="Its id.")
    review_id: UUID = Field(description="The review.")
    reason: ReportReason = Field(description="Which rule of the platform it breaks.", examples=["not_a_customer"])
    evidence: str | None = Field(description="What proves it.", examples=["No order under this name."])
    state: ReportState = Field(description="`open` until the platform has decided.")
    reported_by: str = Field(description="The key or the person.", examples=["key:abcdefghijklmnop"])
    reported_at: datetime = Field(description="When it was reported.")
    decided_at: datetime | None = Field(description="When we learned of the decision.")
    decided_by: str | None = Field(description="The key or the person that noted the decision.")
    decision: str | None = Field(description="What the platform answered.")


class ReportsOut(BaseModel):
    """All reports of a review."""

    items: list[ReportOut] = Field(description="The latest first.")


def resolution_out(history: list[Settled]) -> ResolutionOut:
    """Return the resolutions of a review, at least one, as the API shows them."""
    current, *before = history
    shown = _settled_out(current).model_dump()
    return ResolutionOut(**shown, review_id=current.review_id, history=[_settled_out(each) for each in before])


def report_out(report: PlatformReport) -> ReportOut:
    """Return a report as the API shows it."""
    return ReportOut.model_validate(asdict(report))


def _settled_out(settled: Settled) -> SettledOut:
    return SettledOut.model_validate({**asdict(settled), **asdict(settled.finding)})
