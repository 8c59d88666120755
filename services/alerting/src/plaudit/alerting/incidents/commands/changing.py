"""One incident in the transaction that changes it: locked with its clocks, and written once with all that follows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from plaudit.alerting.audit import commands as audit
from plaudit.alerting.audit import domain as audit_domain
from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import ClockWriter, Follower, rules_of
from plaudit.alerting.clocks.domain.about import AboutKind
from plaudit.alerting.clocks.domain.clock import FIRST, Clock, clock_id, order_key, root_of
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Started
from plaudit.alerting.clocks.domain.run import apply
from plaudit.alerting.clocks.domain.terms import Rules
from plaudit.alerting.incidents.domain.duties import about_of, new_clock
from plaudit.alerting.incidents.domain.incident import (
    Entry,
    Incident,
    IncidentChangedError,
    UnknownIncidentError,
)
from plaudit.alerting.incidents.events import incident_event
from plaudit.alerting.incidents.store import incidents
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common import idempotency
from plaudit.common.db import lock
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork


def lock_key(tenant_id: str, incident_id: UUID) -> str:
    """Return the order key of an incident: that of its clocks, which change with it."""
    return order_key(root_of(tenant_id, AboutKind.INCIDENT, str(incident_id)))


async def lock_all(work: UnitOfWork, tenant_id: str, incident_id: UUID, key: IdempotencyKey | None) -> str | None:
    """Lock an incident and the caller's key; return the answer that is kept under the key, if there is one.

    Raises:
        KeyReusedError: the key came with another request before.
    """
    keys = [lock_key(tenant_id, incident_id)]
    if key is not None:
        keys.append(idempotency.order_key(tenant_id, key.key))
    await lock(work.tx, keys)
    return None if key is None else await idempotency.find(work.tx, tenant_id, key)


class Changing:
    """An incident that is being changed. What is done to it is written by `finish`."""

    def __init__(
        self,
        work: UnitOfWork,
        incident: Incident,
        clocks: Mapping[UUID, Clock],
        rules: Rules,
        following: Sequence[Follower],
    ) -> None:
        """Take an incident whose order key is locked, with its present clocks."""
        self.work = work
        self.incident = incident
        self.rules = rules
        self._before = incident
        self._clocks = dict(clocks)
        self._writer = ClockWriter(following, rules)

    @classmethod
    async def found(
        cls,
        work: UnitOfWork,
        tenant_id: str,
        incident_id: UUID,
        following: Sequence[Follower],
        expected: Collection[int] | None = None,
    ) -> "Changing":
        """Return an incident that is locked already.

        Args:
            work: the open unit of work.
            tenant_id: whose.
            incident_id: which.
            following: the rooms that act on what happens to its clocks.
            expected: revisions of which it must have one; None: any.

        Raises:
            UnknownIncidentError: there is none.
            IncidentChangedError: it has another revision.
        """
        incident = await incidents.read(work.tx, tenant_id, incident_id)
        if incident is None:
            raise UnknownIncidentError
        if expected is not None and incident.revision not in expected:
            raise IncidentChangedError("The incident has been changed since you read it. Read it again.")
        return await cls.of(work, incident, following)

    @classmethod
    async def of(cls, work: UnitOfWork, incident: Incident, following: Sequence[Follower]) -> "Changing":
        """Return an incident as it was read, or as it will be written first."""
        keys = [
            (incident.tenant_id, _clock_id(incident, Metric.INCIDENT_UPDATE, incident.instance)),
            (incident.tenant_id, _clock_id(incident, Metric.STATUTORY, FIRST)),
        ]
        clocks = {each.id: each for each in (await clock_store.load(work.tx, keys)).values()}
        rules = await rules_of(work.tx, {incident.tenant_id}, clocks.values())
        return cls(work, incident, clocks, rules, following)

    def clock(self, metric: Metric) -> Clock | None:
        """Return the present clock of a metric, if there is one."""
        instance = FIRST if metric is Metric.STATUTORY else self.incident.instance
        return self._clocks.get(_clock_id(self.incident, metric, instance))

    def begin(self, metric: Metric, started: Started) -> None:
        """Begin a clock: the next of the updates, or that of the notice to the authority."""
        instance = FIRST
        if metric is Metric.INCIDENT_UPDATE:
            instance = self.incident.instance + 1
            self.change(instance=instance)
        run = apply(None, started, self.rules.of(self.incident.tenant_id))
        self._writer.begin(new_clock(self.incident, metric, instance, run), started)

    def record(self, clock: Clock, events: Sequence[ClockEvent]) -> None:
        """Add to the log of a clock."""
        if events:
            self._clocks[clock.id] = self._writer.record(clock, events)

    def show(self) -> None:
        """Let its clocks that still run say what the incident is now: quiet hours and owners go by its severity."""
        for clock in [each for each in self._clocks.values() if each.run.waiting]:
            self._clocks[clock.id] = msgspec.structs.replace(clock, about=about_of(self.incident))
            self._writer.keep(self._clocks[clock.id])

    def change(self, **fields: Any) -> None:
        """Change fields of the incident."""
        self.incident = msgspec.structs.replace(self.incident, **fields)

    async def finish(
        self, kind: str, by: str, *, note: str = "", data: Mapping[str, Any] | None = None, is_new: bool = False
    ) -> Incident:
        """Write the incident, its log, the audit trail, its clocks and what is published of all that; return it.

        Args:
            kind: what happened.
            by: who did it.
            note: why, in words.
            data: what belongs to the entry of the log.
            is_new: whether the incident is written for the first time.
        """
        tx = self.work.tx
        revision = 1 if is_new else self.incident.revision + 1
        self.change(revision=revision, changed_at=tx.now)
        incident = self.incident
        await (incidents.add if is_new else incidents.save)(tx, incident)
        await incidents.add_entry(
            tx,
            Entry(
                tenant_id=incident.tenant_id,
                incident_id=incident.id,
                number=revision,
                kind=kind,
                at=tx.now,
                by=by,
                note=note,
                data=data or {},
            ),
        )
        await audit.record(tx, _audited(None if is_new else self._before, incident, kind, by))
        await self.work.emit(incident_event(incident, kind, tx.now), *await self._writer.save(tx))
        return incident


def _audited(before: Incident | None, after: Incident, kind: str, by: str) -> audit_domain.Entry:
    """Return the entry of the audit trail; what was said and why is in the incident's own log, under the revision."""
    return audit_domain.Entry(
        tenant_id=after.tenant_id,
        actor=by,
        kind=f"incident.{kind}",
        about_kind=audit_domain.About.INCIDENT,
        about_id=str(after.id),
        before=None if before is None else _standing(before),
        after=_standing(after),
    )


def _standing(incident: Incident) -> dict[str, object]:
    names = ("revision", "state", "severity", "kind", "updates")
    return {name: getattr(incident, name) for name in names}


def _clock_id(incident: Incident, metric: Metric, instance: int) -> UUID:
    return clock_id(incident.tenant_id, str(incident.id), metric, max(instance, FIRST))
