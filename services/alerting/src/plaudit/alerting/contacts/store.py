"""Contacts with customers, for as long as a follow-up may ask for them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from plaudit.alerting.contacts.domain import KnownContact
from plaudit.alerting.contacts.tables import contacts
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_CONTACT: Final = Columns(contacts)

_ADD = f"INSERT INTO contacts ({_CONTACT.listed}) SELECT * FROM {_CONTACT.unnest()} ON CONFLICT DO NOTHING"

# Each person is looked up by itself: joined freely, a plan made while the table was small reads all of it.
_LOAD = f"""
SELECT {_CONTACT.of("c")}
FROM unnest($1::text[], $2::text[]) AS k (tenant_id, person)
CROSS JOIN LATERAL (
    SELECT * FROM contacts WHERE tenant_id = k.tenant_id AND person = k.person ORDER BY happened_at LIMIT $3
) c
"""

_DELETE = "DELETE FROM contacts WHERE tenant_id = $1 AND person = $2 AND happened_at <= $3"

_DELETE_OLD = """
DELETE FROM contacts WHERE ctid = ANY (ARRAY(SELECT ctid FROM contacts WHERE happened_at < $1 LIMIT $2))
"""

MAX_CONTACTS: Final = 1_000
"""Of one person that are looked at."""
PersonKey = tuple[str, str]
"""(tenant, person key)."""


async def add(tx: Tx, added: Sequence[KnownContact]) -> None:
    """Write contacts; one that is known already stays as it is."""
    if added:
        await tx.raw.execute(_ADD, *_CONTACT.arrays(added))


async def load(tx: Tx, persons: Collection[PersonKey]) -> dict[PersonKey, list[KnownContact]]:
    """Return the contacts with these persons, the earliest first."""
    found: defaultdict[PersonKey, list[KnownContact]] = defaultdict(list)
    if persons:
        rows = await tx.raw.fetch(
            _LOAD, [tenant_id for tenant_id, _ in persons], [person for _, person in persons], MAX_CONTACTS
        )
        for row in rows:
            contact = KnownContact(**row)
            found[contact.tenant_id, contact.person].append(contact)
    return found


async def delete(tx: Tx, tenant_id: str, person: str, until: datetime) -> None:
    """Delete the contacts with a person up to an instant."""
    await tx.raw.execute(_DELETE, tenant_id, person, until)


async def delete_old(tx: Tx, before: datetime, limit: int) -> int:
    """Delete up to `limit` contacts of before an instant, of all tenants; return how many there were."""
    return int((await tx.raw.execute(_DELETE_OLD, before, limit)).rpartition(" ")[2])
