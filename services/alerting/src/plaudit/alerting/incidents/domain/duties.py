"""What an incident adds to the logs of its clocks: the next update, and the notice to the authority.

Each update fulfils the present clock and starts the next one, which counts from it.
"""

from datetime import datetime
from typing import Final

from plaudit.alerting.clocks.domain.about import About, AboutKind
from plaudit.alerting.clocks.domain.clock import NO_STREAM, Clock, clock_id
from plaudit.alerting.clocks.domain.clock_events import Cancelled, CancelReason, ClockEvent, Fulfilled, StartReason
from plaudit.alerting.clocks.domain.decide import close, starts
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.clocks.domain.terms import Rules, Terms
from plaudit.alerting.incidents.domain.incident import Incident, facts_of
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.revisions import Class

PUBLISHED: Final = "update"
"""The channel that an update fulfils a clock by."""


def about_of(incident: Incident) -> About:
    """Return what clocks keep of an incident."""
    return About(
        kind=AboutKind.INCIDENT,
        id=str(incident.id),
        subject=incident.subjects[0],
        title=incident.title,
        severity=incident.severity,
    )


def update_clock_id(incident: Incident) -> tuple[str, int]:
    """Return metric and instance of the present clock of the next update."""
    return Metric.INCIDENT_UPDATE, incident.instance


def new_clock(incident: Incident, metric: Metric, instance: int, run: Run) -> Clock:
    """Return a clock about an incident. Nothing that could fulfil it is written on a topic: people do it here."""
    return Clock(
        tenant_id=incident.tenant_id,
        id=clock_id(incident.tenant_id, str(incident.id), metric, instance),
        metric=metric,
        stream=NO_STREAM,
        review_revision=0,
        about=about_of(incident),
        run=run,
        instance=instance,
    )


def update_terms(incident: Incident, rules: Rules) -> Terms | None:
    """Return the terms of the next update; None where the policy wants none.

    Raises:
        KeyError: the class names a calendar that there is not.
    """
    return rules.matching(incident.tenant_id, Metric.INCIDENT_UPDATE, facts_of(incident))


def statutory_terms(incident: Incident, rules: Rules) -> Terms:
    """Return the terms of the notice to the authority.

    The law's time holds whatever the tenant's policy says: a class of it counts where it is as early, else the shipped
    one does.
    """
    shipped = _shipped_class(incident, rules)
    own = rules.policies.matching(incident.tenant_id, Metric.STATUTORY, facts_of(incident))
    rule = own if own is not None and own.target_seconds <= shipped.target_seconds else shipped
    return rules.pinned(incident.tenant_id, rules.newest_pin(incident.tenant_id, rule))


def _shipped_class(incident: Incident, rules: Rules) -> Class:
    found = rules.policies.shipped.matching(Metric.STATUTORY, facts_of(incident))
    assert found is not None, "the shipped policy has a class for every data breach"
    return found


def after_update(run: Run, at: datetime, by: str) -> tuple[ClockEvent, ...]:
    """Return what an update adds to the log of the present clock."""
    return close(run, Fulfilled(at, PUBLISHED, by), is_told=True) if run.waiting else ()


def after_end(run: Run, at: datetime) -> tuple[ClockEvent, ...]:
    """Return what it adds to the log of the present clock that no update is due any more."""
    return close(run, Cancelled(at, CancelReason.RESOLVED), is_told=True) if run.waiting else ()


def after_severity(run: Run, terms: Terms | None, at: datetime) -> tuple[ClockEvent, ...]:
    """Return what another severity adds to the log of the present clock.

    A new run counts from the last update by the new interval. Where that is past already it counts from the change: a
    due time that nobody could keep says nothing about anybody. A run that is due earlier, or is late, goes on.

    Args:
        run: the present one.
        terms: those of the new severity; None where the policy wants no updates of it, and the run goes on.
        at: when the severity was changed.
    """
    if terms is None or not run.can_move or run.is_paused or at >= run.due_at:
        return ()
    anchor_at = run.anchor_at if terms.due_at(run.anchor_at, at) > at else at
    if terms.due_at(anchor_at, at) >= run.due_at:
        return ()
    return (
        Cancelled(at, CancelReason.SEVERITY_CHANGED),
        starts(terms, at, anchor_at, StartReason.SEVERITY_CHANGED),
    )
