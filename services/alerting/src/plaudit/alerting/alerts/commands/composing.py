"""What messages about alerts say as they leave, and whether they still do: the alert and its clock are read again."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.commands.telling import messages_of
from plaudit.alerting.alerts.domain import Alert
from plaudit.alerting.alerts.domain.escalation import owner_now
from plaudit.alerting.alerts.domain.notes import (
    CALLS,
    RESOLVED,
    Known,
    Note,
    NoteKind,
    content_of,
    item_of,
    note_of,
    why_withheld,
)
from plaudit.alerting.alerts.domain.silences import Silence
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.domain.clock import ClockKey
from plaudit.alerting.mails.commands import aids_of, aids_of_reviews, history_of, is_bad
from plaudit.alerting.mails.domain.again import TOLD_AGAIN, told_again
from plaudit.alerting.mails.domain.aid import NO_AID, severity_of
from plaudit.alerting.mails.domain.letters import LEFT
from plaudit.alerting.mails.domain.words import DESK
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner, Owners
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.commands import Check, Due, Later, Verdict, Withdraw
from plaudit.common.delivery.domain.message import Channel, Item, Message
from plaudit.common.delivery.gatherings.commands import Gatherer
from plaudit.common.time_zones import zone_of


class _Wanted(NamedTuple):
    """A message that is to leave, and the alert that it is about, as it stands."""

    note: Note
    alert: Alert
    reader: Owner
    owner: Owner


def check_of(public_url: str, fallback: Owner) -> Check:
    """Return what composes messages about alerts as they leave, or withdraws them.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        fallback: the owner of the settings.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        looked_up = await _looked_up(tx, due, fallback)
        known = await _known(tx, [said.alert for said in looked_up.values() if isinstance(said, _Wanted)])
        verdicts: dict[UUID, Verdict] = {}
        for delivery_id, said in looked_up.items():
            if isinstance(said, _Wanted):
                verdicts[delivery_id] = content_of(
                    said.note,
                    said.alert,
                    known[said.alert.tenant_id, said.alert.id],
                    owner=said.owner.name,
                    now=tx.now,
                    zone=zone_of(said.reader.zone),
                    public_url=public_url,
                )
            else:
                verdicts[delivery_id] = said
        return verdicts

    return check


def gatherer_of(public_url: str, fallback: Owner) -> Gatherer:
    """Return what lists alerts in a gathered message, as they stand when it leaves; arguments as of `check_of`."""

    async def lister(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Item | Withdraw | Later]:
        looked_up = await _looked_up(tx, due, fallback)
        wanted = [said.alert for said in looked_up.values() if isinstance(said, _Wanted)]
        keys: set[ClockKey] = {(each.tenant_id, each.clock_id) for each in wanted if each.clock_id is not None}
        clocks = await clock_store.load(tx, keys)
        again = told_again(
            [each.delivery for each in due],
            {
                delivery_id: ((said.alert.tenant_id, said.alert.id), said.note.number)
                for delivery_id, said in looked_up.items()
                if isinstance(said, _Wanted) and said.note.kind in CALLS
            },
        )
        found: dict[UUID, Item | Withdraw | Later] = {}
        for delivery_id, said in looked_up.items():
            if delivery_id in again:
                found[delivery_id] = Withdraw(TOLD_AGAIN)
            elif isinstance(said, _Wanted):
                key = said.alert.clock_id
                known = Known() if key is None else Known(clocks.get((said.alert.tenant_id, key)))
                zone = zone_of(said.reader.zone)
                found[delivery_id] = item_of(said.note, said.alert, known, now=tx.now, zone=zone, public_url=public_url)
            else:
                found[delivery_id] = said
        return found

    console = public_url.rstrip("/")
    return Gatherer(lister, f"{console}{DESK}" if console else "", "Open the desk")


async def _looked_up(tx: Tx, due: Sequence[Due], fallback: Owner) -> dict[UUID, _Wanted | Withdraw]:
    """Return what is still to be told, and of the other messages why not."""
    notes = {each.delivery.id: note for each in due if (note := note_of(each.content)) is not None}
    about = [each for each in due if each.delivery.id in notes]
    alerts = await store.load(tx, {(each.delivery.tenant_id, notes[each.delivery.id].alert_id) for each in about})
    tenants = {each.delivery.tenant_id for each in about}
    owners, active = await people.load(tx, tenants), await silences.active(tx, tenants)
    found: dict[UUID, _Wanted | Withdraw] = {}
    elsewhere: list[Message] = []
    for each in about:
        note, tenant_id = notes[each.delivery.id], each.delivery.tenant_id
        alert = alerts.get((tenant_id, note.alert_id))
        reason = why_withheld(note, alert)
        if reason or alert is None:
            found[each.delivery.id] = Withdraw(reason or RESOLVED)
        elif note.kind is not NoteKind.RESOLVED and (held := _held(active.get(tenant_id, ()), alert)):
            # That it is resolved is told all the same: whoever was called must not look for what is no more.
            found[each.delivery.id] = Withdraw(held)
        elif _has_left(each, note, owners[tenant_id], fallback):
            elsewhere += messages_of(tx, alert, owner_now(alert, owners[tenant_id], fallback), note)
            found[each.delivery.id] = Withdraw(LEFT)
        else:
            reader = known_owner(owners[tenant_id], each.delivery.recipient, fallback)
            owner = known_owner(owners[tenant_id], alert.owner, fallback)
            found[each.delivery.id] = _Wanted(note, alert, reader, owner)
    await deliveries.queue(tx, elsewhere)
    return found


def _has_left(due: Due, note: Note, owners: Owners, fallback: Owner) -> bool:
    """Say whether a message is to somebody who was taken out of the owners since; the end is told to them, too."""
    is_mail = due.delivery.channel == Channel.EMAIL
    return is_mail and note.kind is not NoteKind.RESOLVED and owners.known(due.delivery.recipient, fallback) is None


async def _known(tx: Tx, alerts: Collection[Alert]) -> dict[store.AlertKey, Known]:
    """Return what is known of the things that alerts are about."""
    clocks = await clock_store.load(tx, {(each.tenant_id, each.clock_id) for each in alerts if each.clock_id})
    aids = await aids_of(tx, [clock for clock in clocks.values() if is_bad(clock)])
    without_clock = [each for each in alerts if each.clock_id is None and each.review_id]
    of_reviews = await aids_of_reviews(
        tx, {(each.tenant_id, each.review_id): severity_of(each.review_severity, None) for each in without_clock}
    )
    found = {
        (each.tenant_id, each.id): Known(aid=of_reviews.get((each.tenant_id, each.review_id), NO_AID))
        for each in alerts
    }
    for each in alerts:
        clock = None if each.clock_id is None else clocks.get((each.tenant_id, each.clock_id))
        if clock is not None:
            aid = aids.get(clock.key, NO_AID)
            found[each.tenant_id, each.id] = Known(clock, await history_of(tx, clock), aid)
    return found


def known_owner(owners: Owners, address: str, fallback: Owner) -> Owner:
    """Return the person at an address, who is in the fallback's zone where nothing is known of them."""
    return owners.by_address(address) or msgspec.structs.replace(fallback, address=address, name=address)


def _held(active: Sequence[Silence], alert: Alert) -> str:
    if alert.is_statutory:
        return ""
    found = next((each for each in active if each.scope.holds(alert.id, alert.subject, alert.source_id)), None)
    return "" if found is None else found.in_words
