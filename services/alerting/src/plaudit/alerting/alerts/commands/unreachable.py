"""A recipient that takes nothing any more raises an alert: a disabled endpoint, and an address of the staff.

Enabling the endpoint resolves its alert; the next mail that arrives at the address resolves that of the address. Where
no mail goes there any more, a person resolves it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.alerting.alerts.commands.telling import messages_of, tell_resolved
from plaudit.alerting.alerts.domain.alert import (
    ADDRESS_KIND,
    Alert,
    address_alert,
    address_alert_id,
    endpoint_alert,
    endpoint_alert_id,
)
from plaudit.alerting.alerts.domain.escalation import steps_of
from plaudit.alerting.alerts.domain.notes import Note, NoteKind
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks.commands import NO_CAUSE
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, Owners, chain_of
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.domain.endpoint import Endpoint
from plaudit.common.delivery.watch import Mailbox, RecipientWatch
from plaudit.common.outbox import Outbox

SETTLED: Final = "enabled_or_deleted"
"""Why the alert of an endpoint is resolved."""
ARRIVED: Final = "a_mail_arrived"
"""Why the alert of an address is resolved."""
WHY_DISABLED: Final = (
    "Nothing is sent to this endpoint any more, and what waited for it has failed. Its page says why. When it takes "
    "messages again, enable it there and send the failed ones again. What happens until then is not kept for it: read "
    "that in the lists of alerts, clocks and incidents."
)
WHY_REFUSED: Final = (
    "The mail server refuses this address for good: whoever it belongs to is told nothing. Correct the address among "
    "your owners, or give what is theirs to somebody else, and send the failed messages again. The next mail that "
    "arrives there resolves this alert; where nobody is written to there any more, resolve it on its page."
)


def recipient_watch(fallback: Owner, outbox: Outbox) -> RecipientWatch:
    """Return what is done about recipients that take nothing any more.

    Args:
        fallback: the owner of the settings, who is told where a tenant names nobody.
        outbox: takes the events.
    """

    async def on_disabled(tx: Tx, endpoint: Endpoint, reason: str) -> None:
        tenant_id = endpoint.tenant_id
        found = (await people.load(tx, [tenant_id]))[tenant_id]
        owner = found.default_owner(fallback)
        alert = endpoint_alert(tenant_id, endpoint.id, endpoint.name, reason, owner.address, tx.now)
        await _raise(tx, alert, owner, found, WHY_DISABLED, outbox)

    async def on_settled(tx: Tx, tenant_id: str, endpoint_id: UUID, since: datetime) -> None:
        await _resolve(tx, [(tenant_id, endpoint_alert_id(endpoint_id, since))], SETTLED, outbox)

    async def on_refused(tx: Tx, refused: Mapping[Mailbox, str]) -> None:
        standing = await _standing(tx, refused)
        new = {mailbox: reason for mailbox, reason in refused.items() if mailbox not in standing}
        owners = await people.load(tx, {tenant_id for tenant_id, _ in new}) if new else {}
        for (tenant_id, address), reason in new.items():
            owner = owners[tenant_id].default_owner(fallback)
            alert = address_alert(tenant_id, address, reason, owner.address, tx.now)
            await _raise(tx, alert, owner, owners[tenant_id], WHY_REFUSED, outbox)

    async def on_arrived(tx: Tx, arrived: Collection[Mailbox]) -> None:
        standing = await _standing(tx, arrived)
        await _resolve(tx, [(each.tenant_id, each.id) for each in standing.values()], ARRIVED, outbox)

    return RecipientWatch(on_disabled, on_settled, on_refused, on_arrived)


async def _standing(tx: Tx, mailboxes: Collection[Mailbox]) -> dict[Mailbox, Alert]:
    """Return the alerts of these addresses that are not resolved. An alert's id says of which address it is."""
    held = {
        (each.tenant_id, each.id): each
        for each in await store.not_resolved(tx, {tenant_id for tenant_id, _ in mailboxes}, ADDRESS_KIND)
    }
    times = {each.raised_at for each in held.values()}
    ids = {
        (tenant_id, address_alert_id(tenant_id, address, at)): (tenant_id, address)
        for tenant_id, address in mailboxes
        for at in times
    }
    return {ids[key]: alert for key, alert in held.items() if key in ids}


async def _raise(tx: Tx, alert: Alert, owner: Owner, owners: Owners, why: str, outbox: Outbox) -> None:
    await store.raise_all(tx, [alert])
    await store.add_steps(tx, steps_of(alert, chain_of(owner, owners.default_escalation), tx.now))
    await changes.note(tx, [alert.tenant_id])
    await deliveries.queue(tx, messages_of(tx, alert, owner, Note(alert.id, alert.generation, NoteKind.RAISED, 0, why)))
    await outbox.append(tx, [alert_event("alert.raised", alert, tx.now, NO_CAUSE)])


async def _resolve(tx: Tx, keys: Sequence[store.AlertKey], reason: str, outbox: Outbox) -> None:
    resolved = await store.resolve(tx, dict.fromkeys(keys, reason))
    await tell_resolved(tx, resolved)
    await changes.note(tx, [each.tenant_id for each in resolved])
    await outbox.append(tx, [alert_event("alert.resolved", each, tx.now, NO_CAUSE) for each in resolved])
