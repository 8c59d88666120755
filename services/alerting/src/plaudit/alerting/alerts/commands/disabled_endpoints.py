"""An endpoint that is disabled because it is gone, or fails for days, raises an alert; enabling it resolves that."""

from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.alerting.alerts.commands.telling import messages_of, tell_resolved
from plaudit.alerting.alerts.domain.alert import endpoint_alert, endpoint_alert_id
from plaudit.alerting.alerts.domain.escalation import steps_of
from plaudit.alerting.alerts.domain.notes import Note, NoteKind
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks.commands import NO_CAUSE
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, chain_of
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.domain.endpoint import Endpoint
from plaudit.common.delivery.endpoints.watch import EndpointWatch
from plaudit.common.outbox import Outbox

SETTLED: Final = "enabled_or_deleted"
"""Why the alert is resolved."""
WHY: Final = (
    "Nothing is sent to this endpoint any more, and what waited for it has failed. Its page says why. When it takes "
    "messages again, enable it there and send the failed ones again. What happens until then is not kept for it: read "
    "that in the lists of alerts, clocks and incidents."
)


def endpoint_watch(fallback: Owner, outbox: Outbox) -> EndpointWatch:
    """Return what is done about endpoints that are disabled by themselves.

    Args:
        fallback: the owner of the settings, who is told where a tenant names nobody.
        outbox: takes the events.
    """

    async def on_disabled(tx: Tx, endpoint: Endpoint, reason: str) -> None:
        tenant_id = endpoint.tenant_id
        found = (await people.load(tx, [tenant_id]))[tenant_id]
        owner = found.default_owner(fallback)
        alert = endpoint_alert(tenant_id, endpoint.id, endpoint.name, reason, owner.address, tx.now)
        await store.raise_all(tx, [alert])
        await store.add_steps(tx, steps_of(alert, chain_of(owner, found.default_escalation), tx.now))
        await changes.note(tx, [tenant_id])
        note = Note(alert.id, alert.generation, NoteKind.RAISED, 0, WHY)
        await deliveries.queue(tx, messages_of(tx, alert, owner, note))
        await outbox.append(tx, [alert_event("alert.raised", alert, tx.now, NO_CAUSE)])

    async def on_settled(tx: Tx, tenant_id: str, endpoint_id: UUID, since: datetime) -> None:
        resolved = await store.resolve(tx, {(tenant_id, endpoint_alert_id(endpoint_id, since)): SETTLED})
        await tell_resolved(tx, resolved)
        await changes.note(tx, [each.tenant_id for each in resolved])
        await outbox.append(tx, [alert_event("alert.resolved", each, tx.now, NO_CAUSE) for each in resolved])

    return EndpointWatch(on_disabled, on_settled)
