"""Who is told of an incident by mail. Each has consented, which is asked again when a mail leaves."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.incidents.commands.changing import Changing, lock_all, lock_key
from plaudit.alerting.incidents.domain.incident import (
    MAX_SUBSCRIBERS,
    Audience,
    IncidentRefusedError,
    UnknownIncidentError,
    WrongIncidentError,
    check_is_changeable,
)
from plaudit.alerting.incidents.domain.messages import TOPIC, UPDATED
from plaudit.alerting.incidents.domain.wording import WORDINGS
from plaudit.alerting.incidents.store import subscribers
from plaudit.alerting.incidents.store.subscribers import Subscriber, place
from plaudit.common import mailbox
from plaudit.common.contracts import ALERTS
from plaudit.common.db import lock
from plaudit.common.delivery.consent import commands as consents
from plaudit.common.delivery.consent import store as consent_store
from plaudit.common.delivery.consent.events import consent_event
from plaudit.common.delivery.domain.consent import Choice, Source, why_not
from plaudit.common.delivery.domain.message import Channel
from plaudit.common.outbox import UnitOfWork
from plaudit.common.person_keys import person_key
from plaudit.common.tenants import store as tenants
from plaudit.common.vault import Vault

HAS_OPTED_OUT: Final = (
    "The person has opted out of such mails. Only they can change that, on the page of their choices."
)


async def add(
    work: UnitOfWork,
    tenant_id: str,
    incident_id: UUID,
    address: str,
    language: str,
    by: str,
    following: Sequence[Follower],
    vault: Vault,
) -> Subscriber:
    """Tell somebody of an incident by mail from now on, who has consented to it. The log of consent names the source.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        incident_id: of which incident.
        address: their e-mail address.
        language: in which they read.
        by: who adds them.
        following: the rooms that act on what happens to clocks.
        vault: encrypts the address.

    Raises:
        UnknownIncidentError: there is none.
        IncidentRefusedError: it is closed or internal, or has as many subscribers as it may.
        WrongIncidentError: the address or the language is none, or the person has opted out.
    """
    if language not in WORDINGS:
        raise WrongIncidentError("/language", f"It is one of {', '.join(WORDINGS)}.")
    key = await key_of(work, tenant_id, address)
    await lock(work.tx, [lock_key(tenant_id, incident_id), consents.order_key(tenant_id, key)])
    changing = await Changing.found(work, tenant_id, incident_id, following)
    check_is_changeable(changing.incident)
    if changing.incident.audience is Audience.INTERNAL:
        raise IncidentRefusedError("The incident is internal: nobody is told by mail.")
    if (await subscribers.count(work.tx, tenant_id, incident_id)).told >= MAX_SUBSCRIBERS:
        raise IncidentRefusedError(f"An incident has at most {MAX_SUBSCRIBERS:,} subscribers.")
    said = (await consent_store.of_people(work.tx, {(tenant_id, key)})).get((tenant_id, key), ())
    if why_not(said, UPDATED, Channel.EMAIL, needs_consent=False):
        raise WrongIncidentError("/address", HAS_OPTED_OUT)
    sealed = vault.seal(mailbox.server_address(address), place(tenant_id, incident_id, key))
    subscriber = Subscriber(key, language, work.tx.now, by, sealed, work.tx.now)
    if await subscribers.add(work.tx, tenant_id, incident_id, subscriber):
        await changing.finish("subscribed", by)
    chosen = await consents.note(work.tx, tenant_id, key, TOPIC, Channel.EMAIL, Choice.IN, Source.STAFF)
    await work.emit(consent_event(ALERTS, chosen))
    return subscriber


async def remove(
    work: UnitOfWork, tenant_id: str, incident_id: UUID, key: str, by: str, following: Sequence[Follower]
) -> None:
    """Tell somebody no more of an incident. What they consented to stays in its log.

    Raises:
        UnknownIncidentError: there is no such incident, or no such subscriber.
    """
    await lock_all(work, tenant_id, incident_id, None)
    changing = await Changing.found(work, tenant_id, incident_id, following)
    if not await subscribers.delete(work.tx, tenant_id, incident_id, key):
        raise UnknownIncidentError
    await changing.finish("unsubscribed", by)


async def key_of(work: UnitOfWork, tenant_id: str, address: str) -> str:
    """Return the key of the person at an address.

    Raises:
        WrongIncidentError: it is no address.
    """
    tenant_key = await tenants.person_key_of(work.tx, tenant_id)
    if tenant_key is None:
        raise UnknownIncidentError
    try:
        key = person_key(tenant_key, address)
        mailbox.server_address(address)  # where no mail could go, there is nobody to be told
    except mailbox.NotAMailboxError as error:
        raise WrongIncidentError("/address", str(error)) from error
    return key
