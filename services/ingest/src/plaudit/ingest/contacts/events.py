"""What ingest publishes of consent: whether a person may be written to, and never where."""

from datetime import datetime

from plaudit.common import contracts
from plaudit.common.events import Outgoing
from plaudit.ingest.contacts.domain import Consent


def consent_event(tenant_id: str, person: str, consent: Consent, said_at: datetime, received_at: datetime) -> Outgoing:
    """Return the event of a statement; `consent` is granted or denied."""
    return Outgoing(
        topic=contracts.CUSTOMERS,
        key=f"{tenant_id}/{person}",
        type="customer.consent_set",
        subject=person,
        tenant_id=tenant_id,
        time=received_at,
        data=contracts.ConsentSet(
            person=person, consent="granted" if consent is Consent.GRANTED else "denied", said_at=said_at
        ),
    )
