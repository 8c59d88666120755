"""Every statement about what was set aside."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from plaudit.alerting.set_aside.domain import Kind, SetAside
from plaudit.common.db import Tx

_LISTED: Final = """
SELECT * FROM (
    SELECT 'timer' AS kind, clock_id::text AS id, min(due_at) AS due_at, max(failed_at) AS failed_at,
        coalesce(max(error), '') AS error
    FROM timers WHERE tenant_id = $1 AND failed_at IS NOT NULL GROUP BY clock_id
    UNION ALL
    SELECT 'step', alert_id::text, min(due_at), max(failed_at), coalesce(max(error), '')
    FROM alert_steps WHERE tenant_id = $1 AND failed_at IS NOT NULL GROUP BY alert_id
    UNION ALL
    SELECT 'silence', id::text, coalesce(ended_at, until), failed_at, coalesce(error, '')
    FROM silences WHERE tenant_id = $1 AND failed_at IS NOT NULL AND told_at IS NULL
    UNION ALL
    SELECT 'contact', person, min(due_at), max(failed_at), coalesce(max(error), '')
    FROM occurrences WHERE tenant_id = $1 AND failed_at IS NOT NULL GROUP BY person
) AS found
WHERE $2::timestamptz IS NULL OR (failed_at, kind, id) < ($2, $3::text, $4::text)
ORDER BY failed_at DESC, kind DESC, id DESC LIMIT $5
"""
_AGAIN: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.TIMER: ("timers", "clock_id::text"),
    Kind.STEP: ("alert_steps", "alert_id::text"),
    Kind.SILENCE: ("silences", "id::text"),
    Kind.CONTACT: ("occurrences", "person"),
}
"""Kind → its table, and what names it there."""
_COUNT: Final = " + ".join(
    f"(SELECT count(*) FROM (SELECT DISTINCT {name} FROM {table} "
    "WHERE tenant_id = $1 AND failed_at IS NOT NULL LIMIT $2) AS bounded)"
    for table, name in _AGAIN.values()
)

MOST_AT_ONCE: Final = 1_000
"""Things of a kind that are tried again by one request: all of a long outage would take it longer than it may."""

Place = tuple[datetime, str, str]
"""(time, kind, id): the sort key, the newest first."""


async def listed(tx: Tx, tenant_id: str, after: Place | None, limit: int) -> list[SetAside]:
    """Return what was set aside, the newest first, from after a sort key on."""
    rows = await tx.raw.fetch(_LISTED, tenant_id, *(after or (None, None, None)), limit)
    return [SetAside(**{**dict(row), "kind": Kind(row["kind"])}) for row in rows]


async def count(tx: Tx, tenant_id: str, most: int) -> int:
    """Return how much was set aside, counted up to a limit for each kind."""
    return int(await tx.raw.fetchval(f"SELECT {_COUNT}", tenant_id, most))


async def try_again(tx: Tx, tenant_id: str, kind: Kind, wanted: str | None) -> list[str]:
    """Let what was set aside of a kind be processed again: one, or `MOST_AT_ONCE`; return what that is, each once."""
    table, name = _AGAIN[kind]
    is_set_aside = f"tenant_id = $1 AND failed_at IS NOT NULL AND ($2::text IS NULL OR {name} = $2)"
    rows = await tx.raw.fetch(
        f"UPDATE {table} SET failed_at = NULL, error = NULL WHERE {is_set_aside} AND {name} IN "
        f"(SELECT DISTINCT {name} FROM {table} WHERE {is_set_aside} LIMIT $3) RETURNING {name} AS id",
        tenant_id,
        wanted,
        MOST_AT_ONCE,
    )
    return sorted({row["id"] for row in rows})
