"""What takes the events of customers: it knows each again, stores addresses encrypted, and publishes the rest."""

from collections.abc import Mapping, Sequence

from plaudit.common.db import order_locks
from plaudit.common.outbox import UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.contacts import commands as contacts
from plaudit.ingest.contacts.commands import Statement
from plaudit.ingest.contacts.store import erased as erased_persons
from plaudit.ingest.customers import store
from plaudit.ingest.customers.domain import CustomerEvent, Judged, Verdict, judge
from plaudit.ingest.customers.events import events_of


async def take(
    work: UnitOfWork,
    tenant_id: str,
    events: Sequence[CustomerEvent],
    addresses: Mapping[str, str],
    vault: Vault,
) -> list[Judged]:
    """Take a batch of events; return the verdict on each, in order.

    Args:
        work: the open unit of work.
        tenant_id: whose customers they are about.
        events: at most `MAX_EVENTS`.
        addresses: person → the address that the batch names, where it does.
        vault: encrypts addresses.
    """
    persons = {event.person for event in events}
    ids = {event.event_id for event in events}
    keys = [
        *(contacts.order_key(tenant_id, person) for person in persons),
        *(f"customer_event:{tenant_id}:{event_id}" for event_id in ids),
    ]
    await order_locks.lock(work.tx, keys)
    erased = await erased_persons(work.tx, tenant_id, persons)
    verdicts = judge(events, await store.known(work.tx, tenant_id, ids), erased)
    taken = [event for event, each in zip(events, verdicts, strict=True) if each.verdict is Verdict.ACCEPTED]
    if taken:
        await store.add(work.tx, tenant_id, taken)
        said = [
            Statement(each.person, addresses.get(each.person), each.said_consent, each.happened_at) for each in taken
        ]
        await contacts.note(work.tx, tenant_id, said, vault)
        await work.emit(*(each for event in taken for each in events_of(tenant_id, event, work.tx.now)))
    return verdicts
