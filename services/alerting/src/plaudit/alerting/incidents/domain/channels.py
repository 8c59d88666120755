"""Which channel has which update: what was queued, what was sent, and what failed and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from plaudit.alerting.incidents.domain.incident import Incident
from plaudit.alerting.incidents.domain.messages import told_by
from plaudit.alerting.incidents.domain.update import Update
from plaudit.common.delivery.domain.message import Channel
from plaudit.common.delivery.domain.message import State as DeliveryState

PAGE: Final = "page"
BANNER: Final = "banner"


class Has(StrEnum):
    """How a channel stands to an update."""

    PUBLISHED = "published"
    """Everybody can read it."""
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    """Some or all of it; it can be sent again."""
    WITHDRAWN = "withdrawn"
    """Nobody was to get it, such as persons who have opted out since."""


class Standing(NamedTuple):
    """Deliveries of an update over an outlet in one state, counted."""

    key: str
    channel: str
    outlet: str
    state: str
    messages: int
    finished_at: datetime | None
    reason: str


class Told(NamedTuple):
    """How one channel stands to one update."""

    channel: str
    """`page`, `banner`, `email`, or the kind of endpoint."""
    outlet: str
    """The endpoint's id; the channel's name for the others."""
    name: str
    """Of the endpoint; the channel for the others."""
    number: int
    """Of the update."""
    revision: int
    """Of the update's text: a correction is one of its own."""
    has: Has
    queued: int = 0
    sent: int = 0
    failed: int = 0
    withdrawn: int = 0
    error: str = ""
    at: datetime | None = None
    """When it was published, or when the last of it left or failed."""


def told(
    incident: Incident, newest: Update | None, standing: Sequence[Standing], names: Mapping[str, str]
) -> list[Told]:
    """Return how each channel stands to each update, the newest update first.

    Args:
        incident: it.
        newest: the newest update as it stands: what page and banner have.
        standing: of its deliveries.
        names: endpoint's id → its name.
    """
    found: dict[tuple[int, int, str, str], list[Standing]] = {}
    for each in standing:
        found.setdefault((*told_by(each.key), each.channel, each.outlet), []).append(each)
    rows = [_told(key, some, names) for key, some in found.items()]
    return [
        *_public(incident, newest),
        *sorted(rows, key=lambda row: (-row.number, -row.revision, row.channel, row.name)),
    ]


def _public(incident: Incident, newest: Update | None) -> list[Told]:
    """Return the channels that have an update from the moment on in which it is published."""
    if newest is None or not incident.is_shown:
        return []
    at = newest.corrected_at or newest.made_at
    return [
        Told(channel, channel, channel, newest.number, newest.revision, Has.PUBLISHED, at=at)
        for channel in (PAGE, BANNER)
    ]


def _told(key: tuple[int, int, str, str], standing: Sequence[Standing], names: Mapping[str, str]) -> Told:
    number, revision, channel, outlet = key
    counts = {each.state: each.messages for each in standing}
    queued = counts.get(DeliveryState.PENDING, 0) + counts.get(DeliveryState.SENDING, 0)
    failed, sent = counts.get(DeliveryState.FAILED, 0), counts.get(DeliveryState.SENT, 0)
    reasons = [each.reason for each in standing if each.reason and each.state != DeliveryState.SENT]
    ends = [each.finished_at for each in standing if each.finished_at is not None]
    return Told(
        channel,
        outlet,
        names.get(outlet, "mail to subscribers" if channel == Channel.EMAIL else channel),
        number,
        revision,
        _has(queued, failed, sent),
        queued,
        sent,
        failed,
        counts.get(DeliveryState.WITHDRAWN, 0),
        reasons[0] if reasons else "",
        max(ends, default=None),
    )


def _has(queued: int, failed: int, sent: int) -> Has:
    if failed:
        return Has.FAILED
    if queued:
        return Has.QUEUED
    return Has.SENT if sent else Has.WITHDRAWN
