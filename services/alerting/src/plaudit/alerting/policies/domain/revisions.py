"""A policy is a list of classes: of each metric the first class whose condition holds sets the due time.

A revision never changes. A clock is pinned to the class of one revision, so that a new revision moves no clock that
runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from plaudit.alerting.calendars.domain import ALWAYS_NAME, Calendar, Pause, due_at, due_times, elapsed_seconds
from plaudit.alerting.policies.domain.conditions import EVERYTHING, Condition, Facts
from plaudit.alerting.policies.domain.metrics import METRICS, Metric

CACHED_WARNINGS: Final = 1_000
BREACH: Final = "breach"
"""The stage at which a clock is late."""


class PolicyRef(NamedTuple):
    """Names one class of one revision of a policy."""

    id: str
    revision: int
    name: str = ""
    """Of the class. Empty in logs of before classes had names."""


class Stage(NamedTuple):
    """A moment in the life of a clock."""

    kind: str
    """`warn:50` after a share of the time, `warn:24h` or `warn:90min` after a length of it, or `breach`."""
    at: datetime


_length: Final = itemgetter(1)


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """One class of a policy: for what it is, and how soon that has to happen."""

    ref: PolicyRef
    metric: Metric
    when: Condition = EVERYTHING
    target_seconds: int
    """From the anchor to the due time, of open time."""
    calendar: str = ALWAYS_NAME
    """The name of the calendar whose open time counts; its revision is pinned when a clock starts."""
    warn_percent: tuple[int, ...] = ()
    """Shares of the time from anchor to due time at which a warning is due, ascending."""
    warn_seconds: tuple[int, ...] = ()
    """Times after the anchor at which a warning is due, ascending."""
    grace_seconds: int = 0
    """The least open time from the moment that we learned of what starts the clock to the due time."""
    notify_within_seconds: int | None = None
    """How soon after the start its owner is told of the clock; nobody is told if none."""

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.ref.name

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its stages, in the order in which they come without a grace."""
        warnings = _warnings(self.warn_seconds, self.warn_percent, self.target_seconds)
        return *(kind for kind, _ in warnings), BREACH

    @property
    def may_pause(self) -> bool:
        """Whether pauses count."""
        return METRICS[self.metric].may_pause

    def admits(self, metric: Metric, facts: Facts) -> bool:
        """Say whether the class is for this metric and for what has these facts."""
        return self.metric is metric and facts.kind in METRICS[metric].kinds and self.when.matches(facts)

    def due_at(
        self, anchor_at: datetime, known_at: datetime, calendar: Calendar, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """Return the due time: the target after the anchor, but not before the grace is over.

        Args:
            anchor_at: from when it counts.
            known_at: when we learned of what starts the clock.
            calendar: the revision of its calendar that the clock is pinned to.
            pauses: of the clock; they do not count where the metric does not allow them.

        Returns:
            The moment; None while a pause lasts that it would come after.

        Raises:
            OutOfReachError: it would come after the years that are computed.
        """
        counted = pauses if pauses and self.may_pause else ()
        due = due_at(calendar, anchor_at, self.target_seconds, counted)
        if due is None or not self._may_be_graced(anchor_at, known_at):
            return due
        graced = due_at(calendar, known_at, self.grace_seconds, counted)
        return None if graced is None else max(due, graced)

    def stages(
        self,
        anchor_at: datetime,
        known_at: datetime,
        calendar: Calendar,
        pauses: Sequence[Pause] = (),
        *,
        due: datetime | None = None,
    ) -> tuple[Stage, ...]:
        """Return the warnings and the breach, in the order of their times.

        A share is one of open time from the anchor to the due time. A warning whose time had passed before we knew of
        what starts the clock is left out, and so is one that would not come before the breach. While a pause lasts,
        there is no breach, and of warnings only those that come before the pause.

        Args:
            anchor_at: as of `due_at`.
            known_at: as of `due_at`.
            calendar: as of `due_at`.
            pauses: as of `due_at`.
            due: what `due_at` has returned for the same, where that is known.
        """
        counted = pauses if pauses and self.may_pause else ()
        due = due or self.due_at(anchor_at, known_at, calendar, pauses)
        warnings = self._warnings_until(anchor_at, known_at, calendar, counted, due)
        times = due_times(calendar, anchor_at, [length for _, length in warnings], counted)
        stages = [
            Stage(kind, at)
            for (kind, _), at in zip(warnings, times, strict=True)
            if at is not None and known_at < at and (due is None or at < due)
        ]
        if due is not None:
            stages.append(Stage(BREACH, due))
        return tuple(stages)

    def next_stage(
        self,
        anchor_at: datetime,
        known_at: datetime,
        calendar: Calendar,
        pauses: Sequence[Pause] = (),
        *,
        due: datetime,
        since: datetime,
    ) -> Stage:
        """Return the first warning of `stages` that comes after a moment; the breach, where there is none."""
        counted = pauses if pauses and self.may_pause else ()
        after = max(known_at, since)
        for kind, length in self._warnings_until(anchor_at, known_at, calendar, counted, due):
            at = due_at(calendar, anchor_at, length, counted)
            if at is None or at >= due:
                break
            if at > after:
                return Stage(kind, at)
        return Stage(BREACH, due)

    def _warnings_until(
        self,
        anchor_at: datetime,
        known_at: datetime,
        calendar: Calendar,
        counted: Sequence[Pause],
        due: datetime | None,
    ) -> tuple[tuple[str, int], ...]:
        """Return the warnings on the way to a due time: each kind, and after how much open time it comes."""
        # Without more of a grace it is due right when the target has passed.
        whole = self.target_seconds
        if due is not None and self._may_be_graced(anchor_at, known_at):
            whole = elapsed_seconds(calendar, anchor_at, due, counted)
        return _warnings(self.warn_seconds, self.warn_percent, whole)

    def _may_be_graced(self, anchor_at: datetime, known_at: datetime) -> bool:
        """Say whether the end of the grace may come after the target.

        No more open time passes from the anchor to when we learned of it than time on the clock.
        """
        if not self.grace_seconds:
            return False
        spare = self.target_seconds - self.grace_seconds
        return spare < 0 if known_at <= anchor_at else (known_at - anchor_at).total_seconds() > spare


class PolicyRevision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a policy. It never changes."""

    id: str
    number: int
    title: str
    classes: tuple[Class, ...]
    """In their order: of each metric the first that admits the facts is the one."""

    def matching(self, metric: Metric, facts: Facts) -> Class | None:
        """Return the class of a metric for what has these facts; none where no clock starts."""
        return next((each for each in self.classes if each.admits(metric, facts)), None)

    def named(self, name: str) -> Class:
        """Return a class by its name.

        Raises:
            KeyError: there is none.
        """
        found = next((each for each in self.classes if each.name == name), None)
        if found is None:
            raise KeyError(f"policy {self.id}, revision {self.number}, has no class {name}")
        return found


@dataclass(frozen=True, slots=True)
class Policies:
    """The revisions of some tenants' policies, and which of each is in force."""

    shipped: PolicyRevision
    """In force for a tenant that has activated none of its own."""
    in_force: Mapping[str, PolicyRevision] = field(default_factory=dict)
    """Tenant → its revision in force."""
    revisions: Mapping[tuple[str, str, int], PolicyRevision] = field(default_factory=dict)
    """(tenant, policy, number) → revision, of those that were ever in force."""
    of_product: Mapping[tuple[str, int], PolicyRevision] = field(default_factory=dict)
    """(policy, number) → revision, of those that the product ships; every tenant has them."""
    renamed: Mapping[tuple[str, int], PolicyRef] = field(default_factory=dict)
    """(policy, revision) of before classes had names → the class that is the same."""

    def current(self, tenant_id: str) -> PolicyRevision:
        """Return the revision that new clocks of a tenant are pinned to."""
        return self.in_force.get(tenant_id, self.shipped)

    def matching(self, tenant_id: str, metric: Metric, facts: Facts) -> Class | None:
        """Return the class that a new clock is pinned to, by its `ref`; none where no clock starts."""
        return self.current(tenant_id).matching(metric, facts)

    def pinned(self, tenant_id: str, ref: PolicyRef) -> Class:
        """Return the class that a clock is pinned to.

        Raises:
            KeyError: there is none of this name.
        """
        ref = self.renamed.get((ref.id, ref.revision), ref)
        revision = self.of_product.get((ref.id, ref.revision)) or self.revisions[tenant_id, ref.id, ref.revision]
        return revision.named(ref.name)


def of_metric(classes: Iterable[Class], metric: Metric) -> list[tuple[int, Class]]:
    """Return the classes of a metric, each with its place among all."""
    return [(place, each) for place, each in enumerate(classes) if each.metric is metric]


def length_name(seconds: int) -> str:
    """Return a length of time as one word, in the largest unit in which it is a whole number: `24h`, `90min`, `60s`."""
    if seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    return f"{seconds // 60}min" if seconds % 60 == 0 else f"{seconds}s"


@lru_cache(maxsize=CACHED_WARNINGS)
def _warnings(seconds: tuple[int, ...], percent: tuple[int, ...], whole: int) -> tuple[tuple[str, int], ...]:
    """Return each kind of warning, and how much open time after the anchor it is due, of a whole time to the end."""
    found = [(f"warn:{length_name(length)}", length) for length in seconds]
    found += [(f"warn:{share}", whole * share // 100) for share in percent]
    return tuple(sorted(found, key=_length))
