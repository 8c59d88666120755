"""Every statement about the audit trail."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from asyncpg import Record

from plaudit.alerting.audit.domain import Entry, Recorded
from plaudit.common.db import Tx

_ADD: Final = """
INSERT INTO audit (tenant_id, recorded_at, actor, kind, about_kind, about_id, before, after)
SELECT k.tenant_id, $1, k.actor, k.kind, k.about_kind, k.about_id, k.before::jsonb, k.after::jsonb
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS k (tenant_id, actor, kind, about_kind, about_id, before, after)
"""
# Changes of endpoints are recorded by what delivers messages, in a table of its own; here they are entries like others.
_LISTED: Final = """
SELECT * FROM (
    (
        SELECT id, recorded_at, actor, kind, about_kind, about_id, before::text, after::text, 0 AS origin FROM audit
        WHERE tenant_id = $1
        AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR kind = $3 OR starts_with(kind, $3 || '.'))
        AND ($4::text IS NULL OR about_kind = $4) AND ($5::text IS NULL OR about_id = $5)
        AND ($6::timestamptz IS NULL OR recorded_at >= $6) AND ($7::timestamptz IS NULL OR recorded_at < $7)
        AND ($8::timestamptz IS NULL OR (recorded_at, id, 0) < ($8, $9::bigint, $10::int))
        ORDER BY recorded_at DESC, id DESC LIMIT $11
    ) UNION ALL (
        SELECT id, changed_at, actor, 'endpoint.changed', 'endpoint', endpoint_id::text, NULL,
            jsonb_build_object('change', change)::text, 1
        FROM endpoint_changes
        WHERE tenant_id = $1
        AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR $3 IN ('endpoint', 'endpoint.changed'))
        AND ($4::text IS NULL OR $4 = 'endpoint') AND ($5::text IS NULL OR endpoint_id::text = $5)
        AND ($6::timestamptz IS NULL OR changed_at >= $6) AND ($7::timestamptz IS NULL OR changed_at < $7)
        AND ($8::timestamptz IS NULL OR (changed_at, id::bigint, 1) < ($8, $9::bigint, $10::int))
        ORDER BY changed_at DESC, id DESC LIMIT $11
    )
) AS entries ORDER BY recorded_at DESC, id DESC, origin DESC LIMIT $11
"""
# At least as many as anybody reads; the page of the trail has all.
_OF_THINGS: Final = """
SELECT id, recorded_at, actor, kind, about_kind, about_id, before::text, after::text FROM audit
WHERE tenant_id = $1 AND about_kind = $2 AND about_id = ANY($3::text[]) ORDER BY recorded_at DESC, id DESC LIMIT $4
"""
_EMPTY: Final = """
UPDATE audit SET before = NULL, after = NULL
WHERE tenant_id = $1 AND about_kind = $2 AND about_id = ANY($3::text[]) AND (before IS NOT NULL OR after IS NOT NULL)
"""

Place = tuple[datetime, int, int]
"""(time, number, table): the sort key of entries, the newest first."""


async def add(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write entries, in their order."""
    if not entries:
        return
    rows = [
        (each.tenant_id, each.actor, each.kind, each.about_kind, each.about_id, _json(each.before), _json(each.after))
        for each in entries
    ]
    await tx.raw.execute(_ADD, tx.now, *map(list, zip(*rows, strict=True)))


async def listed(
    tx: Tx,
    tenant_id: str,
    *,
    actor: str | None = None,
    kind: str | None = None,
    about_kind: str | None = None,
    about_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: Place | None = None,
    limit: int,
) -> list[tuple[Recorded, Place]]:
    """Return entries with their sort keys, the newest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        actor: only those of this key or person.
        kind: only those of this kind, or of all kinds below it: `alert` is also `alert.acknowledged`.
        about_kind: only those about this kind of thing.
        about_id: only those about the thing of this id.
        since: only those of then or later.
        until: only those of before then.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    place = after or (None, None, None)
    wanted = (actor, kind, about_kind, about_id, since, until)
    rows = await tx.raw.fetch(_LISTED, tenant_id, *wanted, *place, limit)
    return [(_recorded(row), (row["recorded_at"], row["id"], row["origin"])) for row in rows]


async def of_things(tx: Tx, tenant_id: str, about_kind: str, about_ids: Collection[str], limit: int) -> list[Recorded]:
    """Return the last entries about some things of a kind, the newest first."""
    rows = await tx.raw.fetch(_OF_THINGS, tenant_id, about_kind, sorted(about_ids), limit) if about_ids else ()
    return [_recorded(row) for row in rows]


async def empty(tx: Tx, tenant_id: str, about_kind: str, about_ids: Collection[str]) -> None:
    """Leave of entries about things only who did what, and when: what was said may be about a customer."""
    await tx.raw.execute(_EMPTY, tenant_id, about_kind, sorted(about_ids))


def _recorded(row: Record) -> Recorded:
    return Recorded(
        id=row["id"],
        recorded_at=row["recorded_at"],
        actor=row["actor"],
        kind=row["kind"],
        about_kind=row["about_kind"],
        about_id=row["about_id"],
        before=_value(row["before"]),
        after=_value(row["after"]),
    )


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _value(text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])
