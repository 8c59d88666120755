"""How the public signs up for the mails of an incident: asked for on its page, and agreed to by a link in a mail.

Whether an address is told already is never said: whoever asks gets the same answer, and the same mail.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from plaudit.alerting.incidents.commands.changing import lock_key
from plaudit.alerting.incidents.domain.incident import (
    MAX_ASKED,
    MAX_SUBSCRIBERS,
    Incident,
    IncidentRefusedError,
)
from plaudit.alerting.incidents.domain.messages import TOPIC, sign_up_message, thread_of
from plaudit.alerting.incidents.store import incidents, subscribers
from plaudit.alerting.incidents.store.subscribers import Subscriber, place
from plaudit.common import mailbox
from plaudit.common.db import Tx, lock
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.consent import commands as consents
from plaudit.common.delivery.domain.consent import Choice, ConsentEntry, Source
from plaudit.common.delivery.domain.message import Channel
from plaudit.common.person_keys import person_key
from plaudit.common.rate_limits import Limit, LimitExceededError, spend
from plaudit.common.tenants import store as tenants
from plaudit.common.vault import Vault

MAILS_PER_HOUR = 3
"""To one address: what strangers ask for floods no mailbox."""
ASKED_FOR = timedelta(days=2)
"""How long the link in the mail works; whoever does not agree is forgotten."""
BY_SIGN_UP = "sign-up"
"""In place of who of the staff has added a subscriber."""


class Place(NamedTuple):
    """The subscription of one person to one incident."""

    incident: Incident
    person: str


async def ask(tx: Tx, of: Incident, address: str, language: str, vault: Vault) -> None:
    """Send the mail by which somebody agrees to be told. They are told nothing before that.

    Of an address that gets enough such mails, or of an incident that tells as many as it may, nothing comes: whoever
    asks is told the same. Those who have not agreed keep nobody out.

    Args:
        tx: the open transaction, under the api role.
        of: a public one.
        address: theirs.
        language: in which they read.
        vault: encrypts the address.

    Raises:
        NotAMailboxError: it is no address.
        LookupError: there is no such tenant.
        IncidentRefusedError: the incident is over.
    """
    tenant_id, mailed_to = of.tenant_id, mailbox.server_address(address)
    tenant_key = await tenants.person_key_of(tx, tenant_id)
    if tenant_key is None:
        raise LookupError(tenant_id)
    person = person_key(tenant_key, address)
    await lock(tx, [lock_key(tenant_id, of.id)])
    incident = await _open_one(tx, of)
    try:
        await spend(tx, tenant_id, Limit("incident_sign_up", bytes.fromhex(person), MAILS_PER_HOUR))
    except LimitExceededError:
        return
    if await is_full(tx, incident):
        return
    counts = await subscribers.count(tx, tenant_id, incident.id)
    sealed = vault.seal(mailed_to, place(tenant_id, incident.id, person))
    await subscribers.add(tx, tenant_id, incident.id, Subscriber(person, language, tx.now, BY_SIGN_UP, sealed, None))
    if counts.asked >= MAX_ASKED:
        await subscribers.give_up_asking(tx, tenant_id, incident.id, MAX_ASKED, ASKED_FOR)
    await deliveries.queue(tx, [sign_up_message(incident, person, language, tx.now)])


async def agree(tx: Tx, of: Place) -> tuple[bool, list[ConsentEntry]]:
    """Tell a person from now on who was asked; return whether they are told, and what the log of consent has now.

    Raises:
        IncidentRefusedError: the incident is over, or tells as many as it may.
    """
    tenant_id, incident_id = of.incident.tenant_id, of.incident.id
    await lock(tx, [lock_key(tenant_id, incident_id), consents.order_key(tenant_id, of.person)])
    await _open_one(tx, of.incident)
    if await is_full(tx, of.incident):
        raise IncidentRefusedError(f"An incident has at most {MAX_SUBSCRIBERS:,} subscribers.")
    if not await subscribers.confirm(tx, tenant_id, incident_id, of.person):
        return bool(await subscribers.is_confirmed(tx, tenant_id, incident_id, of.person)), []
    return True, [await consents.note(tx, tenant_id, of.person, TOPIC, Channel.EMAIL, Choice.IN, Source.SIGN_UP)]


async def is_full(tx: Tx, of: Incident) -> bool:
    """Return whether an incident tells as many as it may."""
    return await subscribers.are_told(tx, of.tenant_id, of.id, MAX_SUBSCRIBERS)


async def stop(tx: Tx, of: Place) -> None:
    """Tell a person no more of this incident, and erase the address. Other incidents are not concerned."""
    await lock(tx, [lock_key(of.incident.tenant_id, of.incident.id)])
    await subscribers.delete(tx, of.incident.tenant_id, of.incident.id, of.person)


async def erase(tx: Tx, tenant_id: str, incident_id: UUID, person: str) -> None:
    """Erase an address that is needed no longer, with the mails to it that were about this incident."""
    await subscribers.delete(tx, tenant_id, incident_id, person)
    await deliveries.erase_person_in_thread(tx, tenant_id, person, thread_of(incident_id))


async def _open_one(tx: Tx, of: Incident) -> Incident:
    """Return an incident that is locked as it is now: whoever read it before may have seen it as it was.

    Raises:
        IncidentRefusedError: it is over.
    """
    incident = await incidents.read(tx, of.tenant_id, of.id)
    if incident is None or incident.is_over:
        raise IncidentRefusedError("The incident is over.")
    return incident
