"""Alerts as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from plaudit.alerting.alerts.domain import AlertState


class AlertOut(BaseModel):
    """Something a person should look at."""

    id: UUID
    state: AlertState
    kind: str
    severity: str
    summary: str
    subject: str
    owner: str
    clock_id: UUID
    review_id: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(
        description="The key (its public id) or the person (`person:<id>`) who acknowledged it."
    )
    resolved_at: datetime | None
    reason: str | None = Field(description="Why it is resolved.")
