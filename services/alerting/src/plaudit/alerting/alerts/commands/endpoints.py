"""How endpoints of a tenant are told of events on `alerts.v1` and `board.v1`, and what is asked before that leaves."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from plaudit.alerting.alerts.domain import AlertState
from plaudit.alerting.alerts.domain.notes import RESOLVED
from plaudit.alerting.alerts.domain.told_events import (
    ALARM_CHANNELS,
    TRIGGER,
    Event,
    id_in,
    is_event,
    is_told,
    is_trigger,
    message_of,
    told_at,
)
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.clocks import store as clocks
from plaudit.alerting.clocks.domain.run import State
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Check, Due, Verdict, Withdraw
from plaudit.common.delivery.domain.message import Message
from plaudit.common.delivery.endpoints import store as endpoints
from plaudit.common.delivery.gatherings.commands import Gatherer, Told

NOT_LATE: Final = "the clock is not late any more"
LATER_FIGURES: Final = "later figures of the request are told"
AFTER_ITS_BEGIN: Final = timedelta(seconds=20)
"""The end of an alarm leaves so much later where its begin may still be on the way: longer than an exchange takes."""


async def tell_endpoints(tx: Tx, events: Sequence[Event], public_url: str) -> None:
    """Queue what the endpoints of tenants are told of events; where no endpoint takes one, nothing is written.

    An alarm is ended and acknowledged where it was begun, and nowhere else. An event that names no alarm of ours is
    told as any other, and begins and ends none.

    Args:
        tx: the open transaction.
        events: in their order.
        public_url: the address of Plaudit from outside; empty where it is not known.
    """
    choices = await endpoints.choices(tx, {each.tenant_id for each in events})
    chosen = [
        (event, each)
        for event in events
        for each in choices.get(event.tenant_id, ())
        if each.is_enabled and is_told(event, each.channel, list(each.topics), each.created_at, tx.now)
    ]
    ends = {
        (event.tenant_id, event.thread, str(each.id))
        for event, each in chosen
        if each.channel in ALARM_CHANNELS and event.action != TRIGGER
    }
    begun = await delivery_store.begun(tx, ends) if ends else {}
    messages: list[Message] = []
    for event, each in chosen:
        not_before = told_at(event, tx.now)
        if each.channel in ALARM_CHANNELS:
            key = event.tenant_id, event.thread, str(each.id)
            if event.action == TRIGGER:
                begun[key] = True
            elif key not in begun:
                continue
            elif begun[key]:
                not_before = tx.now + AFTER_ITS_BEGIN
        messages.append(message_of(event, each.id, each.channel, public_url, not_before))
    await deliveries.queue(tx, messages)


def beside_events(of_others: Check) -> Check:
    """Return a check that asks one about all but events; these leave as queued, but for alarms that have ended."""

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        others = [each for each in due if not is_event(each.content)]
        alarms = [each for each in due if is_trigger(each.content) and each.delivery.channel in ALARM_CHANNELS]
        found = dict(await of_others(tx, others)) if others else {}
        return found | (await _ended(tx, alarms) if alarms else {})

    return check


async def last_scores(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
    """Withdraw figures of a request where later ones of the same minute are told to the same endpoint."""
    outdated = await store.outdated_scores(tx, [(each.delivery.tenant_id, each.delivery.id) for each in due])
    return {each.delivery.id: Withdraw(LATER_FIGURES) for each in due if each.delivery.id in outdated}


def listing_beside_events(gatherer: Gatherer) -> Gatherer:
    """Return a gatherer that lists events as they were queued."""

    async def lister(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Told]:
        others = [each for each in due if not is_event(each.content)]
        return await gatherer.lister(tx, others) if others else {}

    return Gatherer(lister, gatherer.link, gatherer.link_label)


async def _ended(tx: Tx, alarms: Sequence[Due]) -> dict[UUID, Verdict]:
    """Return the begins of alarms that are not wanted any more: begun after its end, an alarm would never end.

    One that names neither an alert nor a clock leaves as it is.
    """
    of_alerts, of_clocks = _named(alarms, "alert_id"), _named(alarms, "clock_id")
    of_clocks = {key: clock_key for key, clock_key in of_clocks.items() if key not in of_alerts}
    alerts = await store.load(tx, set(of_alerts.values()))
    known = await clocks.load(tx, set(of_clocks.values()))
    verdicts: dict[UUID, Verdict] = {}
    for key, alert_key in of_alerts.items():
        alert = alerts.get(alert_key)
        if alert is None or alert.state is AlertState.RESOLVED:
            verdicts[key] = Withdraw(RESOLVED)
    for key, clock_key in of_clocks.items():
        clock = known.get(clock_key)
        if clock is None or clock.run.state is not State.BREACHED:
            verdicts[key] = Withdraw(NOT_LATE)
    return verdicts


def _named(alarms: Sequence[Due], name: str) -> dict[UUID, tuple[str, UUID]]:
    """Return what deliveries name by an id of their event, as (tenant, id)."""
    found = ((each.delivery, id_in(each.content.data["event"]["data"], name)) for each in alarms)
    return {delivery.id: (delivery.tenant_id, named) for delivery, named in found if named is not None}
