"""The terms of a run: one class of one revision of a policy, and one revision of a calendar. They never change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec

from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME, Calendar, CalendarRef, Pause
from plaudit.alerting.policies.domain.conditions import Facts
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.revisions import Class, Policies, PolicyRef, Stage


class Pin(NamedTuple):
    """Names the terms of a run."""

    policy: PolicyRef
    calendar: CalendarRef | None = None
    """None: around the clock."""


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What a run is pinned to."""

    pin: Pin
    rule: Class
    calendar: Calendar = ALWAYS

    @property
    def may_pause(self) -> bool:
        """Whether the time may stand still. That of the law never does."""
        return self.rule.may_pause

    def due_at(self, anchor_at: datetime, known_at: datetime, pauses: Sequence[Pause] = ()) -> datetime:
        """Return when it is due: the target after the anchor in open time, and not before the grace is over.

        A pause that lasts does not count: it is what it would be if the time ran on at once.
        """
        ended = [pause for pause in pauses if pause.to_at is not None] if pauses else ()
        due_at = self.rule.due_at(anchor_at, known_at, self.calendar, ended)
        assert due_at is not None, "only a pause that lasts has no due time after it"
        return due_at

    def stages(
        self, anchor_at: datetime, known_at: datetime, pauses: Sequence[Pause] = (), *, due: datetime | None = None
    ) -> Sequence[Stage]:
        """Return the warnings and the breach, in their order; `due` is its due time, where that is known."""
        return self.rule.stages(anchor_at, known_at, self.calendar, pauses, due=due)

    def next_stage(
        self, anchor_at: datetime, known_at: datetime, pauses: Sequence[Pause], *, due: datetime, since: datetime
    ) -> Stage:
        """Return the first of `stages` that comes after a moment; the breach, where there is none."""
        return self.rule.next_stage(anchor_at, known_at, self.calendar, pauses, due=due, since=since)


@dataclass(slots=True)
class Rules:
    """The terms of some tenants: their policies, and the calendars that these name."""

    policies: Policies
    calendars: Mapping[tuple[str, CalendarRef], Calendar] = field(default_factory=dict)
    """(tenant, revision) → calendar."""
    newest: Mapping[tuple[str, str], Calendar] = field(default_factory=dict)
    """(tenant, name) → the calendar's newest revision."""
    _known: dict[tuple[str, Pin], Terms] = field(default_factory=dict)
    _targets: dict[tuple[str, Pin, str], Pin | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let what is pinned to the newest revisions be found too."""
        by_ref = {(tenant_id, calendar.ref): calendar for (tenant_id, _), calendar in self.newest.items()}
        self.calendars = {**by_ref, **self.calendars}

    def matching(self, tenant_id: str, metric: Metric, facts: Facts) -> Terms | None:
        """Return the terms that a new clock is pinned to; none where no clock starts.

        Raises:
            KeyError: the class names a calendar that there is not.
        """
        rule = self.policies.matching(tenant_id, metric, facts)
        return None if rule is None else self._terms(tenant_id, self.newest_pin(tenant_id, rule))

    def pinned(self, tenant_id: str, pin: Pin) -> Terms:
        """Return the terms that a clock is pinned to.

        Raises:
            KeyError: they are not stored.
        """
        return self._terms(tenant_id, pin)

    def of(self, tenant_id: str) -> Callable[[Pin], Terms]:
        """Return what finds the pinned terms of one tenant."""
        return partial(self._terms, tenant_id)

    def _terms(self, tenant_id: str, pin: Pin) -> Terms:
        known = self._known.get((tenant_id, pin))
        if known is None:
            calendar = ALWAYS if pin.calendar is None else self.calendars[tenant_id, pin.calendar]
            known = Terms(pin, self.policies.pinned(tenant_id, pin.policy), calendar)
            self._known[tenant_id, pin] = known
        return known

    def newest_pin(self, tenant_id: str, rule: Class) -> Pin:
        """Return what a clock of a class would be pinned to now.

        Raises:
            KeyError: the class names a calendar that there is not.
        """
        if rule.calendar == ALWAYS_NAME:
            return Pin(rule.ref)
        return Pin(rule.ref, self.newest[tenant_id, rule.calendar].ref)

    def target_of(self, tenant_id: str, pin: Pin, metric: str) -> Pin | None:
        """Return where clocks of a metric move to from a pin: the class of its name in force; none if there is none.

        Raises:
            KeyError: the pin is not stored, or the class names a calendar that there is not.
        """
        key = tenant_id, pin, metric
        if key not in self._targets:
            name = self._terms(tenant_id, pin).rule.name
            in_force = self.policies.current(tenant_id).classes
            rule = next((each for each in in_force if each.name == name and each.metric == metric), None)
            self._targets[key] = None if rule is None else self.newest_pin(tenant_id, rule)
        return self._targets[key]
