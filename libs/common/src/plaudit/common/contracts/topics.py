"""The registry of topics: which events they carry, who writes them, and how they are configured."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from plaudit.common.contracts.board import (
    CommentChange,
    ErasureRequest,
    LinkChange,
    RequestChange,
    RequestMerge,
    RequestVote,
    ResponseChange,
)
from plaudit.common.contracts.clocks import AlertChange, ClockChange
from plaudit.common.contracts.consents import ConsentChosen
from plaudit.common.contracts.customers import ConsentSet, CustomerErased, CustomerEvent
from plaudit.common.contracts.incidents import IncidentChange
from plaudit.common.contracts.reviews import ReviewChange
from plaudit.common.contracts.scores import ScoreChange

DAY_MS = 86_400_000
PARTITIONS = 8
"""Of every topic, unless the setting `partitions` says otherwise when an installation is made: 64 fit a cluster."""
COMPACTED_SEGMENT_BYTES = 64 * 2**20
"""The broker compacts closed segments only, and would else close one at a gigabyte or after a week."""
COMPACTED_SEGMENT_MS = DAY_MS // 4
MAX_EVENT_BYTES = 900_000
"""Checked before an outbox row is written: a record that the broker refuses would block the relay."""


@dataclass(frozen=True)
class Topic:
    """One topic: its key, its writer, its types and its retention."""

    name: str
    key: str
    writer: str
    types: Mapping[str, type]
    retention_ms: int = 21 * DAY_MS
    """Of a topic that is not compacted."""
    compacted: bool = False
    """Whether the newest record of each key stays for ever: who starts late has all that is current."""

    @property
    def cleanup(self) -> Mapping[str, str]:
        """What the broker keeps of it, as its configuration."""
        if not self.compacted:
            return {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms), "retention.bytes": "-1"}
        return {
            "cleanup.policy": "compact",
            "segment.bytes": str(COMPACTED_SEGMENT_BYTES),
            "segment.ms": str(COMPACTED_SEGMENT_MS),
            "min.cleanable.dirty.ratio": "0.3",
            "max.compaction.lag.ms": str(2 * COMPACTED_SEGMENT_MS),
        }


REVIEWS = Topic(
    name="reviews.v1",
    key="tenant/first segment of the subject the review was created under",
    writer="ingest",
    types=MappingProxyType(
        {
            "review.created": ReviewChange,
            "review.edited": ReviewChange,
            "review.answered": ReviewChange,
            "review.answer_removed": ReviewChange,
            "review.removed": ReviewChange,
            "review.restored": ReviewChange,
            "review.erased": ReviewChange,
            "review.resolved": ReviewChange,
            "review.sorted": ReviewChange,
        }
    ),
)

CUSTOMERS = Topic(
    name="customers.v1",
    key="tenant/person key",
    writer="ingest",
    types=MappingProxyType(
        {
            "customer.purchased": CustomerEvent,
            "customer.upgraded": CustomerEvent,
            "customer.ticket_closed": CustomerEvent,
            "customer.stage_entered": CustomerEvent,
            "customer.renewal_set": CustomerEvent,
            "customer.contacted": CustomerEvent,
            "customer.replied": CustomerEvent,
            "customer.opted_out": CustomerEvent,
            "customer.consent_set": ConsentSet,
            "customer.erased": CustomerErased,
        }
    ),
)

SCORES = Topic(
    name="scores.v1",
    key="tenant/subject",
    writer="scoring",
    types=MappingProxyType({"score.changed": ScoreChange}),
    compacted=True,
)

ALERTS = Topic(
    name="alerts.v1",
    key="tenant/subject; of what a person chooses, tenant/person key",
    writer="alerting",
    types=MappingProxyType(
        {
            "clock.started": ClockChange,
            "clock.warned": ClockChange,
            "clock.breached": ClockChange,
            "clock.fulfilled": ClockChange,
            "clock.cancelled": ClockChange,
            "clock.retracted": ClockChange,
            "alert.raised": AlertChange,
            "alert.resolved": AlertChange,
            "clock.unknown": ClockChange,
            "clock.paused": ClockChange,
            "clock.resumed": ClockChange,
            "clock.policy_applied": ClockChange,
            "clock.anchor_corrected": ClockChange,
            "incident.opened": IncidentChange,
            "incident.updated": IncidentChange,
            "incident.resolved": IncidentChange,
            "incident.closed": IncidentChange,
            "alert.acknowledged": AlertChange,
            "alert.assigned": AlertChange,
            "alert.silenced": AlertChange,
            "clock.pause_overlapped": ClockChange,
            "consent.chosen": ConsentChosen,
        }
    ),
)

BOARD = Topic(
    name="board.v1",
    key="tenant/request; of an erasure that a person asks for, tenant/its number",
    writer="feedback-board",
    types=MappingProxyType(
        {
            "request.created": RequestChange,
            "request.voted": RequestVote,
            "request.status_changed": RequestChange,
            "request.scored": RequestChange,
            "review.linked": LinkChange,
            "review.unlinked": LinkChange,
            "request.merged": RequestMerge,
            "request.unmerged": RequestMerge,
            "request.edited": RequestChange,
            "request.removed": RequestChange,
            "comment.created": CommentChange,
            "comment.changed": CommentChange,
            "comment.removed": CommentChange,
            "response.published": ResponseChange,
            "person.erasure_requested": ErasureRequest,
            "request.unvoted": RequestVote,
        }
    ),
)

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {topic.name: topic for topic in (REVIEWS, CUSTOMERS, SCORES, ALERTS, BOARD)}
)
