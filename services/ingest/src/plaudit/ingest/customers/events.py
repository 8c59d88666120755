"""What ingest publishes about customers: person keys, and never an address."""

from datetime import datetime

from plaudit.common import contracts
from plaudit.common.events import Outgoing
from plaudit.ingest.customers.domain import CustomerEvent


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
        ),
    )
