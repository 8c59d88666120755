"""Alerts as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.alerts.domain import AlertState


class AlertOut(BaseModel):
    """Something a person should look at."""

    id: UUID = Field(description="Its id.")
    state: AlertState = Field(description="What has been done about it.", examples=["open"])
    kind: str = Field(description="What it is about.", examples=["sla_breach"])
    severity: str = Field(description="How urgent it is.", examples=["high"])
    summary: str = Field(
        description="What happened, in one line.", examples=["1-star review of acme/berlin not answered in time"]
    )
    subject: str = Field(description="What the review is about.", examples=["acme/berlin"])
    owner: str = Field(description="The address of the person to look at it.", examples=["owner@acme.example"])
    clock_id: UUID = Field(description="The clock that was breached.")
    review_id: str = Field(description="The review that waits for an answer.", examples=["review-1"])
    raised_at: datetime = Field(description="When it was raised.")
    acknowledged_at: datetime | None = Field(description="When somebody said that they look at it.")
    acknowledged_by: str | None = Field(
        description="The key (its public id) or the person (`person:<id>`) who acknowledged it."
    )
    resolved_at: datetime | None = Field(description="When there was nothing left to look at.")
    reason: str | None = Field(description="Why it is resolved.")
