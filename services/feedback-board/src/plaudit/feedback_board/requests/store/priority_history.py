"""Snapshots of priorities: one when somebody changes an estimate or a weight, and one a day where a figure moved."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.feedback_board.requests.domain.snapshot import Snapshot
from plaudit.feedback_board.requests.domain.weighing import ReachView
from plaudit.feedback_board.requests.tables import priority_history

_ALL = Columns(priority_history, without=("tenant_id", "request_id"))
_FIGURES = Columns(priority_history, without=("tenant_id", "request_id", "at"))

# Two changes of one request within one instant of the clock are one snapshot, the later one.
_PUT = f"""
INSERT INTO priority_history (tenant_id, request_id, {_ALL.listed}) VALUES ($1, $2, {_ALL.values(3)})
ON CONFLICT (tenant_id, request_id, at) DO UPDATE SET {_FIGURES.excluded()}
"""

_NEWEST = f"""
SELECT {_ALL.listed} FROM priority_history WHERE tenant_id = $1 AND request_id = $2 AND at < $3
ORDER BY at DESC LIMIT $4
"""

# One statement: all snapshots of a tenant's day are of one instant.
_PUT_ALL_THAT_MOVED = f"""
INSERT INTO priority_history (tenant_id, request_id, at, {_FIGURES.listed})
SELECT requests.tenant_id, requests.id, $2, {_FIGURES.of("requests")}
FROM requests LEFT JOIN LATERAL (
    SELECT {_FIGURES.listed} FROM priority_history AS held
    WHERE held.tenant_id = requests.tenant_id AND held.request_id = requests.id ORDER BY at DESC LIMIT 1
) AS last ON true
WHERE requests.tenant_id = $1 AND requests.merged_into IS NULL AND requests.visibility = 'published'
  AND ROW ({_FIGURES.of("requests")}) IS DISTINCT FROM ROW ({_FIGURES.of("last")})
ON CONFLICT (tenant_id, request_id, at) DO NOTHING
"""

_SAMPLE = """
SELECT coalesce(jsonb_object_agg(stratum, people), '{}') FROM (
    SELECT stratum, sum(people::int)::int AS people
    FROM requests CROSS JOIN jsonb_each_text(strata) AS held (stratum, people)
    WHERE tenant_id = $1 AND merged_into IS NULL AND visibility = 'published' GROUP BY stratum
) AS summed
"""

# Skips from tenant to tenant along the primary key of requests.
_UNROLLED = """
WITH RECURSIVE each (tenant_id) AS (
    (SELECT tenant_id FROM requests ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT requests.tenant_id FROM requests WHERE requests.tenant_id > each.tenant_id ORDER BY 1 LIMIT 1)
    FROM each WHERE each.tenant_id IS NOT NULL
)
SELECT tenant_id FROM each
WHERE tenant_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM day_rolls WHERE day_rolls.tenant_id = each.tenant_id AND day >= (({now}) AT TIME ZONE 'UTC')::date
  )
"""

ANY_UNROLLED: Final = f"SELECT EXISTS ({_UNROLLED})"
"""Whether the day of any tenant has not begun yet; for `Database.holds`."""

# What nobody sees is not recounted either.
_STILL_TO_RECOUNT = """
SELECT EXISTS (SELECT FROM requests WHERE tenant_id = $1 AND recount_at <= $2 AND visibility = 'published')
"""

_PUT_DAY = """
INSERT INTO day_rolls (tenant_id, day, rolled_at, sample) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id) DO UPDATE SET day = excluded.day, rolled_at = excluded.rolled_at, sample = excluded.sample
"""

_LATEST_SAMPLE = "SELECT sample FROM day_rolls WHERE tenant_id = $1"


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    return Snapshot(**{**row, "reach_view": ReachView(row["reach_view"])})


async def put(tx: Tx, tenant_id: str, request_id: UUID, snapshot: Snapshot) -> None:
    """Keep the figures of a request."""
    await tx.raw.execute(_PUT, tenant_id, request_id, *_ALL.row(snapshot))


async def list_newest(tx: Tx, tenant_id: str, request_id: UUID, *, before: datetime, limit: int) -> Sequence[Snapshot]:
    """Return up to `limit` snapshots of a request before a time, newest first."""
    return [_snapshot(dict(row)) for row in await tx.raw.fetch(_NEWEST, tenant_id, request_id, before, limit)]


async def list_unrolled(tx: Tx) -> list[str]:
    """Return the tenants whose day has not begun yet."""
    return [row["tenant_id"] for row in await tx.raw.fetch(_UNROLLED.format(now="$1::timestamptz"), tx.now)]


async def waits_for_recounts(tx: Tx, tenant_id: str) -> bool:
    """Return whether mentions of a tenant's requests have left the window and are still counted."""
    return bool(await tx.raw.fetchval(_STILL_TO_RECOUNT, tenant_id, tx.now))


async def put_all_that_moved(tx: Tx, tenant_id: str) -> None:
    """Keep the figures of each request of a tenant that differ from its last snapshot, all as of one instant."""
    await tx.raw.execute(_PUT_ALL_THAT_MOVED, tenant_id, tx.now)


async def put_day(tx: Tx, tenant_id: str, day: date) -> None:
    """Note that a tenant's day has begun, with how many people of each stratum its requests then reached."""
    sample = await tx.raw.fetchval(_SAMPLE, tenant_id)
    await tx.raw.execute(_PUT_DAY, tenant_id, day, tx.now, msgspec.json.encode(sample).decode())


async def latest_sample(tx: Tx, tenant_id: str) -> dict[str, int]:
    """Return how many people of each stratum a tenant's requests reached when its day began."""
    return dict(await tx.raw.fetchval(_LATEST_SAMPLE, tenant_id) or {})
