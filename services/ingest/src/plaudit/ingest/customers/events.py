"""What ingest publishes about customers: person keys, and never an address."""

from datetime import datetime

from plaudit.common import contracts
from plaudit.common.events import Outgoing
from plaudit.ingest.contacts.domain import Consent
from plaudit.ingest.contacts.events import consent_event
from plaudit.ingest.customers.domain import CustomerEvent, EventType


def events_of(tenant_id: str, event: CustomerEvent, received_at: datetime) -> list[Outgoing]:
    """Return what is published of an event: what happened, and what the customer said with it of being written to.

    An opt-out says so itself.
    """
    told = [customer_event(tenant_id, event, received_at)]
    if event.consent is not Consent.UNKNOWN and event.type is not EventType.OPTED_OUT:
        told.append(consent_event(tenant_id, event.person, event.consent, event.happened_at, received_at))
    return told


def customer_event(tenant_id: str, event: CustomerEvent, received_at: datetime) -> Outgoing:
    """Return the event of what happened with a customer."""
    return Outgoing(
        topic=contracts.CUSTOMERS,
        key=f"{tenant_id}/{event.person}",
        type=f"customer.{event.type.value}",
        subject=event.person,
        tenant_id=tenant_id,
        time=received_at,
        data=contracts.CustomerEvent(
            event_id=event.event_id,
            person=event.person,
            subject=event.subject,
            happened_at=event.happened_at,
            received_at=received_at,
            reference=event.reference,
            plan=event.plan,
            stage=event.stage,
            renews_at=event.renews_at,
            channel=event.channel,
            language=event.language,
            zone=event.zone,
        ),
    )
