"""A clock: what is due about something, and the present run."""

from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid5

from plaudit.alerting.clocks.domain.about import REVIEW_KINDS, About, AboutKind
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, kind_of
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.clocks.domain.terms import Terms
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import Answers

CACHED_IDS: Final = 50_000
_NAMESPACE: Final = UUID("6f2c0f0e-8a52-5d0b-9b57-0f2f6f1f7a3d")
FIRST: Final = 1
"""The instance of a clock that there is only one of."""

ClockKey: TypeAlias = tuple[str, UUID]
"""(tenant, clock id)."""


class Stream(NamedTuple):
    """One partition of a topic: what could fulfil a clock is written there, and timers wait for the position on it."""

    topic: str
    """Empty where nothing that could fulfil the clock is written anywhere: a person says so."""
    partition: int


NO_STREAM: Final = Stream("", 0)


class Clock(msgspec.Struct, frozen=True, gc=False):
    """One clock, as it stands. There is one for each thing, metric and instance, for ever."""

    tenant_id: str
    id: UUID
    metric: str
    stream: Stream
    review_revision: int
    """The newest revision of the review that was applied; 0 where it is about no review."""
    about: About
    run: Run
    instance: int = FIRST
    """Counts up where the same can become due again, as the next answer does."""
    erased_at: datetime | None = None
    """When the review was erased: from then on nothing changes the clock."""
    answers: str = Answers.TOLD
    """Whether answers are told where the review comes from, by the last event that shows the review."""

    @property
    def is_told(self) -> bool:
        """Whether it says anything when what is due is not told."""
        return self.answers != Answers.UNTOLD

    @property
    def key(self) -> ClockKey:
        """The clock's key among all tenants."""
        return self.tenant_id, self.id

    @property
    def root(self) -> UUID:
        """The group of clocks that change together, under one order key."""
        return root_of(self.tenant_id, self.about.kind, self.about.id)

    @property
    def fulfilled_under(self) -> str:
        """The order key of what could fulfil it, on its stream."""
        if self.about.person is not None:
            return contacts_key(self.tenant_id, self.about.person)
        return order_key(self.root)


class LogEntry(NamedTuple):
    """A new entry of a clock's log."""

    clock: Clock
    """As it stands after the event."""
    event: ClockEvent
    terms: Terms
    """What the run is pinned to after the event."""
    traceparent: str | None
    """Of what caused it."""
    tracestate: str | None = None

    @property
    def kind(self) -> str:
        """The event's name."""
        return kind_of(self.event)


@lru_cache(maxsize=CACHED_IDS)
def clock_id(tenant_id: str, about_id: str, metric: str, instance: int = FIRST) -> UUID:
    """Return the id of the one clock that a thing can have for a metric and an instance."""
    counted = "" if instance == FIRST else f"\n{instance}"
    return uuid5(_NAMESPACE, f"{tenant_id}\n{about_id}\n{metric}{counted}")


def root_of(tenant_id: str, about_kind: str, about_id: str) -> UUID:
    """Return the group of clocks about one thing. All about a review are one group, its writer's contact among them."""
    return review_root(tenant_id, about_id) if about_kind in REVIEW_KINDS else _root(tenant_id, about_kind, about_id)


def review_root(tenant_id: str, review_id: str) -> UUID:
    """Return the group of all clocks about a review: it is named like the clock of its first answer."""
    return clock_id(tenant_id, review_id, Metric.FIRST_ANSWER)


def order_key(root: UUID) -> str:
    """Return the key under which all changes of the clocks of a group keep their order."""
    return f"clock:{root}"


THREAD_PREFIX: Final = "clock:"
"""Of the threads of all messages about clocks; the id follows."""


def thread_of(clock_id: UUID) -> str:
    """Return the thread of all messages about a clock."""
    return f"{THREAD_PREFIX}{clock_id}"


def contacts_key(tenant_id: str, person: str) -> str:
    """Return the key under which contacts with a person are written, and read for a follow-up that starts."""
    return f"contacts:{_root(tenant_id, AboutKind.CUSTOMER, person)}"


@lru_cache(maxsize=CACHED_IDS)
def _root(tenant_id: str, about_kind: str, about_id: str) -> UUID:
    return uuid5(_NAMESPACE, f"{tenant_id}\n{about_kind}\n{about_id}")
