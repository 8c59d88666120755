"""Every statement about contacts. Addresses are stored encrypted."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import asyncpg

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.vault import UNOPENED, Place, Resealed, Vault
from plaudit.ingest.contacts.domain import Consent, Contact
from plaudit.ingest.contacts.tables import contacts

_CONTACTS = Columns(contacts)
_FIND = f"SELECT {_CONTACTS.listed} FROM contacts WHERE tenant_id = $1 AND person = ANY($2::text[])"
_SAVE = f"""
INSERT INTO contacts ({_CONTACTS.listed}) SELECT {_CONTACTS.unnested()}
ON CONFLICT (tenant_id, person) DO UPDATE SET {_CONTACTS.excluded()}
"""
_SAVE_CONSENT = """
UPDATE contacts SET consent = $3, consent_at = $4, changed_at = $5 WHERE tenant_id = $1 AND person = $2
"""
_SEALED_BEFORE = """
SELECT tenant_id, person, address FROM contacts WHERE NOT starts_with(address, $1)
ORDER BY EXISTS (SELECT FROM unnest($3::text[]) AS known WHERE starts_with(address, known)) DESC, tenant_id, person
LIMIT $2
"""
_NOTE_ERASED = """
INSERT INTO erased_people (tenant_id, person, erased_at) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, person) DO UPDATE SET erased_at = greatest(erased_people.erased_at, excluded.erased_at)
"""
_ERASED = "SELECT person, erased_at FROM erased_people WHERE tenant_id = $1 AND person = ANY($2::text[])"
_RESEAL = "UPDATE contacts SET address = $4 WHERE tenant_id = $1 AND person = $2 AND address = $3"


async def find(tx: Tx, tenant_id: str, persons: Iterable[str], vault: Vault) -> dict[str, Contact]:
    """Return the contacts of these persons, by person key."""
    rows = await tx.raw.fetch(_FIND, tenant_id, list(persons))
    return {row["person"]: _contact(tenant_id, row, vault) for row in rows}


async def save(tx: Tx, tenant_id: str, changed: Iterable[Contact], vault: Vault) -> None:
    """Store contacts, in place of those of the same persons. An address that cannot be decrypted stays as it is."""
    contacts = list(changed)
    for each in contacts:
        if each.address is None:
            await tx.raw.execute(
                _SAVE_CONSENT, tenant_id, each.person, each.consent.value, each.consent_at, each.changed_at
            )
    rows = [
        (
            tenant_id,
            each.person,
            vault.seal(each.address, _place(tenant_id, each.person)),
            each.consent.value,
            each.consent_at,
            each.changed_at,
        )
        for each in contacts
        if each.address is not None
    ]
    if rows:
        await tx.raw.execute(_SAVE, *map(list, zip(*rows, strict=True)))


async def note_erased(tx: Tx, tenant_id: str, person: str, erased_at: datetime) -> None:
    """Store that a person was erased; from its commit on, what the person did before does not come in."""
    await tx.raw.execute(_NOTE_ERASED, tenant_id, person, erased_at)


async def erased(tx: Tx, tenant_id: str, persons: Iterable[str]) -> dict[str, datetime]:
    """Return when those of the persons were erased who were."""
    return {row["person"]: row["erased_at"] for row in await tx.raw.fetch(_ERASED, tenant_id, list(persons))}


async def reseal(tx: Tx, max_rows: int, vault: Vault) -> Resealed:
    """Encrypt up to `max_rows` addresses again that are not under the current key."""
    rows = await tx.raw.fetch(_SEALED_BEFORE, vault.current_prefix, max_rows, vault.prefixes)
    resealed = 0
    for row in rows:
        with suppress(*UNOPENED):
            again = vault.reseal(row["address"], _place(row["tenant_id"], row["person"]))
            await tx.raw.execute(_RESEAL, row["tenant_id"], row["person"], row["address"], again)
            resealed += 1
    return Resealed(resealed, len(rows) - resealed)


def _contact(tenant_id: str, row: asyncpg.Record, vault: Vault) -> Contact:
    address: str | None = None
    with suppress(*UNOPENED):
        address = vault.open(row["address"], _place(tenant_id, row["person"]))
    return Contact(
        person=row["person"],
        address=address,
        consent=Consent(row["consent"]),
        consent_at=row["consent_at"],
        changed_at=row["changed_at"],
    )


def _place(tenant_id: str, person: str) -> Place:
    return Place(tenant_id, "contacts", person, "address")
