"""What asks for an erasure, and what carries it out: a bounded part of it in each transaction."""

from uuid import UUID

from msgspec.structs import replace

from plaudit.common.db import order_locks
from plaudit.common.outbox import UnitOfWork
from plaudit.common.vault import Place, Vault
from plaudit.ingest.contacts import store as contacts
from plaudit.ingest.contacts.commands import order_key as customer_key
from plaudit.ingest.contacts.domain import UnopenedAddressError
from plaudit.ingest.erasure import store
from plaudit.ingest.erasure.domain import Erasure, Stage, needles, without_words
from plaudit.ingest.erasure.events import customer_erased, review_erased
from plaudit.ingest.reviews.domain.erasing import erase
from plaudit.ingest.reviews.domain.order_keys import order_key

REVIEWS_PER_TURN = 20
DELIVERIES_PER_TURN = 1_000
OUTBOX_ROWS_PER_TURN = 2_000
FIRST_ID = UUID(int=0)


async def request(
    work: UnitOfWork,
    tenant_id: str,
    *,
    review_id: UUID | None,
    person: str | None,
    address: str | None,
    requested_by: str,
    vault: Vault,
) -> Erasure:
    """Ask for an erasure, of a review or of a person; what a person did up to now is kept out from the commit on.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        review_id: the review, or None.
        person: the person key, or None.
        address: the person's, where it was given. Otherwise the one that the contacts hold is looked for.
        requested_by: the actor.
        vault: encrypts the address until it has been looked for.

    Raises:
        UnopenedAddressError: the address was not given, and that of the contacts cannot be decrypted.
    """
    new_id = work.ids()
    if person is not None:
        await order_locks.lock(work.tx, [customer_key(tenant_id, person)])
        known = (await contacts.find(work.tx, tenant_id, [person], vault)).get(person)
        if address is None and known is not None:
            if known.address is None:
                raise UnopenedAddressError
            address = known.address
        await contacts.note_erased(work.tx, tenant_id, person, work.tx.now)
    erasure = Erasure(
        tenant_id=tenant_id,
        id=new_id,
        review_id=review_id,
        person=person,
        address=None if address is None else vault.seal(address, _place(tenant_id, new_id)),
        requested_by=requested_by,
        requested_at=work.tx.now,
    )
    await store.add(work.tx, erasure)
    return erasure


async def carry_on(work: UnitOfWork, found: Erasure, vault: Vault, *, is_settled: bool) -> int:
    """Carry on an erasure that is not done; return how much was done, 0 where there is nothing to do now.

    Args:
        work: the open unit of work.
        found: the erasure, as it was read.
        vault: opens the address.
        is_settled: whether what was being written when it was asked for is committed; until then it looks for reviews.
    """
    tx = work.tx
    reviews = await store.reviews_of(tx, found, REVIEWS_PER_TURN) if found.stage is Stage.REVIEWS else []
    keys = [f"erasure:{found.id}"]
    keys += [order_key(found.tenant_id, str(source_id), review.external_id) for source_id, review in reviews]
    if found.person is not None:
        keys.append(customer_key(found.tenant_id, found.person))
    await order_locks.lock(tx, keys)
    erasure = await store.get(tx, found.tenant_id, found.id)
    if erasure != found:
        return 1  # another process was faster; there may be more
    after, done = await _STEPS[erasure.stage](work, erasure, vault)
    if erasure.stage is Stage.REVIEWS and after.stage is not erasure.stage and not is_settled:
        return 0
    if after != erasure:
        await store.save(tx, after)
    return done


async def _erase_reviews(work: UnitOfWork, erasure: Erasure, _: Vault) -> tuple[Erasure, int]:
    """Erase a batch of reviews."""
    tx = work.tx
    # Deliveries are scrubbed of what was erased since it was asked for. The clock may have been put back in between.
    erased_at = max(tx.now, erasure.requested_at)
    found = await store.reviews_of(tx, erasure, REVIEWS_PER_TURN)
    for stored in await store.these(tx, erasure.tenant_id, [review.review_id for _, review in found]):
        revised = erase(stored, erased_at)
        counts = await store.empty(tx, erasure.tenant_id, revised, erasure.id, erased_at)
        erasure = replace(erasure, counts=erasure.counted(**counts))
        subject = stored.state.subject if stored.state else stored.partition_key.partition("/")[2]
        await work.emit(review_erased(erasure.tenant_id, subject, revised, erased_at))
    if found:
        return erasure, len(found)
    return replace(erasure, stage=Stage.DELIVERIES, place=str(FIRST_ID)), 1


async def _scrub_deliveries(work: UnitOfWork, erasure: Erasure, vault: Vault) -> tuple[Erasure, int]:
    """Delete the bytes of a batch of deliveries: also repetitions, stale ones, and those that were not understood."""
    tx = work.tx
    reviews = await store.erased_reviews(tx, erasure)
    address = _address(erasure, vault)
    wanted = needles([review.external_id for review in reviews], address)
    # An address can be in a delivery of any source, a review only in those of its own.
    sources = None if address else list({review.source_id for review in reviews})
    window = await store.deliveries_after(
        tx, erasure.tenant_id, sources, UUID(erasure.place), DELIVERIES_PER_TURN, wanted
    )
    scrubbed = await store.scrub(tx, [delivery_id for delivery_id, tells in window if tells])
    erasure = replace(erasure, counts=erasure.counted(deliveries=scrubbed))
    if window:
        return replace(erasure, place=str(window[-1][0])), len(window)
    rejects = await store.delete_rejects(tx, erasure.tenant_id, [review.external_id for review in reviews], address)
    erasure = replace(erasure, counts=erasure.counted(import_rejects=rejects))
    return replace(erasure, stage=Stage.OUTBOX, place="0 0", address=None), 1


async def _scrub_outbox(work: UnitOfWork, erasure: Erasure, _: Vault) -> tuple[Erasure, int]:
    """Delete the words of a batch of events that are published and still in the outbox."""
    tx = work.tx
    xid, row_id = erasure.place.split()
    wanted = [str(erasure.review_id or erasure.person).encode()]
    rows = await store.outbox_after(tx, xid, int(row_id), OUTBOX_ROWS_PER_TURN, wanted)
    told = [row for row in rows if row.envelope is not None]
    for row in told:
        await store.rewrite(tx, row, without_words(row.envelope or b""))
    erasure = replace(erasure, counts=erasure.counted(outbox=len(told)))
    if rows:
        return replace(erasure, place=f"{rows[-1].xid} {rows[-1].id}"), len(rows)
    return replace(erasure, stage=Stage.CUSTOMERS, place=""), 1


async def _delete_customer(work: UnitOfWork, erasure: Erasure, _: Vault) -> tuple[Erasure, int]:
    """Delete a person's contact and events, and tell that all of it is done."""
    tx = work.tx
    if erasure.person is not None:
        counts = await store.delete_customer(tx, erasure.tenant_id, erasure.person, erasure.requested_at)
        erasure = replace(erasure, counts=erasure.counted(**counts))
        await work.emit(customer_erased(erasure, tx.now))
    return replace(erasure, stage=Stage.DONE, finished_at=tx.now), 1


_STEPS = {
    Stage.REVIEWS: _erase_reviews,
    Stage.DELIVERIES: _scrub_deliveries,
    Stage.OUTBOX: _scrub_outbox,
    Stage.CUSTOMERS: _delete_customer,
}


def _address(erasure: Erasure, vault: Vault) -> str | None:
    return None if erasure.address is None else vault.open(erasure.address, _place(erasure.tenant_id, erasure.id))


def _place(tenant_id: str, erasure_id: UUID) -> Place:
    return Place(tenant_id, "erasures", str(erasure_id), "address")
