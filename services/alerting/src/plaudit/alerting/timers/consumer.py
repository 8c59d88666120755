"""One group on `customers.v1`: a contact with a customer lets the follow-ups that wait for it look."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from plaudit.alerting.clocks.domain.clock import contacts_key
from plaudit.alerting.contacts import store as contact_store
from plaudit.alerting.contacts.domain import KnownContact
from plaudit.alerting.timers.commands import CONTACTS_GROUP, look_for_contacts
from plaudit.common.contracts import CUSTOMERS
from plaudit.common.contracts.time import Instant
from plaudit.common.db import OrderKey, Tx
from plaudit.common.erasure import Erasure, Kind, note
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription

CONTACTED: Final = "customer.contacted"
ERASED: Final = "customer.erased"


class CustomerNews(msgspec.Struct, frozen=True, kw_only=True):
    """What this group reads of an event about a customer: of a contact, or of an erasure."""

    person: str
    event_id: str = ""
    happened_at: Instant | None = None
    channel: str | None = None
    erased_at: Instant | None = None


def order_keys(record: Record[CustomerNews]) -> Iterable[OrderKey]:
    """Return the order key of the contacts with the person."""
    return (contacts_key(record.event.tenant, record.event.data.person),)


async def apply_records(tx: Tx, records: Sequence[Record[CustomerNews]]) -> Sequence[Outgoing]:
    """Write contacts, and delete those of persons who were erased; publishes nothing."""
    await look_for_contacts(tx, [_contact(record) for record in records if record.event.type == CONTACTED])
    erased = [record.event for record in records if record.event.type == ERASED]
    erasures = [
        Erasure(each.tenant, Kind.PERSON, each.data.person, each.data.erased_at or each.time) for each in erased
    ]
    for each in erasures:
        await contact_store.delete(tx, each.tenant_id, each.name, each.erased_at)
    if erasures:
        await note(tx, erasures)
    return ()


def _contact(record: Record[CustomerNews]) -> KnownContact:
    event, data = record.event, record.event.data
    return KnownContact(event.tenant, data.person, data.event_id, data.happened_at or event.time, data.channel)


CONTACTS: Final[Subscription[CustomerNews]] = Subscription(
    group=CONTACTS_GROUP,
    topic=CUSTOMERS,
    data=CustomerNews,
    handle=apply_records,
    order_keys=order_keys,
    types=frozenset({CONTACTED, ERASED}),
    gather_seconds=0.1,
)
