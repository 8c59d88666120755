"""Addresses of people who signed in on the board, encrypted by the vault."""

from datetime import datetime
from typing import Final, NamedTuple

from plaudit.common.db import Tx
from plaudit.common.vault import UNOPENED, Place, Resealed, Vault

_PUT: Final = """
INSERT INTO board_contacts (tenant_id, person_key, sealed, language, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, person_key) DO UPDATE
SET sealed = excluded.sealed, language = excluded.language, at = excluded.at
"""
_READ: Final = "SELECT sealed, language FROM board_contacts WHERE tenant_id = $1 AND person_key = $2"
_ERASE: Final = "DELETE FROM board_contacts WHERE tenant_id = $1 AND person_key = $2 AND at <= $3"
_STALE: Final = """
SELECT tenant_id, person_key, sealed FROM board_contacts WHERE NOT starts_with(sealed, $1)
AND EXISTS (SELECT FROM unnest($2::text[]) AS k (prefix) WHERE starts_with(sealed, k.prefix))
ORDER BY tenant_id, person_key LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_SEAL: Final = "UPDATE board_contacts SET sealed = $3 WHERE tenant_id = $1 AND person_key = $2"


class Contact(NamedTuple):
    """What there is to write to a person with."""

    sealed: str
    language: str


def place(tenant_id: str, person_key: str) -> Place:
    """Return where a person's address is stored."""
    return Place(tenant_id, "board_contacts", person_key, "sealed")


async def put(tx: Tx, tenant_id: str, person_key: str, contact: Contact) -> None:
    """Write a person's address, over the one before."""
    await tx.raw.execute(_PUT, tenant_id, person_key, contact.sealed, contact.language, tx.now)


async def read(tx: Tx, tenant_id: str, person_key: str) -> Contact | None:
    """Return a person's address, encrypted; None where none is kept."""
    row = await tx.raw.fetchrow(_READ, tenant_id, person_key)
    return None if row is None else Contact(**row)


async def erase(tx: Tx, tenant_id: str, person_key: str, until: datetime) -> None:
    """Delete a person's address that was given up to a time."""
    await tx.raw.execute(_ERASE, tenant_id, person_key, until)


async def reseal(tx: Tx, max_rows: int, vault: Vault) -> Resealed:
    """Encrypt up to so many addresses again that are not under the current key."""
    rows = await tx.raw.fetch(_STALE, vault.current_prefix, vault.prefixes, max_rows)
    done = 0
    for row in rows:
        key = row["tenant_id"], row["person_key"]
        try:
            again = vault.reseal(row["sealed"], place(*key))
        except UNOPENED:
            continue
        await tx.raw.execute(_SEAL, *key, again)
        done += 1
    return Resealed(done, len(rows) - done)
