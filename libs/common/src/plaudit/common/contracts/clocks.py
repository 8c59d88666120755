"""Events about clocks and alerts: `alerts.v1`, written by alerting."""

import msgspec

from plaudit.common.contracts.time import Instant


class ClockChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to one clock."""

    clock_id: str
    review_id: str
    source_id: str
    external_id: str
    subject: str
    metric: str
    policy_revision: int
    anchor_at: Instant
    """The instant from which the clock runs."""
    due_at: Instant
    happened_at: Instant
    """When it happened: the answer's publication, the due time, or the removal."""
    fraction: float | None = None
    """Of a warning: which part of the time had passed, 0.5 or 0.8."""
    provisional: bool = False
    """Of a breach: decided before everything that was written up to the due time had been read."""
    reason: str | None = None


class AlertChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert was raised, acknowledged or resolved."""

    alert_id: str
    subject: str
    kind: str
    severity: str
    summary: str
    owner: str
    raised_at: Instant
    clock_id: str | None = None
    review_id: str | None = None
    reason: str | None = None
