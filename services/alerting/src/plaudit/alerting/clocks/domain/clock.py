"""A clock: the review that has to be answered, and the present run."""

from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID, uuid5

import msgspec

from plaudit.alerting.clocks.domain.clock_events import ClockEvent, kind_of
from plaudit.alerting.clocks.domain.review_facts import ReviewFacts
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.policies.domain import Policy
from plaudit.common.contracts import Answers

CACHED_IDS: Final = 50_000
_NAMESPACE: Final = UUID("6f2c0f0e-8a52-5d0b-9b57-0f2f6f1f7a3d")

ClockKey: TypeAlias = tuple[str, UUID]
"""(tenant, clock id)."""


class Clock(msgspec.Struct, frozen=True, gc=False):
    """One clock, as it stands. A review has one for each metric, for ever."""

    tenant_id: str
    id: UUID
    metric: str
    partition: int
    """Of the topic of reviews: all events of this review are in it."""
    review_revision: int
    """The newest revision of the review that was applied."""
    review: ReviewFacts
    run: Run
    erased_at: datetime | None = None
    """When the review was erased: from then on nothing changes the clock."""
    answers: str = Answers.TOLD
    """Whether answers are told where the review comes from, by the last event that shows the review."""

    @property
    def is_told(self) -> bool:
        """Whether a missing answer says anything."""
        return self.answers != Answers.UNTOLD

    @property
    def key(self) -> ClockKey:
        """The clock's key among all tenants."""
        return self.tenant_id, self.id


class LogEntry(NamedTuple):
    """A new entry of a clock's log."""

    clock: Clock
    """As it stands after the event."""
    event: ClockEvent
    policy: Policy
    """The revision that the run is pinned to."""
    traceparent: str | None
    """Of what caused it."""
    tracestate: str | None = None

    @property
    def kind(self) -> str:
        """The event's name."""
        return kind_of(self.event)


@lru_cache(maxsize=CACHED_IDS)
def clock_id(tenant_id: str, review_id: str, metric: str) -> UUID:
    """Return the id of the one clock that a review can have for a metric."""
    return uuid5(_NAMESPACE, f"{tenant_id}\n{review_id}\n{metric}")


def order_key(clock: UUID) -> str:
    """Return the key under which all changes of a clock keep their order."""
    return f"clock:{clock}"
