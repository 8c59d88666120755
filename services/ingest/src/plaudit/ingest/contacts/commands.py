"""What changes contacts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from plaudit.common.db import Tx, order_locks
from plaudit.common.outbox import UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.contacts import store
from plaudit.ingest.contacts.domain import Consent, Contact, ErasedPersonError, next_consent
from plaudit.ingest.contacts.events import consent_event


@dataclass(frozen=True)
class Statement:
    """What was said of a person: an address, a consent, or both."""

    person: str
    address: str | None
    consent: Consent
    said_at: datetime


def order_key(tenant_id: str, person: str) -> str:
    """Return the order key of everything about one customer."""
    return f"customer:{tenant_id}:{person}"


async def set_contact(work: UnitOfWork, tenant_id: str, statement: Statement, vault: Vault) -> Contact | None:
    """Store what was said of one person; return the contact, None where there is no address.

    Raises:
        ErasedPersonError: the person was erased since.
    """
    await order_locks.lock(work.tx, [order_key(tenant_id, statement.person)])
    erased_at = (await store.erased(work.tx, tenant_id, [statement.person])).get(statement.person)
    if erased_at is not None and statement.said_at <= erased_at:
        raise ErasedPersonError("This person was erased after the consent was given. Ask the person again.")
    contact = (await note(work.tx, tenant_id, [statement], vault)).get(statement.person)
    if statement.consent is not Consent.UNKNOWN:
        await work.emit(consent_event(tenant_id, statement.person, statement.consent, statement.said_at, work.tx.now))
    return contact


async def note(tx: Tx, tenant_id: str, statements: Sequence[Statement], vault: Vault) -> dict[str, Contact]:
    """Store what was said of persons, in order; return their contacts. Their order keys must be locked."""
    persons = {each.person for each in statements}
    stored = await store.find(tx, tenant_id, persons, vault)
    after = _after(stored, statements, tx.now)
    changed = [contact for person, contact in after.items() if contact != stored.get(person)]
    await store.save(tx, tenant_id, changed, vault)
    return after


def _after(stored: dict[str, Contact], statements: Iterable[Statement], now: datetime) -> dict[str, Contact]:
    after = dict(stored)
    for each in statements:
        before = after.get(each.person)
        address = each.address or (before.address if before else None)
        if before is None and address is None:
            continue
        known = (before.consent, before.consent_at) if before else (Consent.UNKNOWN, None)
        consent, consent_at = next_consent(*known, each.consent, each.said_at)
        if before and (before.address, *known) == (address, consent, consent_at):
            continue
        after[each.person] = Contact(
            person=each.person, address=address, consent=consent, consent_at=consent_at, changed_at=now
        )
    return after
