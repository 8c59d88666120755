"""Every statement over calendars. What a revision holds is kept for the next one who asks: it never changes."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from asyncpg import Record

from plaudit.alerting.calendars.domain import ALWAYS, Calendar, CalendarRef
from plaudit.alerting.calendars.domain.definition import CalendarRevision, document_of, revision_of
from plaudit.common.db import Tx

KEPT_REVISIONS: Final = 500
"""How many revisions a process keeps with the open time that was computed of them; each is some 50 kB for a year."""
_COLUMNS: Final = "tenant_id, name, revision, document::text AS document, tzdata, changed_at, changed_by"
_NEWEST: Final = f"SELECT DISTINCT ON (tenant_id, name) {_COLUMNS} FROM calendar_revisions"

_ADD: Final = """
INSERT INTO calendar_revisions (tenant_id, name, revision, document, tzdata, changed_at, changed_by)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)
"""

_REVISIONS: Final = f"""
SELECT {_COLUMNS} FROM calendar_revisions
WHERE tenant_id = $1 AND name = $2 AND revision < $3 ORDER BY revision DESC LIMIT $4
"""

_REVISION: Final = f"SELECT {_COLUMNS} FROM calendar_revisions WHERE (tenant_id, name, revision) = ($1, $2, $3)"

_PRESENT: Final = f"{_NEWEST} WHERE tenant_id = ANY($1::text[]) ORDER BY tenant_id, name, revision DESC"

_PAGE: Final = f"""
{_NEWEST} WHERE (tenant_id, name) > ($1, $2) ORDER BY tenant_id, name, revision DESC LIMIT $3
"""

_PINNED: Final = f"""
SELECT {_COLUMNS} FROM calendar_revisions
JOIN unnest($1::text[], $2::text[], $3::int[]) AS k (tenant_id, name, revision) USING (tenant_id, name, revision)
"""

_WITHOUT_ZONE_DATA: Final = f"""
SELECT {_COLUMNS}, (
    SELECT fingerprint FROM calendar_zone_data z
    WHERE (z.tenant_id, z.name, z.revision) = (r.tenant_id, r.name, r.revision) ORDER BY computed_at DESC LIMIT 1
) AS fingerprint
FROM calendar_revisions r
WHERE NOT EXISTS (
    SELECT FROM calendar_zone_data z
    WHERE (z.tenant_id, z.name, z.revision, z.tzdata) = (r.tenant_id, r.name, r.revision, $1)
)
ORDER BY tenant_id, name, revision LIMIT $2
"""

_NOTE_ZONE_DATA: Final = """
INSERT INTO calendar_zone_data (tenant_id, name, revision, tzdata, fingerprint, has_moved, computed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true
"""
_NO_REVISION_YET: Final = 2**31 - 1


class Computed(NamedTuple):
    """A revision whose open time is to be compared with what other data of its zone said."""

    tenant_id: str
    revision: CalendarRevision
    fingerprint: bytes | None
    """The last one; None where there is none."""


async def add(tx: Tx, tenant_id: str, revision: CalendarRevision) -> None:
    """Store a new revision."""
    document = msgspec.json.encode(document_of(revision)).decode()
    key = (tenant_id, revision.name, revision.revision)
    tzdata = revision.calendar.tzdata
    await tx.raw.execute(_ADD, *key, document, tzdata, revision.changed_at, revision.changed_by)


async def latest(tx: Tx, tenant_id: str, name: str) -> CalendarRevision | None:
    """Return the latest revision of a calendar; None where the tenant has none of this name."""
    found = await revisions(tx, tenant_id, name, None, 1)
    return found[0] if found else None


async def revisions(tx: Tx, tenant_id: str, name: str, before: int | None, limit: int) -> list[CalendarRevision]:
    """Return revisions of a calendar, the latest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        name: of the calendar.
        before: only those before this one, if given.
        limit: at most so many.
    """
    below = _NO_REVISION_YET if before is None else before
    return [_revision(row) for row in await tx.raw.fetch(_REVISIONS, tenant_id, name, below, limit)]


async def revision(tx: Tx, tenant_id: str, ref: CalendarRef) -> CalendarRevision | None:
    """Return one revision of a calendar."""
    row = await tx.raw.fetchrow(_REVISION, tenant_id, ref.name, ref.revision)
    return None if row is None else _revision(row)


async def present(tx: Tx, tenant_id: str) -> list[CalendarRevision]:
    """Return the latest revision of every calendar of a tenant's own, by name."""
    return [_revision(row) for row in await tx.raw.fetch(_PRESENT, [tenant_id])]


async def newest(tx: Tx, tenants: Collection[str]) -> Mapping[tuple[str, str], Calendar]:
    """Return (tenant, name) → calendar, of the latest revision of all calendars of these tenants, `always` included."""
    found = {(tenant_id, ALWAYS.name): ALWAYS for tenant_id in tenants}
    for row in await tx.raw.fetch(_PRESENT, list(tenants)):
        found[row["tenant_id"], row["name"]] = _revision(row).calendar
    return found


async def pinned(tx: Tx, refs: Iterable[tuple[str, CalendarRef]]) -> Mapping[tuple[str, CalendarRef], Calendar]:
    """Return the calendars of these revisions, by tenant and name of the revision; what is not stored is left out."""
    wanted = set(refs)
    found = {(tenant_id, ref): ALWAYS for tenant_id, ref in wanted if ref == ALWAYS.ref}
    asked = [(tenant_id, *ref) for tenant_id, ref in wanted if ref != ALWAYS.ref]
    if asked:
        for row in await tx.raw.fetch(_PINNED, *map(list, zip(*asked, strict=True))):
            calendar = _revision(row).calendar
            found[row["tenant_id"], calendar.ref] = calendar
    return found


async def page(tx: Tx, after: tuple[str, str], limit: int) -> list[tuple[str, CalendarRevision]]:
    """Return the latest revisions of calendars of all tenants after a tenant and a name, with whose they are."""
    return [(row["tenant_id"], _revision(row)) for row in await tx.raw.fetch(_PAGE, *after, limit)]


async def without_zone_data(tx: Tx, tzdata: str, limit: int) -> list[Computed]:
    """Return revisions of all tenants that have not been computed by this version of the time zone data."""
    rows = await tx.raw.fetch(_WITHOUT_ZONE_DATA, tzdata, limit)
    return [Computed(row["tenant_id"], _revision(row), row["fingerprint"]) for row in rows]


async def note_zone_data(
    tx: Tx, tenant_id: str, ref: CalendarRef, tzdata: str, fingerprint: bytes, *, has_moved: bool
) -> bool:
    """Store what a version of the time zone data makes of a revision; return False where that is stored already."""
    key = (tenant_id, ref.name, ref.revision, tzdata)
    return bool(await tx.raw.fetchval(_NOTE_ZONE_DATA, *key, fingerprint, has_moved, tx.now))


def _revision(row: Record) -> CalendarRevision:
    return _decoded(row["document"], row["name"], row["revision"], row["tzdata"], row["changed_at"], row["changed_by"])


@lru_cache(KEPT_REVISIONS)
def _decoded(
    document: str, name: str, revision: int, tzdata: str, changed_at: datetime, changed_by: str
) -> CalendarRevision:
    """Return a revision, the same object each time, with the open time that was computed of it."""
    return revision_of(msgspec.json.decode(document), name, revision, tzdata, changed_at, changed_by)
