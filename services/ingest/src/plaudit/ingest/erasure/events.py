"""What ingest tells of erasures, so that every other service erases too."""

from datetime import datetime

from msgspec import convert

from plaudit.common import contracts
from plaudit.common.events import Outgoing
from plaudit.ingest.erasure.domain import Erasure
from plaudit.ingest.reviews.domain.decisions import Revised


def review_erased(tenant_id: str, subject: str, revised: Revised, now: datetime) -> Outgoing:
    """Return the event of a review that was erased: with its figures, and without a word of it."""
    return Outgoing(
        topic=contracts.REVIEWS,
        key=revised.stored.partition_key,
        type=revised.type,
        subject=subject,
        tenant_id=tenant_id,
        time=now,
        data=convert(revised.change, contracts.ReviewChange, from_attributes=True),
    )


def customer_erased(erasure: Erasure, now: datetime) -> Outgoing:
    """Return the event of a person who was erased."""
    assert erasure.person is not None
    return Outgoing(
        topic=contracts.CUSTOMERS,
        key=f"{erasure.tenant_id}/{erasure.person}",
        type="customer.erased",
        subject=erasure.person,
        tenant_id=erasure.tenant_id,
        time=now,
        data=contracts.CustomerErased(
            erasure_id=str(erasure.id), person=erasure.person, erased_at=erasure.requested_at
        ),
    )
