"""Every SQL statement that compares sums with the ledger and sums rows anew."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.db.subjects import range_below
from plaudit.scoring.history.domain import Place
from plaudit.scoring.reconciliation.domain import (
    MAX_HELD_SECONDS,
    Comparison,
    Differing,
    Letter,
    Outcome,
    RowKey,
    Step,
    Walk,
)
from plaudit.scoring.reconciliation.store.statements import (
    HISTORY_GROUP,
    KEPT,
    LIVE_GROUP,
    OWN,
    Shape,
    comparison,
    summing_anew,
    truths,
)
from plaudit.scoring.sums.store import mark

# While a half-life is filled, live does not add to all of its partitions yet.
_OF_FILLED = """
NOT EXISTS (
    SELECT FROM half_lives WHERE half_lives.tenant_id = rounded.tenant_id
        AND half_lives.half_life_us = rounded.half_life_us AND phase <> 'kept'
)
"""
HAS_WORK: Final = f"""
SELECT EXISTS (SELECT FROM rounded_sums WHERE id <> ALL ($2::bigint[]))
    OR EXISTS (SELECT FROM rounded_tenant_sums AS rounded WHERE {_OF_FILLED} AND id <> ALL ($3::bigint[]))
    OR EXISTS (SELECT FROM reconciliations WHERE finished_at IS NULL)
    OR NOT EXISTS (
        SELECT FROM reconciliations
        WHERE started_at >= date_trunc('day', {{now}} - $1::interval) + $1::interval
    )
"""
"""$1: when a night's comparison begins, after midnight; $2, $3: marks of each table that are left alone."""
NIGHT_LOCK: Final = "scoring/reconciliation"
"""The order key of whoever begins a nightly comparison, or finds what it is to compare next."""

# A cursor's snapshot is the one of when it was opened. Each has its own name, since the driver knows the columns of
# what it has prepared.
_COMPARE = {
    shape.table.name: f"DECLARE of_{shape.table.name} NO SCROLL CURSOR FOR {comparison(shape)}" for shape in (KEPT, OWN)
}
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
_HOLD_BRIEFLY = f"SET LOCAL statement_timeout = {round(MAX_HELD_SECONDS * 1000)}"
_COMPARE_LONG = """
SELECT set_config('statement_timeout', $1, true), set_config('cursor_tuple_fraction', '1', true)
"""
_SUM_ANEW = {shape.table.name: summing_anew(shape) for shape in (KEPT, OWN)}
# What is published is marked by rows of `sums`, whichever of a subject's sums have changed.
_IDS = """
SELECT array_agg(sums.id) FROM sums JOIN unnest($3::text[], $4::uuid[], $5::smallint[]) AS wanted (
    prefix, source_id, traits
) USING (prefix, source_id, traits)
WHERE tenant_id = $1 AND partition = $2
"""
_IS_LIVE = """
SELECT EXISTS (
    SELECT FROM half_life_partitions WHERE tenant_id = $1 AND half_life_us = $2 AND partition = $3 AND is_live
)
"""
_HALF_LIVES = """
SELECT half_life_us FROM half_life_partitions WHERE tenant_id = $1 AND is_live GROUP BY half_life_us ORDER BY 1
"""
_LETTERS = f"""
SELECT partition, record_offset, consumer_group, value FROM dead_letters
WHERE consumer_group IN ('{LIVE_GROUP}', '{HISTORY_GROUP}') AND topic = '{REVIEWS.name}' AND state <> 'redriven'
"""
_ROUNDED = """
SELECT array_agg(rounded.id) AS marks, tenant_id, prefix
FROM (
    SELECT * FROM rounded_sums WHERE id <> ALL ($2::bigint[]) ORDER BY id LIMIT $1
) AS rounded LEFT JOIN sums ON sums.id = rounded.sums_id
GROUP BY tenant_id, prefix
"""
_ROUNDED_OWN = f"""
SELECT array_agg(id) AS marks, tenant_id, prefix, half_life_us
FROM (
    SELECT * FROM rounded_tenant_sums AS rounded WHERE {_OF_FILLED} AND id <> ALL ($2::bigint[]) ORDER BY id LIMIT $1
) AS rounded
GROUP BY tenant_id, prefix, half_life_us
"""
_NEXT = """
SELECT tenant_id, path, root, EXISTS (SELECT FROM sums WHERE tenant_id = following.tenant_id AND prefix = root)
    OR EXISTS (SELECT FROM ledger WHERE tenant_id = following.tenant_id AND subject = root)
    OR EXISTS (SELECT FROM insight_days WHERE tenant_id = following.tenant_id AND prefix = root)
    OR EXISTS (SELECT FROM insight_reviews WHERE tenant_id = following.tenant_id AND subject = root) AS has_own
FROM (
    SELECT tenant_id, path, split_part(path, '/', 1) COLLATE "C" AS root FROM (
        (SELECT tenant_id, prefix AS path FROM sums WHERE (tenant_id, prefix) > ($1, $2) ORDER BY 1, 2 LIMIT 1)
        UNION ALL
        (SELECT tenant_id, subject FROM ledger WHERE (tenant_id, subject) > ($1, $2) ORDER BY 1, 2 LIMIT 1)
        UNION ALL
        (SELECT tenant_id, prefix FROM insight_days WHERE (tenant_id, prefix) > ($1, $2) ORDER BY 1, 2 LIMIT 1)
        UNION ALL
        (
            SELECT tenant_id, subject FROM insight_reviews
            WHERE subject IS NOT NULL AND (tenant_id, subject) > ($1, $2) ORDER BY 1, 2 LIMIT 1
        )
    ) AS first_ones
    ORDER BY tenant_id, path COLLATE "C" LIMIT 1
) AS following
"""
_OPEN = """
SELECT id, tenant_id, subject, walk, walk_after FROM reconciliations
WHERE finished_at IS NULL ORDER BY started_at LIMIT 1
"""
_COUNT = f"""
UPDATE reconciliations SET {", ".join(f"{name} = {name} + ${n}" for n, name in enumerate(Outcome.__struct_fields__, 2))}
WHERE id = $1
"""
_GO_ON = """
UPDATE reconciliations SET tenant_id = $4, subject = $5
WHERE id = $1 AND tenant_id = $2 AND subject = $3 AND finished_at IS NULL
"""
_FINISH = "UPDATE reconciliations SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL"
_TAKE_STEP = """
UPDATE reconciliations SET walk = $4, walk_after = $5
WHERE id = $1 AND (walk, walk_after) IS NOT DISTINCT FROM ($2, $3) AND finished_at IS NULL
"""
_IS_DUE = "SELECT NOT EXISTS (SELECT FROM reconciliations WHERE started_at >= $1)"


class Reconciliation(msgspec.Struct, frozen=True):
    """A nightly comparison that goes on, and up to where it has compared."""

    id: UUID
    tenant_id: str
    subject: str
    step: Step | None
    """Which step of its walks follows; None while it has not begun to walk."""


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
    half_life_us: int | None = None
    """Of a tenant's own; None: of those that every tenant has."""


async def half_lives(tx: Tx, tenant_id: str) -> list[int]:
    """Return the half-lives of a tenant's own that live adds to somewhere, in microseconds."""
    return [row["half_life_us"] for row in await tx.raw.fetch(_HALF_LIVES, tenant_id)]


async def open_comparison(
    tx: Tx,
    tenant_id: str,
    subject: str,
    half_life_us: int | None,
    *,
    alone: bool,
    without: Collection[int],
    max_rows: int,
    seconds: float,
) -> None:
    """Begin to compare the sums of a subject and all below it, or of it alone, with the ledger.

    What is compared is what was committed when this returns, whenever it is read: whoever held live may let it go on.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        half_life_us: of the tenant's own; None: `sums` are compared.
        alone: whether its own sums alone are compared.
        without: partitions that are left out.
        max_rows: differing rows that are returned at most.
        seconds: how long it may take.
    """
    await tx.raw.fetchval(_COMPARE_LONG, f"{round(seconds * 1000)}")
    statement = _COMPARE[_shape(half_life_us).table.name]
    await tx.raw.execute(statement, tenant_id, subject, alone, sorted(without), max_rows, *_given(half_life_us))


async def read_comparison(tx: Tx, half_life_us: int | None, seconds: float) -> Comparison:
    """Return what the comparison that this transaction has opened finds, in so many seconds."""
    shape = _shape(half_life_us)
    rows = await tx.raw.fetch(f"FETCH ALL FROM of_{shape.table.name}", timeout=seconds)
    differing: dict[int, list[Differing]] = {}
    places: dict[int, Place] = {}
    for row in rows:
        if row["prefix"] is not None:
            key = RowKey(row["prefix"], str(row["source_id"]), row["traits"], row[shape.block])
            truth = tuple(row[name] for name in shape.numbers)
            differing.setdefault(row["partition"], []).append(Differing(key, truth, not row["counts_differ"]))
            places[row["partition"]] = Place(row["epoch"], row["sequence"])
    return Comparison(rows[0]["rows"], differing, places, rows[0]["behind"], half_life_us)


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


async def is_live(tx: Tx, tenant_id: str, half_life_us: int, partition: int) -> bool:
    """Return whether live adds to a tenant's own half-life in a partition, whose position this transaction holds."""
    return bool(await tx.raw.fetchval(_IS_LIVE, tenant_id, half_life_us, partition))


async def sum_anew(tx: Tx, tenant_id: str, partition: int, until: Place, found: Comparison) -> set[RowKey]:
    """Set rows of sums of one partition to what the ledger says, and mark their subjects; return those that were not.

    Args:
        tx: the open transaction, which holds live's position.
        tenant_id: whose.
        partition: of the rows.
        until: where live stands.
        found: what a comparison has found.
    """
    shape, since = _shape(found.half_life_us), found.places[partition]
    listed = [(*row.key, *row.truth) for row in found.differing[partition]]
    columns = dict(zip((*shape.keys, *shape.numbers), zip(*listed, strict=True), strict=True))
    arrays = [columns[name] for name in truths(shape).names]
    places = (since.epoch, since.sequence, until.sequence, *_given(found.half_life_us))
    rows = await tx.raw.fetch(_SUM_ANEW[shape.table.name], tenant_id, partition, *places, *arrays)
    if rows:
        prefixes, source_ids, traits, _ = zip(*rows, strict=True)
        await mark(tx, await tx.raw.fetchval(_IDS, tenant_id, partition, prefixes, source_ids, traits) or ())
    return {RowKey(prefix, str(source_id), traits, block) for prefix, source_id, traits, block in rows}


def _shape(half_life_us: int | None) -> Shape:
    return KEPT if half_life_us is None else OWN


def _given(half_life_us: int | None) -> tuple[int, ...]:
    return () if half_life_us is None else (half_life_us,)


async def letters(tx: Tx) -> list[Letter]:
    """Return the records that either group has set aside and not applied since."""
    rows = await tx.raw.fetch(_LETTERS)
    return [Letter(row["partition"], row["record_offset"], row["consumer_group"], row["value"]) for row in rows]


async def rounded(
    tx: Tx, limit: int, kept_left_alone: Collection[int] = (), own_left_alone: Collection[int] = ()
) -> list[Rounded]:
    """Return subjects with rows in which rounding shows, from so many marks of each table.

    Args:
        tx: the open transaction.
        limit: marks.
        kept_left_alone: none of these, of sums that every tenant has.
        own_left_alone: none of these, of a tenant's own half-life.
    """
    kept = await tx.raw.fetch(_ROUNDED, limit, kept_left_alone)
    own = await tx.raw.fetch(_ROUNDED_OWN, limit, own_left_alone)
    return [Rounded(*row) for row in (*kept, *own)]


async def drop_marks(tx: Tx, rounded: Rounded) -> None:
    """Take away the marks of a subject whose rows were summed anew."""
    table = "rounded_sums" if rounded.half_life_us is None else "rounded_tenant_sums"
    await tx.raw.execute(f"DELETE FROM {table} WHERE id = ANY($1::bigint[])", rounded.marks)


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
        _, after = range_below(root)
        if not has_own:
            return Root(tenant_id, root, after)
    return None


async def going_on(tx: Tx) -> Reconciliation | None:
    """Return the nightly comparison that is not finished, if there is one."""
    row = await tx.raw.fetchrow(_OPEN)
    if row is None:
        return None
    step = None if row["walk"] is None else Step(Walk(row["walk"]), row["walk_after"])
    return Reconciliation(row["id"], row["tenant_id"], row["subject"], step)


async def is_due(tx: Tx, begins_at: datetime) -> bool:
    """Return whether no nightly comparison has begun since an instant."""
    return bool(await tx.raw.fetchval(_IS_DUE, begins_at))


async def begin(tx: Tx, reconciliation_id: UUID, now: datetime) -> Reconciliation:
    """Begin a nightly comparison."""
    await tx.raw.execute(
        "INSERT INTO reconciliations VALUES ($1, $2, '', '', 0, 0, 0, 0, NULL)", reconciliation_id, now
    )
    return Reconciliation(reconciliation_id, "", "", None)


async def go_on(tx: Tx, night: Reconciliation, root: Root) -> bool:
    """Note that the subject after the last one was compared; return False where another process has noted that."""
    status = await tx.raw.execute(_GO_ON, night.id, night.tenant_id, night.subject, root.tenant_id, root.end)
    return rows_changed(status) > 0


async def take_step(tx: Tx, night: Reconciliation, following: Step | None) -> bool:
    """Note which step follows, or that all walks are at their end; return False where another process has noted it."""
    if following is None:
        return await finish(tx, night.id, tx.now)
    given = night.step or (None, None)
    return rows_changed(await tx.raw.execute(_TAKE_STEP, night.id, *given, *following)) > 0


async def count(tx: Tx, reconciliation_id: UUID, outcome: Outcome) -> None:
    """Add what became of a subject to what became of others."""
    await tx.raw.execute(_COUNT, reconciliation_id, *msgspec.structs.astuple(outcome))


async def finish(tx: Tx, reconciliation_id: UUID, now: datetime) -> bool:
    """Note that a nightly comparison has come to its end; return False where another process has noted it."""
    return rows_changed(await tx.raw.execute(_FINISH, reconciliation_id, now)) > 0
