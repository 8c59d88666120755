"""Every SQL statement that compares sums with the ledger and sums rows anew."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.scoring.history.store import kept_sums
from plaudit.scoring.reconciliation.domain import (
    MAX_HELD_SECONDS,
    TOLERANCE,
    Comparison,
    Differing,
    Letter,
    Place,
    RowKey,
)
from plaudit.scoring.sums.domain.decay import COUNTS
from plaudit.scoring.sums.domain.kept import NEVER_US, KeptSums
from plaudit.scoring.sums.store import mark
from plaudit.scoring.sums.tables import sums

LIVE_GROUP: Final = "scoring-live"
HISTORY_GROUP: Final = "scoring-history"
HAS_WORK: Final = """
SELECT EXISTS (SELECT FROM rounded_sums) OR EXISTS (SELECT FROM reconciliations WHERE finished_at IS NULL)
    OR NOT EXISTS (
        SELECT FROM reconciliations WHERE started_at >= date_trunc('day', {now} - $1::interval) + $1::interval
    )
"""
"""$1: when a night's comparison begins, after midnight."""

_GROUPS = ("prefix", "source_id", "traits", "partition")
_FIELDS = KeptSums._fields
_SUMS = Columns(sums, without=("id",))
# At most these differ by rounding: of each half-life the sum of all weights, and what is judged beside it.
_WEIGHTS = {name: " + ".join(f"abs(truth.{name}_w{star})" for star in range(1, 6)) for name in ("trust", "recent")}


def _scale(name: str) -> str:
    """Return what a number's rounding is judged beside."""
    half_life, _, column = name.partition("_")
    return _WEIGHTS[half_life] if column.startswith("w") else f"abs(truth.{name})"


_COUNTS_DIFFER = (
    " OR ".join(f"coalesce(held.{name}, 0) <> coalesce(truth.{name}, 0)" for name in COUNTS)
    + f" OR coalesce(held.newest_us, {NEVER_US}) <> coalesce(truth.newest_us, {NEVER_US})"
)
_ROUNDING_SHOWS = " OR ".join(
    f"abs(coalesce(held.{name}, 0) - coalesce(truth.{name}, 0)) > {TOLERANCE} * coalesce({_scale(name)}, 0)"
    for name in _FIELDS
    if name not in {*COUNTS, "newest_us"}
)
_WITHIN = "{0} >= $2 AND {0} < $2 || '0' AND ({0} = $2 OR {0} >= $2 || '/')"
_DEPTH = "cardinality(string_to_array($2, '/'))"
_OF_PREFIXES = f"""
SELECT array_to_string(parts[1:depth], '/') COLLATE "C" AS prefix, source_id, traits, of_subject.partition,
    sign, rating, rated_at
FROM (
    SELECT ledger.* FROM ledger JOIN even USING (partition)
    WHERE tenant_id = $1 AND {_WITHIN.format("subject")}
      AND (ledger.epoch, ledger.sequence) <= (even.epoch, even.sequence)
) AS of_subject, string_to_array(subject, '/') AS parts,
    generate_series({_DEPTH}, CASE WHEN $3 THEN {_DEPTH} ELSE cardinality(parts) END) AS depth
"""
_PLACES = f"""
live AS (SELECT * FROM positions WHERE consumer_group = '{LIVE_GROUP}' AND topic = '{REVIEWS.name}'),
history AS (SELECT * FROM positions WHERE consumer_group = '{HISTORY_GROUP}' AND topic = '{REVIEWS.name}'),
even AS MATERIALIZED (
    SELECT live.partition, live.epoch, live.sequence FROM live JOIN history USING (partition)
    WHERE (history.epoch, history.sequence) >= (live.epoch, live.sequence) AND NOT live.partition = ANY($4::int[])
)"""
# One statement sees sums, ledger and both positions as of one instant: live commits a batch with its position, history
# too. So nothing is locked, and the ledger is summed exactly up to where live stands.
_COMPARE = f"""
WITH {_PLACES},
truth AS ({kept_sums(_OF_PREFIXES, *_GROUPS)}),
held AS (
    SELECT sums.* FROM sums JOIN even USING (partition)
    WHERE tenant_id = $1 AND CASE WHEN $3 THEN prefix = $2 ELSE {_WITHIN.format("prefix")} END AND prefix >= $2
),
compared AS (
    SELECT {", ".join(f"coalesce(truth.{name}, held.{name}) AS {name}" for name in (*_GROUPS, "block"))},
        {", ".join(f"coalesce(truth.{name}, {NEVER_US if name == 'newest_us' else 0}) AS {name}" for name in _FIELDS)},
        ({_COUNTS_DIFFER}) AS counts_differ, ({_ROUNDING_SHOWS}) AS rounding_shows
    FROM truth FULL JOIN held USING (prefix, source_id, traits, partition, block)
)
SELECT compared.*, (SELECT count(*) FROM compared) AS rows, even.epoch, even.sequence,
    ARRAY(
        SELECT live.partition FROM live JOIN history USING (partition)
        WHERE (history.epoch, history.sequence) < (live.epoch, live.sequence)
    ) AS behind
FROM (SELECT 1) AS one
LEFT JOIN (SELECT * FROM compared WHERE counts_differ OR rounding_shows LIMIT $5) AS compared ON true
LEFT JOIN even USING (partition)
"""
_PLACE = f"""
SELECT epoch, sequence FROM positions
WHERE consumer_group = '{LIVE_GROUP}' AND topic = '{REVIEWS.name}' AND partition = $1
"""
_HOLD = f"""
SELECT FROM positions WHERE consumer_group = '{LIVE_GROUP}' AND topic = '{REVIEWS.name}' AND partition = ANY($1::int[])
ORDER BY partition FOR UPDATE
"""
_IS_EVEN = f"""
SELECT count(*) = cardinality($1::int[]) FROM positions AS live JOIN positions AS history USING (topic, partition)
WHERE topic = '{REVIEWS.name}' AND partition = ANY($1::int[])
  AND live.consumer_group = '{LIVE_GROUP}' AND history.consumer_group = '{HISTORY_GROUP}'
  AND (history.epoch, history.sequence) >= (live.epoch, live.sequence)
"""
# A cursor's snapshot is the one of when it was opened.
_OPEN_COMPARISON = f"DECLARE comparison NO SCROLL CURSOR FOR {_COMPARE}"
_HOLD_BRIEFLY = f"SET LOCAL statement_timeout = {round(MAX_HELD_SECONDS * 1000)}"
_COMPARE_LONG = """
SELECT set_config('statement_timeout', $1, true), set_config('cursor_tuple_fraction', '1', true)
"""
_KEYS = ("prefix", "source_id", "traits", "block")
_TRUTHS = Columns(sums, without=("id", "tenant_id", "partition"))
_LATER = """
SELECT wanted.prefix, source_id, traits, sign, rating, rated_at
FROM (
    SELECT * FROM ledger WHERE partition = $2 AND epoch = $3 AND sequence > $4 AND sequence <= $5 AND tenant_id = $1
) AS later
JOIN (SELECT DISTINCT prefix FROM truth) AS wanted
    ON later.subject = wanted.prefix OR (later.subject >= wanted.prefix || '/' AND later.subject < wanted.prefix || '0')
"""
_SUM_ANEW = f"""
WITH truth AS (
    SELECT * FROM {_TRUTHS.unnest(6)} AS truth ({_TRUTHS.listed})
),
later AS ({kept_sums(_LATER, "prefix", "source_id", "traits")}),
anew AS (
    SELECT {", ".join(f"truth.{name}" for name in _KEYS)}, {
    ", ".join(
        f"greatest(truth.{name}, later.{name}) AS {name}"
        if name == "newest_us"
        else f"truth.{name} + coalesce(later.{name}, 0) AS {name}"
        for name in _FIELDS
    )
}
    FROM truth LEFT JOIN later USING ({", ".join(_KEYS)})
)
INSERT INTO sums ({_SUMS.listed})
SELECT {", ".join({"tenant_id": "$1", "partition": "$2"}.get(name, f"anew.{name}") for name in _SUMS.names)} FROM anew
ON CONFLICT (tenant_id, prefix, source_id, traits, partition, block) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _FIELDS)}
RETURNING id
"""
_LETTERS = f"""
SELECT partition, record_offset, consumer_group, value FROM dead_letters
WHERE consumer_group IN ('{LIVE_GROUP}', '{HISTORY_GROUP}') AND topic = '{REVIEWS.name}' AND state <> 'redriven'
"""
_ROUNDED = """
SELECT array_agg(rounded.id) AS marks, tenant_id, prefix
FROM (SELECT * FROM rounded_sums ORDER BY id LIMIT $1) AS rounded LEFT JOIN sums ON sums.id = rounded.sums_id
GROUP BY tenant_id, prefix
"""
_NEXT = """
SELECT tenant_id, path, root, EXISTS (SELECT FROM sums WHERE tenant_id = following.tenant_id AND prefix = root)
    OR EXISTS (SELECT FROM ledger WHERE tenant_id = following.tenant_id AND subject = root) AS has_own
FROM (
    SELECT tenant_id, path, split_part(path, '/', 1) COLLATE "C" AS root FROM (
        (SELECT tenant_id, prefix AS path FROM sums WHERE (tenant_id, prefix) > ($1, $2) ORDER BY 1, 2 LIMIT 1)
        UNION ALL
        (SELECT tenant_id, subject FROM ledger WHERE (tenant_id, subject) > ($1, $2) ORDER BY 1, 2 LIMIT 1)
    ) AS first_ones
    ORDER BY tenant_id, path COLLATE "C" LIMIT 1
) AS following
"""
_OPEN = "SELECT id, tenant_id, subject FROM reconciliations WHERE finished_at IS NULL ORDER BY started_at LIMIT 1"
_IS_DUE = "SELECT NOT EXISTS (SELECT FROM reconciliations WHERE started_at >= $1)"


class Reconciliation(msgspec.Struct, frozen=True):
    """A nightly comparison that goes on, and up to where it has compared."""

    id: UUID
    tenant_id: str
    subject: str


class Root(NamedTuple):
    """A subject of one segment."""

    tenant_id: str
    subject: str
    end: str
    """What comes after this in the order of subjects is of another one, or has been seen."""


class Rounded(msgspec.Struct, frozen=True):
    """A subject that has rows in which rounding shows."""

    marks: Sequence[int]
    tenant_id: str | None
    """None: the row is not there any more."""
    prefix: str | None


async def open_comparison(
    tx: Tx, tenant_id: str, subject: str, *, alone: bool, without: Collection[int], max_rows: int, seconds: float
) -> None:
    """Begin to compare the sums of a subject and all below it, or of it alone, with the ledger.

    What is compared is what was committed when this returns, whenever it is read: whoever held live may let it go on.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        alone: whether its own sums alone are compared.
        without: partitions that are left out.
        max_rows: differing rows that are returned at most.
        seconds: how long it may take.
    """
    await tx.raw.fetchval(_COMPARE_LONG, f"{round(seconds * 1000)}")
    await tx.raw.execute(_OPEN_COMPARISON, tenant_id, subject, alone, sorted(without), max_rows)


async def read_comparison(tx: Tx, seconds: float) -> Comparison:
    """Return what the comparison that this transaction has opened finds, in so many seconds."""
    rows = await tx.raw.fetch("FETCH ALL FROM comparison", timeout=seconds)
    differing: dict[int, list[Differing]] = {}
    places: dict[int, Place] = {}
    for row in rows:
        if row["prefix"] is not None:
            key = RowKey(row["prefix"], str(row["source_id"]), row["traits"], row["block"])
            truth = KeptSums(*(row[name] for name in _FIELDS))
            differing.setdefault(row["partition"], []).append(Differing(key, truth, not row["counts_differ"]))
            places[row["partition"]] = Place(row["epoch"], row["sequence"])
    return Comparison(rows[0]["rows"], differing, places, rows[0]["behind"])


async def hold(tx: Tx, partitions: Collection[int]) -> None:
    """Hold live's positions of these partitions until the transaction ends, so that live waits.

    No statement from now on may take longer than `MAX_HELD_SECONDS`.
    """
    await tx.raw.execute(_HOLD_BRIEFLY)
    await tx.raw.execute(_HOLD, sorted(partitions))


async def is_even(tx: Tx, partitions: Collection[int]) -> bool:
    """Return whether history has come as far as live in all of these partitions."""
    return bool(await tx.raw.fetchval(_IS_EVEN, sorted(partitions)))


async def place_of_live(tx: Tx, partition: int) -> Place | None:
    """Return how far live has come in a partition."""
    row = await tx.raw.fetchrow(_PLACE, partition)
    return None if row is None else Place(*row)


async def sum_anew(
    tx: Tx, tenant_id: str, partition: int, since: Place, until: Place, rows: Sequence[Differing]
) -> None:
    """Set rows of sums to what the ledger says, and mark them.

    Args:
        tx: the open transaction, which holds live's position.
        tenant_id: whose.
        partition: of the rows.
        since: up to where their truth was summed.
        until: where live stands.
        rows: them.
    """
    listed = [(*row.key[:3], row.key.block, *row.truth) for row in rows]
    columns = dict(zip((*_KEYS, *_FIELDS), zip(*listed, strict=True), strict=True))
    arrays = [columns[name] for name in _TRUTHS.names]
    changed = await tx.raw.fetch(_SUM_ANEW, tenant_id, partition, since.epoch, since.sequence, until.sequence, *arrays)
    await mark(tx, [row["id"] for row in changed])


async def letters(tx: Tx) -> list[Letter]:
    """Return the records that either group has set aside and not applied since."""
    rows = await tx.raw.fetch(_LETTERS)
    return [Letter(row["partition"], row["record_offset"], row["consumer_group"], row["value"]) for row in rows]


async def rounded(tx: Tx, limit: int) -> list[Rounded]:
    """Return subjects with rows in which rounding shows, from so many marks."""
    return [Rounded(*row) for row in await tx.raw.fetch(_ROUNDED, limit)]


async def drop_marks(tx: Tx, marks: Sequence[int]) -> None:
    """Take away marks of rows that were summed anew."""
    await tx.raw.execute("DELETE FROM rounded_sums WHERE id = ANY($1::bigint[])", marks)


async def next_root(tx: Tx, tenant_id: str, after: str) -> Root | None:
    """Return the next subject of one segment, of this tenant or of a later one.

    Args:
        tx: the open transaction.
        tenant_id: of the last one; the empty text: of none.
        after: where the last one ended; the empty text: before the tenant's first.
    """
    while (row := await tx.raw.fetchrow(_NEXT, tenant_id, after)) is not None:
        tenant_id, path, root, has_own = row
        if path == root:
            return Root(tenant_id, root, path)
        # Other names may lie between a subject and what is below it: `acme`, `acme-2`, `acme/berlin`.
        after = f"{root}0"
        if not has_own:
            return Root(tenant_id, root, after)
    return None


async def going_on(tx: Tx) -> Reconciliation | None:
    """Return the nightly comparison that is not finished, if there is one."""
    row = await tx.raw.fetchrow(_OPEN)
    return None if row is None else Reconciliation(*row)


async def is_due(tx: Tx, begins_at: datetime) -> bool:
    """Return whether no nightly comparison has begun since an instant."""
    return bool(await tx.raw.fetchval(_IS_DUE, begins_at))


async def begin(tx: Tx, reconciliation_id: UUID, now: datetime) -> Reconciliation:
    """Begin a nightly comparison."""
    await tx.raw.execute(
        "INSERT INTO reconciliations VALUES ($1, $2, '', '', 0, 0, 0, 0, NULL)", reconciliation_id, now
    )
    return Reconciliation(reconciliation_id, "", "")


async def go_on(tx: Tx, reconciliation_id: UUID, root: Root, *, counts: Sequence[int]) -> None:
    """Note that a subject was compared, and how many rows were compared, skipped, differing and rounded."""
    await tx.raw.execute(
        """UPDATE reconciliations SET tenant_id = $2, subject = $3, compared = compared + $4, skipped = skipped + $5,
        differing = differing + $6, rounded = rounded + $7 WHERE id = $1""",
        reconciliation_id,
        root.tenant_id,
        root.end,
        *counts,
    )


async def finish(tx: Tx, reconciliation_id: UUID, now: datetime) -> None:
    """Note that a nightly comparison has come to its end."""
    await tx.raw.execute("UPDATE reconciliations SET finished_at = $2 WHERE id = $1", reconciliation_id, now)
