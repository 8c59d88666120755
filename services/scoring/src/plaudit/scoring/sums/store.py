"""The statements that add to the sums, and mark what was added to. `scores/store.py` has those that read sums."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Label, Table, cast, func

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.scoring.sums.domain.fold import DELTA_KEY, DeltaKey, Deltas, OneStar
from plaudit.scoring.sums.domain.kept import MOST_CANCELLED, KeptSums
from plaudit.scoring.sums.tables import INTEGERS, sums

_COLUMNS = Columns(sums, without=("id",))
# It changes when the table is emptied or replaced, after which an id may be that of another row.
_TABLE_FILE = "pg_relation_filenode('sums')"
_NEWEST = "newest_us"


def added(names: Iterable[str], more: str = "excluded") -> str:
    """Return the assignments that add numbers of `more` to those of the row `held`; the newest review is the newer one.

    For every table of sums; `excluded` is what an upsert would have inserted.
    """
    return ", ".join(
        f"{name} = greatest(held.{name}, {more}.{name})" if name == _NEWEST else f"{name} = held.{name} + {more}.{name}"
        for name in names
    )


def totals(table: Table, names: Iterable[str]) -> list[Label[Any]]:
    """Return what a query selects to add up the numbers of several rows of sums; the newest review is the newest."""
    return [
        cast((func.max if name == _NEWEST else func.sum)(table.c[name]), table.c[name].type).label(name)
        for name in names
    ]


# SQL only adds: multiplication, power and exp raise an error on underflow, so rescaling here could fail a whole batch.
# Only the ids come back, in the order of the keys: to send the keys back would cost more than all the rest.
_ADD = f"""
WITH added AS (
    INSERT INTO sums AS held ({_COLUMNS.listed})
    SELECT * FROM {_COLUMNS.unnest()}
    ON CONFLICT ({", ".join(DELTA_KEY)}) DO UPDATE SET {added(KeptSums._fields)}
    RETURNING {", ".join(DELTA_KEY)}, id
)
SELECT array_agg(id ORDER BY {", ".join(DELTA_KEY)}), {_TABLE_FILE} FROM added
"""
# `unnest` in the select list costs less than in FROM.
_DELTAS = ", ".join(
    f"unnest(${n}::{'bigint' if name in INTEGERS else 'float8'}[]) AS {name}"
    for n, name in enumerate(KeptSums._fields, 3)
)
_ADD_BY_ID = f"""
UPDATE sums AS held SET {added(KeptSums._fields, "delta")}
FROM (SELECT unnest($2::bigint[]) AS id, {_DELTAS}) AS delta
WHERE held.id = delta.id AND {_TABLE_FILE} = $1::oid
"""
_STARS: Final = range(1, 6)
_ONE_STAR: Final = {
    "star": "smallint",
    "n": "bigint",
    "total": "float8",
    _NEWEST: "bigint",
    **dict.fromkeys(("trust_a", "trust_b2", "trust_w", "recent_a", "recent_b2", "recent_w"), "float8"),
}
_PLAIN: Final = ("total", "trust_a", "trust_b2", "recent_a", "recent_b2")
_ADD_ONE_STAR_BY_ID = f"""
UPDATE sums AS held SET {", ".join(f"{name} = held.{name} + delta.{name}" for name in _PLAIN)},
    {_NEWEST} = greatest(held.{_NEWEST}, delta.{_NEWEST}), {
    ", ".join(
        f"{name}{star} = held.{name}{star} + CASE WHEN delta.star = {star} THEN delta.{name} ELSE 0 END"
        for name in ("n", "trust_w", "recent_w")
        for star in _STARS
    )
}
FROM (SELECT unnest($2::bigint[]) AS id, {
    ", ".join(f"unnest(${n}::{kind}[]) AS {name}" for n, (name, kind) in enumerate(_ONE_STAR.items(), 3))
}) AS delta
WHERE held.id = delta.id AND {_TABLE_FILE} = $1::oid
"""
ROWS_OF_A_MARK: Final = 1_000
"""So that what publishes them can take as many as it wants."""
# Arrays cost 0.2 µs for each id, with the worker and PostgreSQL together. A thousand of them are one row to delete.
_MARK = f"""
INSERT INTO marks (marked_at, row_ids)
SELECT coalesce($2::timestamptz, now()), ($1::bigint[])[first : first + {ROWS_OF_A_MARK} - 1]
FROM generate_series(1, cardinality($1::bigint[]), {ROWS_OF_A_MARK}) AS first
"""
# Appended, never upserted: who takes the marks of a row away while another is made would wait for this one's partition.
_MARK_ROUNDED = f"""
INSERT INTO rounded_sums (sums_id)
SELECT id FROM sums JOIN unnest($1::bigint[], $2::float8[], $3::float8[]) AS least (id, trust, recent) USING (id)
WHERE ({" + ".join(f"trust_w{star}" for star in _STARS)} < least.trust
    OR {" + ".join(f"recent_w{star}" for star in _STARS)} < least.recent)
  AND NOT ({" AND ".join(f"{name} = 0" for name in KeptSums._fields if name != _NEWEST)})
"""
MANY_ROWS: Final = 50
# The planner would read the whole table once to join it with many rows. Most of its rows are not of this batch.
LOOK_UP_EACH_ROW = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"


@dataclass(frozen=True, slots=True)
class FoundRows:
    """Rows of the table, found or made."""

    table_file: int = 0
    """Which table it was: see `_TABLE_FILE`."""
    ids: Mapping[DeltaKey, int] = field(default_factory=dict)


class RowsMissingError(Exception):
    """Rows that were known to exist do not, or the table is not the one that they were in."""


async def add(tx: Tx, deltas: Deltas) -> FoundRows:
    """Add the deltas to their rows, in the order of their keys, so that two writers cannot deadlock; return their ids.

    Rows that do not exist are made.
    """
    if not deltas:
        return FoundRows()
    keys = _in_the_order_of_the_database(deltas)
    columns = (*zip(*keys, strict=True), *zip(*map(deltas.__getitem__, keys), strict=True))
    arrays = dict(zip((*DELTA_KEY, *KeptSums._fields), columns, strict=True))
    [(ids, table_file)] = await tx.raw.fetch(_ADD, *(arrays[name] for name in _COLUMNS.names))
    return FoundRows(table_file, dict(zip(keys, ids, strict=True)))


def _in_the_order_of_the_database(keys: Iterable[DeltaKey]) -> list[DeltaKey]:
    """Sort keys as the primary key does: texts by their code points, sources as UUIDs, however they are spelt."""
    listed = list(keys)
    spelt = {source_id: str(UUID(source_id)) for _, _, source_id, *_ in listed}
    return sorted(listed, key=lambda key: (key[0], key[1], spelt[key[2]], *key[3:]))


async def add_by_id(
    tx: Tx, table_file: int, one_star: Mapping[int, OneStar], several_stars: Mapping[int, Sequence[float]]
) -> None:
    """Add to rows that exist, by their ids and in that order: half of what it costs by their keys.

    Args:
        tx: the open transaction.
        table_file: of the table that the rows were found in.
        one_star: row id → the row's addition, for rows to whose other stars nothing is added.
        several_stars: row id → the numbers of `KeptSums`, for other rows.

    Raises:
        RowsMissingError: not all of the rows exist, or the table is another. Those that exist have been added to.
    """
    if len(one_star) + len(several_stars) >= MANY_ROWS:
        await tx.raw.execute(LOOK_UP_EACH_ROW)
    await _update(tx, _ADD_ONE_STAR_BY_ID, table_file, sorted(one_star.values()))
    await _update(tx, _ADD_BY_ID, table_file, sorted((row_id, *numbers) for row_id, numbers in several_stars.items()))


async def mark(tx: Tx, row_ids: Sequence[int], since: datetime | None = None) -> None:
    """Note that these rows of sums have changed, so that their scores are published after the commit.

    Whoever changes a row of sums marks it in the same transaction. A mark is appended and never updated: whoever
    publishes deletes what it has read, and must not delete what came after that.

    Args:
        tx: the open transaction.
        row_ids: of the rows.
        since: when they were marked first, if that was before.
    """
    if row_ids:
        await tx.raw.execute(_MARK, row_ids, since)


async def mark_rounded(tx: Tx, subtracted: Mapping[int, tuple[float, float]]) -> None:
    """Mark those rows of which so much was subtracted that rounding shows in what is left.

    Args:
        tx: the open transaction, which has subtracted.
        subtracted: row id → the weights that were taken away, of trust and of recent.
    """
    least = [(row_id, *(weight * MOST_CANCELLED for weight in weights)) for row_id, weights in subtracted.items()]
    await tx.raw.execute(_MARK_ROUNDED, *zip(*least, strict=True))


async def _update(tx: Tx, statement: str, table_file: int, rows: Sequence[Sequence[float]]) -> None:
    if not rows:
        return
    status = await tx.raw.execute(statement, table_file, *zip(*rows, strict=True))
    if status != f"UPDATE {len(rows)}":
        raise RowsMissingError(f"of {len(rows)} rows of sums that were known: {status}")
