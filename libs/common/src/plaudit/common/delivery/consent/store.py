"""Every SQL statement about the log of consent. Entries are added, and deleted by an erasure alone."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from plaudit.common.db import Tx
from plaudit.common.delivery.domain.consent import ConsentEntry

__all__ = ["ConsentEntry", "add", "erase", "of_people"]

_OF_PEOPLE: Final = """
SELECT c.tenant_id, c.person_key, c.topic, c.channel, c.choice, c.source, c.at FROM consents c
JOIN unnest($1::text[], $2::text[]) AS k (tenant_id, person_key) USING (tenant_id, person_key) ORDER BY c.id
"""
_ADD: Final = """
INSERT INTO consents (tenant_id, person_key, topic, channel, choice, source, at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
"""
_ERASE: Final = "DELETE FROM consents WHERE tenant_id = $1 AND person_key = $2"


async def of_people(tx: Tx, people: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Sequence[ConsentEntry]]:
    """Return what people, each (tenant, person key), have chosen, in the order in which we learned it."""
    if not people:
        return {}
    keys = sorted(people)
    rows = await tx.raw.fetch(_OF_PEOPLE, [tenant for tenant, _ in keys], [person for _, person in keys])
    found: dict[tuple[str, str], list[ConsentEntry]] = {}
    for row in rows:
        found.setdefault((row["tenant_id"], row["person_key"]), []).append(ConsentEntry(**row))
    return found


async def add(tx: Tx, entries: Sequence[ConsentEntry]) -> None:
    """Write what people have chosen."""
    if entries:
        columns = ("tenant_id", "person_key", "topic", "channel", "choice", "source", "at")
        await tx.raw.execute(_ADD, *([getattr(each, name) for each in entries] for name in columns))


async def erase(tx: Tx, tenant_id: str, person_key: str) -> None:
    """Delete what a person has chosen."""
    await tx.raw.execute(_ERASE, tenant_id, person_key)
