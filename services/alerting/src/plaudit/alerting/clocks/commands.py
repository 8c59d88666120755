"""From what was decided to rows and events: what consumer and jobs both do with new entries of clocks' logs.

A start writes the notice to the owner and the timers of its run. A breach raises an alert and writes a mail. An end
takes the timers away and resolves the alert; mails that have not left yet find at sending that they are not wanted.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from plaudit.alerting.domain.clocks import (
    Breached,
    Cancelled,
    ClockEvent,
    Fulfilled,
    Retracted,
    Started,
    Warned,
    apply,
    kind_of,
)
from plaudit.alerting.domain.policy import Policy
from plaudit.alerting.domain.promises import Alert, Promise, breach_alert, breach_alert_id
from plaudit.alerting.store import alerts, mails, promises, timers
from plaudit.alerting.store.mails import NewMail
from plaudit.alerting.store.promises import LogEntry, PromiseKey
from plaudit.alerting.store.timers import Timer
from plaudit.common.contracts import ALERTS, AlertChange, ClockChange
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing

OWNER_ON_THE_BUS: Final = "owner"
"""Whom an alert belongs to, by the part played: no address goes on the bus."""
EMAIL: Final = "email"


class MailKind(StrEnum):
    """What a mail is about."""

    NOTICE = "notice"
    BREACH = "breach"


class Changes:
    """What one transaction does to promises, collected so that each table is written with one statement."""

    def __init__(self, now: datetime, owner_email: str) -> None:
        self._now = now
        self._owner_email = owner_email
        self._promises: dict[PromiseKey, Promise] = {}
        self._log: list[LogEntry] = []
        self._stale_timers: set[PromiseKey] = set()
        self._timers: dict[PromiseKey, list[Timer]] = {}
        self._raised: list[Alert] = []
        self._resolved: dict[tuple[str, UUID], tuple[str, str | None]] = {}
        self._mails: list[NewMail] = []
        self._events: list[Outgoing] = []

    def keep(self, promise: Promise) -> None:
        """Write the promise as it is: its review has changed, its clock has not."""
        self._promises[promise.tenant, promise.id] = promise

    def begin(
        self, promise: Promise, events: Sequence[ClockEvent], policy: Policy, traceparent: str | None = None
    ) -> None:
        """Take up a promise that had no clock before; its clock is what these events make of an empty log."""
        for event in events:
            self._take(promise, event, policy, traceparent)

    def record(
        self, promise: Promise, events: Sequence[ClockEvent], policy: Policy, traceparent: str | None = None
    ) -> Promise:
        """Take up what was decided about a promise, and return it as it stands afterwards.

        Args:
            promise: as it was before the events.
            events: in their order.
            policy: the revision that the run is, or by the first of the events will be, pinned to.
            traceparent: of what caused it.
        """
        for event in events:
            if promise.clock.breached_at is not None:
                self._resolve(promise, event, traceparent)
            promise = promise.with_clock(apply(promise.clock, event, policy))
            self._take(promise, event, policy, traceparent)
        return promise

    async def save(self, tx: Tx) -> list[Outgoing]:
        """Write it all, and return the events to publish, those of each clock in their order."""
        await promises.save(tx, list(self._promises.values()))
        await promises.append(tx, self._log)
        await timers.cancel(tx, self._stale_timers)
        await timers.add(tx, [timer for run in self._timers.values() for timer in run])
        await alerts.raise_all(tx, self._raised)
        await mails.add(tx, self._mails)
        reasons = {key: reason for key, (reason, _) in self._resolved.items()}
        for alert in await alerts.resolve(tx, reasons, self._now):
            reason, traceparent = self._resolved[alert.tenant, alert.id]
            self._publish_alert("alert.resolved", alert, traceparent, reason)
        return self._events

    def _take(self, promise: Promise, event: ClockEvent, policy: Policy, traceparent: str | None) -> None:
        key = (promise.tenant, promise.id)
        self._log.append(LogEntry(*key, event))
        if isinstance(event, Warned):
            if not event.collapsed:
                self._publish_clock(promise, event, traceparent)
            return
        self._promises[key] = promise
        self._publish_clock(promise, event, traceparent)
        match event:
            case Started():
                self._stale_timers.add(key)
                self._timers[key] = _timers_of(promise, policy)
                self._write_mail(promise, MailKind.NOTICE)
            case Breached():
                alert = breach_alert(promise, self._owner_email, self._now)
                self._raised.append(alert)
                self._publish_alert("alert.raised", alert, traceparent)
                self._write_mail(promise, MailKind.BREACH)
            case Fulfilled() | Cancelled() | Retracted():
                self._stale_timers.add(key)
                self._timers.pop(key, None)

    def _resolve(self, promise: Promise, event: ClockEvent, traceparent: str | None) -> None:
        match event:
            case Retracted():
                reason = "retracted"
            case Fulfilled():
                reason = "answered"
            case Cancelled():
                reason = event.reason
            case _:
                return
        self._resolved[promise.tenant, breach_alert_id(promise)] = (reason, traceparent)

    def _write_mail(self, promise: Promise, kind: MailKind) -> None:
        run = promise.clock.run
        self._mails.append(
            NewMail(
                tenant=promise.tenant,
                id=uuid5(promise.id, f"{run}\n{kind}\n{EMAIL}\n{self._owner_email}"),
                clock_id=promise.id,
                generation=promise.clock.generation,
                kind=kind,
                recipient=self._owner_email,
            )
        )

    def _publish_clock(self, promise: Promise, event: ClockEvent, traceparent: str | None) -> None:
        review, clock = promise.review, promise.clock
        change = ClockChange(
            clock_id=str(promise.id),
            review_id=review.id,
            source_id=review.source_id,
            external_id=review.external_id,
            subject=review.subject,
            metric=promise.metric,
            policy_revision=clock.policy.revision,
            anchor_at=clock.anchor_at,
            due_at=clock.due_at,
            happened_at=event.at,
            fraction=event.percent / 100 if isinstance(event, Warned) else None,
            provisional=isinstance(event, Breached) and event.provisional,
            reason=event.reason if isinstance(event, Started | Cancelled | Retracted) else None,
        )
        self._publish(f"clock.{kind_of(event)}", promise.tenant, review.subject, change, traceparent)

    def _publish_alert(self, kind: str, alert: Alert, traceparent: str | None, reason: str | None = None) -> None:
        change = AlertChange(
            alert_id=str(alert.id),
            subject=alert.subject,
            kind=alert.kind,
            severity=alert.severity,
            summary=alert.summary,
            owner=OWNER_ON_THE_BUS,
            raised_at=alert.raised_at,
            clock_id=str(alert.clock_id),
            review_id=alert.review_id,
            reason=reason,
        )
        self._publish(kind, alert.tenant, alert.subject, change, traceparent)

    def _publish(
        self, kind: str, tenant: str, subject: str, data: ClockChange | AlertChange, traceparent: str | None
    ) -> None:
        self._events.append(
            Outgoing(
                topic=ALERTS,
                key=f"{tenant}/{subject}",
                type=kind,
                subject=subject,
                tenant_id=tenant,
                time=self._now,
                data=data,
                traceparent=traceparent,
            )
        )


def _timers_of(promise: Promise, policy: Policy) -> list[Timer]:
    clock = promise.clock
    return [
        Timer(promise.tenant, promise.id, clock.generation, percent, promise.partition, at)
        for percent, at in policy.stages(clock.anchor_at, clock.started_at)
    ]
