"""Incidents with their updates, logs and links."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from asyncpg import Record

from plaudit.alerting.incidents.domain.incident import Entry, Incident, Link, LinkedAt
from plaudit.alerting.incidents.domain.update import Update
from plaudit.alerting.incidents.tables import incident_log, incident_updates, incidents
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed

_INCIDENT: Final = Columns(incidents)
_UPDATE: Final = Columns(incident_updates, without=("texts",))
_ENTRY: Final = Columns(incident_log, without=("data",))

_ADD = f"INSERT INTO incidents ({_INCIDENT.listed}) VALUES ({_INCIDENT.values()})"
_SAVE = """
UPDATE incidents SET kind = $3, severity = $4, state = $5, changed_at = $6, resolved_at = $7, closed_at = $8,
    learnings = $9, revision = $10, updates = $11, updated_at = $12, instance = $13
WHERE tenant_id = $1 AND id = $2
"""
_READ = f"SELECT {_INCIDENT.listed} FROM incidents WHERE tenant_id = $1 AND id = $2"
_BY_SLUG = f"SELECT {_INCIDENT.listed} FROM incidents WHERE tenant_id = $1 AND slug = $2"
_LIST = f"""
SELECT {_INCIDENT.listed} FROM incidents
WHERE tenant_id = $1 AND ($2::text[] IS NULL OR state = ANY($2)) AND ($3::text IS NULL OR severity = $3)
AND ($4::text IS NULL OR kind = $4)
AND ($5::text IS NULL OR EXISTS (
    SELECT FROM unnest(subjects) AS s (subject) WHERE s.subject = $5 OR starts_with(s.subject, $5 || '/')
))
AND ($6::timestamptz IS NULL OR (opened_at, id) < ($6, $7::uuid))
ORDER BY opened_at DESC, id DESC LIMIT $8
"""
_SHOWN = f"""
SELECT {_INCIDENT.listed} FROM incidents
WHERE tenant_id = $1 AND audience = 'public' AND updates > 0 AND ($2::text[] IS NULL OR state = ANY($2))
ORDER BY updated_at DESC, id DESC LIMIT $3
"""
_COUNT_WAITING = """
SELECT count(*) FROM (
    SELECT FROM incidents WHERE tenant_id = $1 AND state IN ('open', 'monitoring') LIMIT $2
) AS bounded
"""

_UPDATE_LISTED = f"{_UPDATE.listed}, texts"
_ADD_UPDATE = (
    f"INSERT INTO incident_updates ({_UPDATE_LISTED}) "
    f"VALUES ({_UPDATE.values()}, ${len(_UPDATE.names) + 1}::text::jsonb)"
)
_UPDATES = f"""
SELECT DISTINCT ON (number) {_UPDATE.listed}, texts::text FROM incident_updates
WHERE tenant_id = $1 AND incident_id = $2 AND ($3::int IS NULL OR number < $3)
ORDER BY number DESC, revision DESC LIMIT $4
"""
_UPDATES_OF = f"""
SELECT DISTINCT ON (tenant_id, incident_id, number) {_UPDATE.of("u")}, u.texts::text FROM incident_updates u
JOIN unnest($1::text[], $2::uuid[], $3::int[]) AS k (tenant_id, incident_id, number)
USING (tenant_id, incident_id, number) ORDER BY tenant_id, incident_id, number, revision DESC
"""
_REVISIONS = f"""
SELECT {_UPDATE.listed}, texts::text FROM incident_updates
WHERE tenant_id = $1 AND incident_id = $2 AND number = $3 ORDER BY revision DESC
"""
_ADD_ENTRY = (
    f"INSERT INTO incident_log ({_ENTRY.listed}, data) "
    f"VALUES ({_ENTRY.values()}, ${len(_ENTRY.names) + 1}::text::jsonb)"
)
_LOG = f"""
SELECT {_ENTRY.listed}, data::text FROM incident_log
WHERE tenant_id = $1 AND incident_id = $2 AND ($3::int IS NULL OR number < $3) ORDER BY number DESC LIMIT $4
"""
_LINK = """
INSERT INTO incident_links (tenant_id, incident_id, kind, linked_id, linked_at, linked_by)
SELECT $1, $2, k.kind, k.id, $5, $6 FROM unnest($3::text[], $4::text[]) AS k (kind, id) ON CONFLICT DO NOTHING
"""
_UNLINK = """
DELETE FROM incident_links WHERE tenant_id = $1 AND incident_id = $2 AND kind = $3 AND linked_id = $4
"""
_LINKS = """
SELECT kind, linked_id, linked_at, linked_by FROM incident_links WHERE tenant_id = $1 AND incident_id = $2
ORDER BY linked_at, kind, linked_id
"""
_KNOWN = """
SELECT 'review' AS kind, id FROM reviews WHERE tenant_id = $1 AND id = ANY($2::text[])
UNION ALL SELECT 'alert', id::text FROM alerts WHERE tenant_id = $1 AND id::text = ANY($3::text[])
"""

Key = tuple[datetime, UUID]
"""(time of opening, id): the sort key of incidents, the newest first."""


async def add(tx: Tx, incident: Incident) -> None:
    """Write a new incident."""
    await tx.raw.execute(_ADD, *_INCIDENT.row(incident))


async def save(tx: Tx, incident: Incident) -> None:
    """Write what can change of an incident."""
    each = incident
    standing = (each.kind, each.severity, each.state, each.changed_at, each.resolved_at, each.closed_at)
    counts = (each.learnings, each.revision, each.updates, each.updated_at, each.instance)
    await tx.raw.execute(_SAVE, each.tenant_id, each.id, *standing, *counts)


async def read(tx: Tx, tenant_id: str, incident_id: UUID) -> Incident | None:
    """Return one incident."""
    row = await tx.raw.fetchrow(_READ, tenant_id, incident_id)
    return None if row is None else _incident(row)


async def by_slug(tx: Tx, tenant_id: str, slug: str) -> Incident | None:
    """Return the incident of this name."""
    row = await tx.raw.fetchrow(_BY_SLUG, tenant_id, slug)
    return None if row is None else _incident(row)


async def listed(
    tx: Tx,
    tenant_id: str,
    *,
    states: Collection[str] | None = None,
    severity: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    after: Key | None = None,
    limit: int,
) -> list[Incident]:
    """Return incidents, the newest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        states: only those in one of these.
        severity: only those so severe.
        kind: only those of this kind.
        subject: only those that affect this subject, or what is below it.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    wanted = None if states is None else list(states)
    place = (None, None) if after is None else after
    rows = await tx.raw.fetch(_LIST, tenant_id, wanted, severity, kind, subject, *place, limit)
    return [_incident(row) for row in rows]


async def shown(tx: Tx, tenant_id: str, limit: int, states: Collection[str] | None = None) -> list[Incident]:
    """Return incidents that everybody may see, the one last updated first."""
    rows = await tx.raw.fetch(_SHOWN, tenant_id, None if states is None else list(states), limit)
    return [_incident(row) for row in rows]


async def count_waiting(tx: Tx, tenant_id: str, most: int) -> int:
    """Return how many incidents are not resolved, counted up to `most`."""
    return int(await tx.raw.fetchval(_COUNT_WAITING, tenant_id, most))


async def add_update(tx: Tx, update: Update) -> None:
    """Write an update."""
    await tx.raw.execute(_ADD_UPDATE, *_UPDATE.row(update), msgspec.json.encode(update.texts).decode())


async def updates_of(
    tx: Tx, tenant_id: str, incident_id: UUID, limit: int, *, before: int | None = None
) -> list[Update]:
    """Return updates of an incident as they stand, the newest first, or those before a number."""
    rows = await tx.raw.fetch(_UPDATES, tenant_id, incident_id, before, limit)
    return [_update(row) for row in rows]


async def updates(tx: Tx, keys: Collection[tuple[str, UUID, int]]) -> dict[tuple[str, UUID, int], Update]:
    """Return updates as they stand, by (tenant, incident, number)."""
    if not keys:
        return {}
    columns = [[key[place] for key in keys] for place in range(3)]
    found = [_update(row) for row in await tx.raw.fetch(_UPDATES_OF, *columns)]
    return {(each.tenant_id, each.incident_id, each.number): each for each in found}


async def revisions_of(tx: Tx, tenant_id: str, incident_id: UUID, number: int) -> list[Update]:
    """Return all revisions of an update, the newest first."""
    return [_update(row) for row in await tx.raw.fetch(_REVISIONS, tenant_id, incident_id, number)]


async def add_entry(tx: Tx, entry: Entry) -> None:
    """Append to the log of an incident."""
    await tx.raw.execute(_ADD_ENTRY, *_ENTRY.row(entry), msgspec.json.encode(entry.data).decode())


async def log_of(tx: Tx, tenant_id: str, incident_id: UUID, limit: int, *, before: int | None = None) -> list[Entry]:
    """Return the log of an incident, the newest entry first, or the entries before a number."""
    rows = await tx.raw.fetch(_LOG, tenant_id, incident_id, before, limit)
    return [Entry(**{**row, "data": msgspec.json.decode(row["data"])}) for row in rows]


async def link(tx: Tx, incident: Incident, links: Sequence[Link], by: str) -> int:
    """Link reviews and alerts; return how many were not linked before."""
    kinds, ids = [each.kind for each in links], [each.id for each in links]
    return rows_changed(await tx.raw.execute(_LINK, incident.tenant_id, incident.id, kinds, ids, tx.now, by))


async def unlink(tx: Tx, incident: Incident, link: Link) -> bool:
    """Undo a link; return whether there was one."""
    done = await tx.raw.execute(_UNLINK, incident.tenant_id, incident.id, link.kind, link.id)
    return rows_changed(done) == 1


async def links_of(tx: Tx, tenant_id: str, incident_id: UUID) -> list[LinkedAt]:
    """Return the reviews and alerts of an incident, in the order in which they were linked."""
    return [LinkedAt(**row) for row in await tx.raw.fetch(_LINKS, tenant_id, incident_id)]


async def known(tx: Tx, tenant_id: str, links: Collection[Link]) -> set[Link]:
    """Return those of the links whose review or alert there is."""
    reviews = [each.id for each in links if each.kind == "review"]
    alerts = [each.id for each in links if each.kind == "alert"]
    found = {(row["kind"], row["id"]) for row in await tx.raw.fetch(_KNOWN, tenant_id, reviews, alerts)}
    return {each for each in links if (each.kind, each.id) in found}


def _incident(row: Record) -> Incident:
    return msgspec.convert(dict(row), Incident)


def _update(row: Record) -> Update:
    return msgspec.convert({**row, "texts": msgspec.json.decode(row["texts"])}, Update)
