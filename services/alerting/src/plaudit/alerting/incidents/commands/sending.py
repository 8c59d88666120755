"""What is asked before a message about an incident leaves: it says what its update says, as that stands then.

No alarm is begun after the incident is over, and none ended while it is open. Of a correction, and of a message that
was tried for long, that is only known as it leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.domain.told_events import ALARM_CHANNELS
from plaudit.alerting.incidents.domain.incident import Audience, Incident, State
from plaudit.alerting.incidents.domain.messages import (
    SIGN_UP,
    TOPIC,
    Carried,
    carried_by,
    content_for_person,
    content_of,
    sign_up_content,
    subscription_path,
    title_of,
)
from plaudit.alerting.incidents.domain.update import Update
from plaudit.alerting.incidents.store import incidents
from plaudit.common.db import Tx
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Check, Checks, Due, Verdict, Withdraw
from plaudit.common.delivery.consent.links import preferences_url, token_of
from plaudit.common.delivery.domain.message import Content
from plaudit.common.tenants import store as tenants

GONE: Final = "the incident is not there any more"
CORRECTED: Final = "the update was corrected before this left; its correction is told"
OVER: Final = "the incident is over"
REOPENED: Final = "the incident is open again"
NO_MAILBOX: Final = (
    "the mail server has refused the address for good; whoever sends the message again that failed, tries it anew"
)


def checks_of(public_url: str, address: str) -> Checks:
    """Return topic → what composes its messages as they leave.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        address: that of this installation, without a slash at its end, for the links of persons.
    """
    return {TOPIC: check_of(public_url, address), SIGN_UP: sign_up_check_of(address)}


def check_of(public_url: str, address: str) -> Check:
    """Return what composes messages about incidents as they leave.

    Args:
        public_url: the address of Plaudit from outside; empty where it is not known.
        address: that of this installation, without a slash at its end, for the links of persons.
    """

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        carried = {each.delivery.id: (each.delivery.tenant_id, carried_by(each.content)) for each in due}
        channels = {each.delivery.id: each.delivery.channel for each in due}
        updates = await incidents.updates(
            tx, {(tenant_id, each.incident_id, each.number) for tenant_id, each in carried.values()}
        )
        known = await _incidents(tx, carried.values())
        persons = {each.delivery.id: _person(each) for each in due if each.delivery.person_key}
        gone = await delivery_store.gone(tx, set(persons.values()))
        companies = {each: await tenants.name_of(tx, each) or each for each, _, _ in persons.values()}
        verdicts: dict[UUID, Verdict] = {}
        for delivery_id, (tenant_id, each) in carried.items():
            incident = known[tenant_id, each.incident_id]
            update = updates.get((tenant_id, each.incident_id, each.number))
            if incident is None or update is None:
                verdicts[delivery_id] = Withdraw(GONE)
            elif each.ends_alarm:
                verdicts[delivery_id] = _end(incident, update, public_url)
            elif each.revision < update.revision:
                verdicts[delivery_id] = Withdraw(CORRECTED)
            elif channels[delivery_id] in ALARM_CHANNELS and incident.is_over != (update.state is State.RESOLVED):
                verdicts[delivery_id] = Withdraw(OVER if incident.is_over else REOPENED)
            elif persons.get(delivery_id) in gone:
                verdicts[delivery_id] = Withdraw(NO_MAILBOX)
            else:
                content = content_of(incident, update, each.language, public_url)
                person = persons.get(delivery_id)
                verdicts[delivery_id] = (
                    content
                    if person is None
                    else await _to_person(tx, incident, person[2], content, address, companies[tenant_id])
                )
        return verdicts

    return check


def _end(incident: Incident, update: Update, public_url: str) -> Verdict:
    """Return what ends an alarm: the newest update, as if it had said that the incident is resolved."""
    if not incident.is_over:
        return Withdraw(REOPENED)
    return content_of(incident, msgspec.structs.replace(update, state=State.RESOLVED), "", public_url)


def sign_up_check_of(address: str) -> Check:
    """Return what composes the mails that ask persons whether they want to be told: nothing of them is kept."""

    async def check(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Verdict]:
        carried = {each.delivery.id: (each.delivery.tenant_id, carried_by(each.content)) for each in due}
        known = await _incidents(tx, carried.values())
        return {each.delivery.id: await _asking(tx, each, carried[each.delivery.id][1], known, address) for each in due}

    return check


async def _to_person(tx: Tx, incident: Incident, person: str, content: Content, address: str, company: str) -> Content:
    """Return a mail to a person: they stop it on the page of their subscription, or where they choose what they get."""
    tenant_id = incident.tenant_id
    if incident.audience is Audience.PUBLIC:
        token = await token_of(tx, tenant_id, person)
        stop_url = address + subscription_path(tenant_id, incident.slug, token, content.language)
    else:
        stop_url = await preferences_url(tx, tenant_id, person, address)
    return content_for_person(content, stop_url, company)


def _person(due: Due) -> delivery_store.ThreadKey:
    return due.delivery.tenant_id, due.delivery.thread, due.delivery.person_key


async def _asking(
    tx: Tx, due: Due, carried: Carried, known: Mapping[tuple[str, UUID], Incident | None], address: str
) -> Verdict:
    tenant_id, person = due.delivery.tenant_id, due.delivery.person_key
    incident = known[tenant_id, carried.incident_id]
    if incident is None:
        return Withdraw(GONE)
    newest = await incidents.updates_of(tx, tenant_id, incident.id, 1)
    if incident.is_over or not newest:
        return Withdraw(OVER)
    path = subscription_path(tenant_id, incident.slug, await token_of(tx, tenant_id, person), carried.language)
    company = await tenants.name_of(tx, tenant_id) or tenant_id
    title = title_of(incident, newest[0].in_language(carried.language))
    return sign_up_content(title, carried.language, address + path, company)


async def _incidents(tx: Tx, carried: Iterable[tuple[str, Carried]]) -> Mapping[tuple[str, UUID], Incident | None]:
    keys = {(tenant_id, each.incident_id) for tenant_id, each in carried}
    return {key: await incidents.read(tx, *key) for key in keys}
