"""Every statement about what was set aside."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.alerting.set_aside.domain import Kind, SetAside
from plaudit.common.db import Tx


class _Place(NamedTuple):
    """Where things of a kind are."""

    table: str
    name: str
    """The column that names a thing: rows with one name are one thing."""
    due_at: str = "due_at"
    condition: str = ""
    lowest: UUID | str = UUID(int=0)
    """The first name of all."""


_PLACES: Final[Mapping[Kind, _Place]] = {
    Kind.TIMER: _Place("timers", "clock_id"),
    Kind.STEP: _Place("alert_steps", "alert_id"),
    Kind.SILENCE: _Place("silences", "id", "coalesce(ended_at, until)", " AND t.told_at IS NULL"),
    Kind.CONTACT: _Place("occurrences", "person", lowest=""),
}
# Along the index, from the newest row of each thing to the next: what is behind the page is not read.
_LISTED: Final = """
SELECT f.name::text AS id, g.due_at, f.failed_at, g.error FROM (
    SELECT t.failed_at, t.{name} AS name FROM {table} t
    WHERE t.tenant_id = $1 AND t.failed_at IS NOT NULL{condition}{after} AND NOT EXISTS (
        SELECT FROM {table} o
        WHERE o.tenant_id = t.tenant_id AND o.{name} = t.{name} AND o.failed_at > t.failed_at
    )
    GROUP BY t.failed_at, t.{name} ORDER BY t.failed_at DESC, t.{name} DESC LIMIT $2
) AS f CROSS JOIN LATERAL (
    SELECT min({due_at}) AS due_at, coalesce(max(error), '') AS error FROM {table}
    WHERE tenant_id = $1 AND {name} = f.name AND failed_at IS NOT NULL
) AS g
"""
_AFTER: Final = " AND (t.failed_at, t.{name}) < ($3, $4)"
_COUNT: Final = " + ".join(
    f"(SELECT count(*) FROM (SELECT DISTINCT {each.name} FROM {each.table} t "
    f"WHERE tenant_id = $1 AND failed_at IS NOT NULL{each.condition} LIMIT $2) AS bounded)"
    for each in _PLACES.values()
)

MOST_AT_ONCE: Final = 1_000
"""Things of a kind that are tried again by one request: all of a long outage would take it longer than it may."""

Place = tuple[datetime, str, str]
"""(time, kind, id): the sort key, the newest first."""


async def listed(tx: Tx, tenant_id: str, after: Place | None, limit: int) -> list[SetAside]:
    """Return what was set aside, the newest first, from after a sort key on."""
    found = [each for kind in Kind for each in await _listed_of(tx, tenant_id, kind, after, limit)]
    return sorted(found, key=lambda each: (each.failed_at, each.kind, each.id), reverse=True)[:limit]


async def _listed_of(tx: Tx, tenant_id: str, kind: Kind, after: Place | None, limit: int) -> list[SetAside]:
    rows = await tx.raw.fetch(statement_of(kind, is_first=after is None), tenant_id, limit, *_bound(kind, after))
    return [SetAside(kind=kind, **row) for row in rows]


def statement_of(kind: Kind, *, is_first: bool) -> str:
    """Return the statement that lists things of a kind: the first ones, or those after a bound."""
    place = _PLACES[kind]
    after = "" if is_first else _AFTER.format(name=place.name)
    return _LISTED.format(**place._asdict(), after=after)


def _bound(kind: Kind, after: Place | None) -> tuple[datetime, UUID | str] | tuple[()]:
    """Return the (time, name) below which a kind's things are after a sort key of all kinds."""
    if after is None:
        return ()
    failed_at, other, name = after
    lowest = _PLACES[kind].lowest
    if kind == other:
        return failed_at, name if isinstance(lowest, str) else UUID(name)
    # Of two that failed at one time, the one of the later kind is listed first.
    return (failed_at + timedelta.resolution if kind < other else failed_at), lowest


async def count(tx: Tx, tenant_id: str, most: int) -> int:
    """Return how much was set aside, counted up to a limit for each kind."""
    return int(await tx.raw.fetchval(f"SELECT {_COUNT}", tenant_id, most))


async def try_again(tx: Tx, tenant_id: str, kind: Kind, wanted: str | None) -> list[str]:
    """Let what was set aside of a kind be processed again: one, or `MOST_AT_ONCE`; return what that is, each once."""
    table, name = _PLACES[kind].table, f"{_PLACES[kind].name}::text"
    is_set_aside = f"tenant_id = $1 AND failed_at IS NOT NULL AND ($2::text IS NULL OR {name} = $2)"
    rows = await tx.raw.fetch(
        f"UPDATE {table} SET failed_at = NULL, error = NULL WHERE {is_set_aside} AND {name} IN "
        f"(SELECT DISTINCT {name} FROM {table} WHERE {is_set_aside} LIMIT $3) RETURNING {name} AS id",
        tenant_id,
        wanted,
        MOST_AT_ONCE,
    )
    return sorted({row["id"] for row in rows})
