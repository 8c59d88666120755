"""A negative review that no class and no assignment is for: the default owner is told, and an alert is raised, once."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.commands.telling import messages_of, tell_resolved
from plaudit.alerting.alerts.domain import Alert, uncaught_alert, uncaught_alert_id
from plaudit.alerting.alerts.domain.escalation import AlertStep, steps_of
from plaudit.alerting.alerts.domain.notes import Note, NoteKind
from plaudit.alerting.alerts.domain.uncaught import is_uncaught, reason_to_end, words_now
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.changes import store as pages
from plaudit.alerting.clocks.commands import Cause
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, chain_of
from plaudit.alerting.policies import store as policies
from plaudit.common.contracts import ReviewChange
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.domain.message import Message
from plaudit.common.erasure import erased_reviews
from plaudit.common.events import Outgoing

WHY = "It is negative, and no policy asks for an answer to it and nobody is assigned to it. See to both."


class Told(msgspec.Struct, frozen=True, gc=False):
    """A change of a review, as it was read."""

    tenant_id: str
    change: ReviewChange
    is_erasure: bool
    traceparent: str | None
    tracestate: str | None

    @property
    def review(self) -> tuple[str, str]:
        """Tenant and id of the review."""
        return self.tenant_id, self.change.review_id

    @property
    def key(self) -> tuple[str, UUID]:
        """The key of the one alert that the review can raise."""
        return self.tenant_id, uncaught_alert_id(self.tenant_id, self.change.review_id)


async def apply(tx: Tx, changes: Sequence[Told], fallback: Owner) -> Sequence[Outgoing]:
    """Raise alerts about reviews that nobody is for, and resolve those of which there is nothing left to do.

    Args:
        tx: the open transaction.
        changes: in their order.
        fallback: the owner of the settings.

    Returns:
        What to publish: `alert.raised` and `alert.resolved`.
    """
    last = {each.key: each for each in changes}
    known = await store.load(tx, set(last))
    gone = await erased_reviews(tx, {each.review for each in last.values()})
    fresh = [
        each for each in last.values() if each.key not in known and not each.is_erasure and each.review not in gone
    ]
    events = await _raise(tx, fresh, fallback)
    reasons = {
        each.key: reason
        for each in last.values()
        if each.key in known and (reason := reason_to_end(each.change, is_erasure=each.is_erasure))
    }
    await store.keep_words(
        tx,
        {
            each.key: words
            for each in last.values()
            if (kept := known.get(each.key)) is not None
            and (words := words_now(each.change, is_erasure=each.is_erasure or each.review in gone))
            not in (None, (kept.title, kept.excerpt))
        },
    )
    resolved = await store.resolve(tx, reasons)
    await tell_resolved(tx, resolved)
    await pages.note(tx, {each.tenant_id for each in resolved})
    causes = {each.key: Cause(each.traceparent, each.tracestate) for each in last.values()}
    return [
        *events,
        *(alert_event("alert.resolved", each, tx.now, causes[each.tenant_id, each.id]) for each in resolved),
    ]


async def _raise(tx: Tx, changes: Sequence[Told], fallback: Owner) -> list[Outgoing]:
    tenants = {each.tenant_id for each in changes}
    if not tenants:
        return []
    in_force, owners = await policies.load(tx, tenants), await people.load(tx, tenants)
    raised: list[Alert] = []
    steps: list[AlertStep] = []
    messages: list[Message] = []
    events: list[Outgoing] = []
    for each in changes:
        of = owners[each.tenant_id]
        review = each.change.after
        if review is None or not is_uncaught(each.change, in_force.current(each.tenant_id), of):
            continue
        owner = of.default_owner(fallback)
        alert = uncaught_alert(each.tenant_id, each.change.review_id, review, owner.address, tx.now)
        raised.append(alert)
        steps += steps_of(alert, chain_of(owner, of.default_escalation), tx.now)
        messages += messages_of(tx, alert, owner, Note(alert.id, alert.generation, NoteKind.RAISED, 0, WHY))
        events.append(alert_event("alert.raised", alert, tx.now, Cause(each.traceparent, each.tracestate)))
    await store.raise_all(tx, raised)
    await pages.note(tx, {each.tenant_id for each in raised})
    await store.add_steps(tx, steps)
    await deliveries.queue(tx, messages)
    return events
