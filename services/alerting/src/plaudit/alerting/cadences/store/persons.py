"""What is known of customers."""

from collections.abc import Collection, Iterable
from datetime import datetime

from plaudit.alerting.cadences.domain.person import Person
from plaudit.alerting.cadences.tables import persons
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

PersonKey = tuple[str, str]
"""(tenant, person key)."""

_PERSON = Columns(persons)
_LOAD = f"""
SELECT {_PERSON.of("p")} FROM unnest($1::text[], $2::text[]) AS k (tenant_id, person)
JOIN cadence_persons p ON p.tenant_id = k.tenant_id AND p.person = k.person
"""
_SAVE = f"""
INSERT INTO cadence_persons ({_PERSON.listed}) VALUES ({_PERSON.values()})
ON CONFLICT (tenant_id, person) DO UPDATE SET {_PERSON.excluded()}
"""
_UPDATE_CONTACT = """
UPDATE cadence_persons SET contact_at = greatest(contact_at, $3) WHERE tenant_id = $1 AND person = $2
"""
_UNPLANNED = """
SELECT p.tenant_id, p.person
FROM (
    SELECT DISTINCT ON (tenant_id) tenant_id, number FROM cadence_revisions ORDER BY tenant_id, number DESC
) AS r
CROSS JOIN LATERAL (
    SELECT tenant_id, person FROM cadence_persons
    WHERE tenant_id = r.tenant_id AND planned < r.number LIMIT $1
) AS p
LIMIT $1
"""
_IS_KNOWN_SINCE = """
SELECT EXISTS (
    SELECT FROM cadence_persons WHERE tenant_id = $1 AND person = $2 AND $3 >= least(
        subject_at, stage_at, purchased_at, upgraded_at, ticket_closed_at, renewal_set_at, contact_at, replied_at,
        reviewed_at
    )
) OR EXISTS (SELECT FROM touchpoints WHERE tenant_id = $1 AND person = $2 AND fired_at <= $3)
"""
_DELETE = "DELETE FROM cadence_persons WHERE tenant_id = $1 AND person = $2"


async def load(tx: Tx, keys: Collection[PersonKey]) -> dict[PersonKey, Person]:
    """Return those of the persons that are known."""
    rows = await tx.raw.fetch(_LOAD, [tenant_id for tenant_id, _ in keys], [person for _, person in keys])
    return {(row["tenant_id"], row["person"]): Person(**row) for row in rows}


async def save(tx: Tx, changed: Iterable[Person]) -> None:
    """Write persons. Their order keys must be held."""
    rows = [_PERSON.row(each) for each in changed]
    if rows:
        await tx.raw.executemany(_SAVE, rows)


async def note_contact(tx: Tx, key: PersonKey) -> None:
    """Record that a person has just been contacted. The person's order key must be held."""
    await tx.raw.execute(_UPDATE_CONTACT, *key, tx.now)


async def unplanned(tx: Tx, limit: int) -> list[PersonKey]:
    """Return persons who are planned by an earlier revision than the one in force. Locks nothing."""
    return [(row["tenant_id"], row["person"]) for row in await tx.raw.fetch(_UNPLANNED, limit)]


async def is_known_since(tx: Tx, key: PersonKey, instant: datetime) -> bool:
    """Return whether anything is kept of a person that happened at an instant or before."""
    return bool(await tx.raw.fetchval(_IS_KNOWN_SINCE, *key, instant))


async def delete(tx: Tx, key: PersonKey) -> None:
    """Delete all that is known of a person here."""
    await tx.raw.execute(_DELETE, *key)
