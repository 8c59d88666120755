"""Events about clocks and alerts: `alerts.v1`, written by alerting."""

import msgspec

from plaudit.common.contracts.time import Instant


class ClockChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to one clock."""

    clock_id: str
    review_id: str
    """Empty, as the source and the external id, where the clock is about no review."""
    source_id: str
    external_id: str
    subject: str
    metric: str
    """`first_answer`, `next_answer`, `follow_up`, `resolution_first`, `resolution_total` and others."""
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
    about_kind: str = "review"
    """What the clock is about: `review`, `review-contact` (with the writer of a review), `incident`, `customer`."""
    about_id: str = ""
    """Its id; that of the review, if empty."""
    instance: int = 1
    """Counts up where the same becomes due again, as the next answer does."""
    policy_id: str = ""
    policy_class: str = ""
    """The class of the policy's revision that sets the due time."""
    calendar: str | None = None
    """The calendar whose open time counts; none: around the clock."""
    calendar_revision: int | None = None
    channel: str | None = None
    """Of a personal contact: by which way."""
    by_hand: bool = False
    """Whether a person made it happen."""
    after: str | None = None
    """Of a warning that is no share of the time: how long after the anchor, such as `24h`."""


class AlertChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert was raised, or people did something about it, or it was resolved.

    It is acknowledged until a reminder, given to another owner, or silenced until an end. A silence of a whole subject
    is no event of an alert.
    """

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
    state: str | None = None
    """How it stands after that: `open`, `acknowledged` or `resolved`; none in events of before this was said."""
    until: Instant | None = None
    """How long nobody is told of it: to the reminder, or to the end of the silence."""
