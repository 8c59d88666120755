"""Every SQL statement that makes sums anew beside those that are there."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Role, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.database import role_name
from plaudit.scoring.half_lives.tables import ROW
from plaudit.scoring.history.store import half_life_sums, kept_sums
from plaudit.scoring.rebuilds.domain import MAX_SWITCH_SECONDS, Progress
from plaudit.scoring.rebuilds.tables import sums_anew, tenant_sums_anew
from plaudit.scoring.reconciliation.store.statements import HISTORY_GROUP, LIVE_GROUP
from plaudit.scoring.sums.domain.decay import COUNTS
from plaudit.scoring.sums.domain.fold import DELTA_KEY
from plaudit.scoring.sums.domain.kept import MOST_CANCELLED, KeptSums
from plaudit.scoring.sums.store import ROWS_OF_A_MARK

JOB_LOCK: Final = "scoring/rebuild"
"""The order key of whoever makes sums anew."""

_SUMS = Columns(sums_anew, without=("id",))
_OWN = Columns(tenant_sums_anew)
_GROUPS = ("tenant_id", "prefix", "source_id", "traits", "partition")
_LIVE = f"""
SELECT partition, epoch, sequence FROM positions WHERE consumer_group = '{LIVE_GROUP}' AND topic = '{REVIEWS.name}'
"""
_PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'"


class Ledger(NamedTuple):
    """A ledger that sums are made of."""

    table: str
    reached: str
    """Selects partition, epoch and sequence, up to which it is summed."""


# The ledger holds a record once history has it, which may be after live has: what is passed by is never summed.
_REACHED = f"""
SELECT partition, (lesser).epoch, (lesser).sequence FROM (
    SELECT live.partition, CASE WHEN (history.epoch, history.sequence) < (live.epoch, live.sequence)
        THEN history ELSE live END AS lesser
    FROM positions AS live JOIN positions AS history USING (topic, partition)
    WHERE live.consumer_group = '{LIVE_GROUP}' AND history.consumer_group = '{HISTORY_GROUP}'
      AND topic = '{REVIEWS.name}'
) AS both_groups
"""
PRESENT: Final = Ledger("ledger", _REACHED)

_BEGIN = """
INSERT INTO rebuild_half_lives
SELECT tenant_id, half_life_us FROM half_lives WHERE phase = 'kept' AND NOT EXISTS (SELECT FROM rebuild_places)
ON CONFLICT DO NOTHING
"""
_HAS_HALF_LIVES = "SELECT EXISTS (SELECT FROM rebuild_half_lives)"
# A partition that has nothing more to sum is not among them.
_NEXT_STEP = """
SELECT live.partition::smallint, coalesce(place.epoch, 0) AS from_epoch, coalesce(place.sequence, 0) AS from_sequence,
    live.epoch AS live_epoch, live.sequence AS live_sequence, step.epoch, step.sequence
FROM ({reached}) AS live LEFT JOIN rebuild_places AS place USING (partition)
LEFT JOIN LATERAL (
    SELECT ledger.epoch, ledger.sequence FROM {table} AS ledger
    WHERE ledger.partition = live.partition
      AND (ledger.epoch, ledger.sequence) > (coalesce(place.epoch, 0), coalesce(place.sequence, 0))
      AND (ledger.epoch, ledger.sequence) <= (live.epoch, live.sequence)
    ORDER BY ledger.epoch, ledger.sequence OFFSET $1 LIMIT 1
) AS step ON true
WHERE (coalesce(place.epoch, 0), coalesce(place.sequence, 0)) < (live.epoch, live.sequence)
ORDER BY live.partition LIMIT 1
"""
_OF_PREFIXES = """
SELECT tenant_id, {half_life} array_to_string(parts[1:depth], '/') COLLATE "C" AS prefix, source_id, traits, partition,
    sign, rating, rated_at
FROM {table} {joined}, string_to_array(subject, '/') AS parts, generate_series(1, cardinality(parts)) AS depth
WHERE partition = $1 AND (epoch, sequence) > ($2, $3) AND (epoch, sequence) <= ($4, $5)
"""


def _taken(weight: str) -> str:
    return f"sum(CASE WHEN sign < 0 THEN -sign * {weight} ELSE 0 END) AS {weight}_taken"


def _summing(into: Columns, summed: str, half_life: str, weights: Mapping[str, str], numbers: Sequence[str]) -> str:
    """Return the statement that adds summed entries to a table, and notes where rounding shows in what is left."""
    key = [column.name for column in into.table.primary_key]
    added = ", ".join(
        f"{name} = greatest(held.{name}, excluded.{name})"
        if name == "newest_us"
        else f"{name} = held.{name} + excluded.{name}"
        for name in numbers
    )
    left = {name: " + ".join(f"held.{prefix}w{star}" for star in range(1, 6)) for name, prefix in weights.items()}
    return f"""
WITH summed AS MATERIALIZED ({summed}),
added AS (
    INSERT INTO {into.table.name} AS held ({into.listed}) SELECT {into.listed} FROM summed
    ON CONFLICT ({", ".join(key)}) DO UPDATE SET {added}
    RETURNING {", ".join(f"held.{name}" for name in key)}, {", ".join(f"{left[name]} AS {name}_left" for name in left)},
        {" AND ".join(f"held.{name} = 0" for name in numbers if name != "newest_us")} AS is_nothing
)
INSERT INTO rebuild_rounded (tenant_id, prefix, half_life_us)
SELECT DISTINCT tenant_id, prefix, {half_life} FROM added JOIN summed USING ({", ".join(key)})
WHERE NOT is_nothing AND ({" OR ".join(f"{name}_left < {name}_taken * {MOST_CANCELLED}" for name in left)})
"""


def _kept_of(ledger: Ledger) -> str:
    entries = _OF_PREFIXES.format(half_life="", joined="", table=ledger.table)
    more = f"{_taken('trust_w')}, {_taken('recent_w')}"
    weights = {"trust_w": "trust_", "recent_w": "recent_"}
    return _summing(_SUMS, kept_sums(entries, *_GROUPS, more=more), "NULL::bigint", weights, KeptSums._fields)


def _own_of(ledger: Ledger) -> str:
    entries = _OF_PREFIXES.format(
        half_life="half_life_us,", joined="JOIN rebuild_half_lives USING (tenant_id)", table=ledger.table
    )
    summed = half_life_sums(entries, "half_life_us", *_GROUPS, half_life="half_life_us", more=_taken("w"))
    return _summing(_OWN, summed, "half_life_us", {"w": ""}, ROW)


_PLACE = """
INSERT INTO rebuild_places VALUES ($1, $2, $3)
ON CONFLICT (partition) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence
"""
# Numbers of an earlier epoch say nothing of how many there are of this one.
_PROGRESS = f"""
SELECT coalesce(sum(place.sequence) FILTER (WHERE place.epoch = live.epoch), 0)::bigint AS summed,
    coalesce(sum(live.sequence), 0)::bigint AS applied
FROM ({_LIVE}) AS live LEFT JOIN rebuild_places AS place USING (partition)
"""
# Whoever fills a half-life locks its row, and then the position of live.
_HOLD_HALF_LIVES = "SELECT FROM half_lives ORDER BY tenant_id, half_life_us FOR UPDATE"
_TAKE_THE_PLACE = """
ALTER TABLE sums RENAME TO sums_before;
ALTER TABLE sums_anew RENAME TO sums;
ALTER TABLE sums_before RENAME TO sums_anew;
ALTER TABLE tenant_sums RENAME TO tenant_sums_before;
ALTER TABLE tenant_sums_anew RENAME TO tenant_sums;
ALTER TABLE tenant_sums_before RENAME TO tenant_sums_anew;
TRUNCATE rebuild_places, rounded_sums, rounded_tenant_sums
"""
_COMMENTS = """
SELECT format('COMMENT ON TABLE %I IS %L', swapped.other, obj_description(swapped.name::regclass)) AS statement
FROM (VALUES ('sums', 'sums_anew'), ('sums_anew', 'sums'), ('tenant_sums', 'tenant_sums_anew'),
    ('tenant_sums_anew', 'tenant_sums')) AS swapped (name, other)
"""
# Of both tables and of both their sequences: what is over the same columns changes names.
_SWAPPED_NAMES = """
WITH swapped (name, other) AS (VALUES ('sums', 'sums_anew'), ('tenant_sums', 'tenant_sums_anew')),
indexes AS (
    SELECT t.relname AS of_table, c.relname AS name, substring(pg_get_indexdef(c.oid) FROM ' USING .*') AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relnamespace = 'scoring'::regnamespace
)
SELECT 'INDEX' AS kind, held.name, anew.name AS other
FROM swapped JOIN indexes AS held ON held.of_table = swapped.name
JOIN indexes AS anew ON anew.of_table = swapped.other AND anew.columns = held.columns
UNION ALL
SELECT 'SEQUENCE', split_part(pg_get_serial_sequence('sums', 'id'), '.', 2),
    split_part(pg_get_serial_sequence('sums_anew', 'id'), '.', 2)
"""
_AS_WORKER = f"SET LOCAL ROLE {role_name('scoring', Role.WORKER)}"
_AS_OWNER = f"SET LOCAL ROLE {role_name('scoring', Role.OWNER)}"
_BOTH = f"sums_anew AS old JOIN sums AS anew USING ({', '.join(DELTA_KEY)})"
# The old table has the name `sums_anew` by now. Who has read a mark before finds that it is gone, and leaves it.
_MOVE_MARKS = f"""
WITH gone AS (DELETE FROM marks RETURNING id, marked_at, row_ids)
INSERT INTO marks (marked_at, row_ids)
SELECT marked_at, array_agg(anew.id) FROM gone, unnest(row_ids) AS marked (old_id), {_BOTH}
WHERE old.id = old_id GROUP BY gone.id, marked_at
"""
_OWN_KEY: Final = ", ".join(column.name for column in tenant_sums_anew.primary_key)


def _differ(left: str, right: str) -> str:
    counts = (", ".join(f"{side}.{name}" for name in COUNTS) for side in (left, right))
    return " IS DISTINCT FROM ".join(f"({each})" for each in counts)


# What is published is marked by rows of `sums`, whichever of a subject's sums are corrected.
_MARK_CORRECTED = f"""
INSERT INTO marks (marked_at, row_ids)
SELECT now(), array_agg(id) FROM (
    SELECT id, row_number() OVER () / {ROWS_OF_A_MARK} AS number
    FROM (
        SELECT anew.id FROM sums AS anew LEFT JOIN sums_anew AS old USING ({", ".join(DELTA_KEY)})
        WHERE {_differ("anew", "old")}
        UNION
        SELECT sums.id FROM tenant_sums AS anew LEFT JOIN tenant_sums_anew AS old USING ({_OWN_KEY})
        JOIN sums USING (tenant_id, prefix, source_id, traits, partition)
        WHERE {_differ("anew", "old")}
    ) AS differing
) AS corrected GROUP BY number
"""
_MARK_ROUNDED = """
INSERT INTO rounded_sums (sums_id)
SELECT id FROM sums JOIN rebuild_rounded USING (tenant_id, prefix) WHERE half_life_us IS NULL
"""
_MARK_ROUNDED_OWN = """
INSERT INTO rounded_tenant_sums (tenant_id, half_life_us, prefix)
SELECT DISTINCT tenant_id, half_life_us, prefix FROM rebuild_rounded WHERE half_life_us IS NOT NULL
"""
# One that was being filled, or came since the rebuild began, is filled from its beginning.
_FILL_THE_OTHERS = """
UPDATE half_lives SET phase = 'clearing', after_review = NULL, waits_for = NULL, next_turn_at = now()
WHERE phase <> 'kept' OR (tenant_id, half_life_us) NOT IN (SELECT tenant_id, half_life_us FROM rebuild_half_lives)
"""
_DROP_THE_GONE = """
DELETE FROM tenant_sums WHERE (tenant_id, half_life_us) IN (
    SELECT tenant_id, half_life_us FROM rebuild_half_lives
    EXCEPT SELECT tenant_id, half_life_us FROM half_lives
)
"""
_LET_IT_TAKE_LONGER = f"SET LOCAL statement_timeout = {round(MAX_SWITCH_SECONDS * 1000)}"
_IS_REFILLED = "SELECT EXISTS (SELECT FROM refills)"
_EMPTY_THE_OLD = "TRUNCATE sums_anew, tenant_sums_anew, rebuild_half_lives, rebuild_rounded"


async def sum_some(tx: Tx, entries: int, ledger: Ledger = PRESENT) -> bool:
    """Sum about so many more entries of a ledger, of one partition; return False where nothing is left.

    The present ledger is summed up to where both live and history stand, and no further. The half-lives of tenants' own
    that are kept when it begins are summed with the others.
    """
    await tx.raw.execute(_PLAN_ANEW)
    await tx.raw.execute(_BEGIN)
    row = await tx.raw.fetchrow(_NEXT_STEP.format(table=ledger.table, reached=ledger.reached), entries - 1)
    if row is None:
        return False
    until = (row["live_epoch"], row["live_sequence"]) if row["epoch"] is None else (row["epoch"], row["sequence"])
    step = (row["partition"], row["from_epoch"], row["from_sequence"], *until)
    await tx.raw.execute(_kept_of(ledger), *step)
    if await tx.raw.fetchval(_HAS_HALF_LIVES):
        await tx.raw.execute(_own_of(ledger), *step)
    await tx.raw.execute(_PLACE, row["partition"], *until)
    return True


async def progress(tx: Tx) -> Progress:
    """Return how far the new sums have come."""
    row = await tx.raw.fetchrow(_PROGRESS)
    assert row is not None
    return Progress(row["summed"], row["applied"])


async def partitions(tx: Tx) -> list[int]:
    """Return the partitions that live has read."""
    return [row["partition"] for row in await tx.raw.fetch(_LIVE)]


async def hold_half_lives(tx: Tx) -> None:
    """Let nobody fill or drop half-lives until the transaction of the owner ends. To be done before live is held."""
    await tx.raw.execute(_AS_WORKER)  # the owner sees no tenant's rows
    await tx.raw.execute(_HOLD_HALF_LIVES)
    await tx.raw.execute(_AS_OWNER)


async def is_refilled(tx: Tx) -> bool:
    """Return whether the ledger is being made anew: then the new sums are of the new ledger."""
    return bool(await tx.raw.fetchval(_IS_REFILLED))


async def take_the_place(tx: Tx) -> None:
    """Put the new sums in the place of the old ones, and empty these. Only the owner of the tables may.

    Indexes and sequences get the names of the old ones, by which a migration finds them. Whoever knows rows of the old
    table finds that it is another now. What was marked stays marked, and what the new
    sums correct is marked, so that it is published.
    """
    await tx.raw.execute(_LET_IT_TAKE_LONGER)
    await tx.raw.execute(_TAKE_THE_PLACE, timeout=MAX_SWITCH_SECONDS)
    await _swap_names(tx)
    await tx.raw.execute(_AS_WORKER)
    for statement in (
        _MOVE_MARKS,
        _MARK_CORRECTED,
        _MARK_ROUNDED,
        _MARK_ROUNDED_OWN,
        _FILL_THE_OTHERS,
        _DROP_THE_GONE,
    ):
        await tx.raw.execute(statement, timeout=MAX_SWITCH_SECONDS)
    await tx.raw.execute(_AS_OWNER)
    await tx.raw.execute(_EMPTY_THE_OLD)


async def _swap_names(tx: Tx) -> None:
    for kind, name, other in await tx.raw.fetch(_SWAPPED_NAMES):
        for old, new in ((name, "swapped_name"), (other, name), ("swapped_name", other)):
            await tx.raw.execute(f"ALTER {kind} {old} RENAME TO {new}")
    for row in await tx.raw.fetch(_COMMENTS):
        await tx.raw.execute(row["statement"])
