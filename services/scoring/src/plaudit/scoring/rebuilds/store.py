"""Every SQL statement that makes sums anew beside those that are there."""

from typing import Final

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Role, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.database import role_name
from plaudit.scoring.history.store import kept_sums
from plaudit.scoring.rebuilds.domain import Progress
from plaudit.scoring.rebuilds.tables import sums_anew
from plaudit.scoring.reconciliation.store import LIVE_GROUP
from plaudit.scoring.sums.domain.decay import COUNTS
from plaudit.scoring.sums.domain.fold import DELTA_KEY
from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.store import ROWS_OF_A_MARK

JOB_LOCK: Final = "scoring/rebuild"
"""The order key of whoever makes sums anew."""

_SUMS = Columns(sums_anew, without=("id",))
_GROUPS = ("tenant_id", "prefix", "source_id", "traits", "partition")
_LIVE = f"""
SELECT partition, epoch, sequence FROM positions WHERE consumer_group = '{LIVE_GROUP}' AND topic = '{REVIEWS.name}'
"""
_PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'"
# A partition that has nothing more to sum is not among them.
_NEXT_STEP = f"""
SELECT live.partition::smallint, coalesce(place.epoch, 0) AS from_epoch, coalesce(place.sequence, 0) AS from_sequence,
    live.epoch AS live_epoch, live.sequence AS live_sequence, step.epoch, step.sequence
FROM ({_LIVE}) AS live LEFT JOIN rebuild_places AS place USING (partition)
LEFT JOIN LATERAL (
    SELECT ledger.epoch, ledger.sequence FROM ledger
    WHERE ledger.partition = live.partition
      AND (ledger.epoch, ledger.sequence) > (coalesce(place.epoch, 0), coalesce(place.sequence, 0))
      AND (ledger.epoch, ledger.sequence) <= (live.epoch, live.sequence)
    ORDER BY ledger.epoch, ledger.sequence OFFSET $1 LIMIT 1
) AS step ON true
WHERE (coalesce(place.epoch, 0), coalesce(place.sequence, 0)) < (live.epoch, live.sequence)
ORDER BY live.partition LIMIT 1
"""
_OF_PREFIXES = """
SELECT tenant_id, array_to_string(parts[1:depth], '/') COLLATE "C" AS prefix, source_id, traits, partition,
    sign, rating, rated_at
FROM ledger, string_to_array(subject, '/') AS parts, generate_series(1, cardinality(parts)) AS depth
WHERE partition = $1 AND (epoch, sequence) > ($2, $3) AND (epoch, sequence) <= ($4, $5)
"""
_ADDED = ", ".join(
    f"{name} = greatest(held.{name}, excluded.{name})"
    if name == "newest_us"
    else f"{name} = held.{name} + excluded.{name}"
    for name in KeptSums._fields
)
_SUM = f"""
INSERT INTO sums_anew AS held ({_SUMS.listed})
SELECT {_SUMS.listed} FROM ({kept_sums(_OF_PREFIXES, *_GROUPS)}) AS summed
ON CONFLICT ({", ".join(DELTA_KEY)}) DO UPDATE SET {_ADDED}
"""
_PLACE = """
INSERT INTO rebuild_places VALUES ($1, $2, $3)
ON CONFLICT (partition) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence
"""
_PROGRESS = f"""
SELECT coalesce(sum(place.sequence), 0)::bigint AS summed, coalesce(sum(live.sequence), 0)::bigint AS applied
FROM ({_LIVE}) AS live LEFT JOIN rebuild_places AS place USING (partition)
"""
_TAKE_THE_PLACE = """
ALTER TABLE sums RENAME TO sums_before;
ALTER TABLE sums_anew RENAME TO sums;
ALTER TABLE sums_before RENAME TO sums_anew;
TRUNCATE rebuild_places, rounded_sums
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
_MARK_CORRECTED = f"""
INSERT INTO marks (marked_at, row_ids)
SELECT now(), array_agg(id) FROM (
    SELECT anew.id, row_number() OVER () / {ROWS_OF_A_MARK} AS number
    FROM sums AS anew LEFT JOIN sums_anew AS old USING ({", ".join(DELTA_KEY)})
    WHERE ({", ".join(f"anew.{name}" for name in COUNTS)})
        IS DISTINCT FROM ({", ".join(f"old.{name}" for name in COUNTS)})
) AS corrected GROUP BY number
"""
_EMPTY_THE_OLD = "TRUNCATE sums_anew"


async def sum_some(tx: Tx, entries: int) -> bool:
    """Sum about so many more entries of the ledger, of one partition; return False where nothing is left.

    The ledger is summed up to where live stands, and no further.
    """
    await tx.raw.execute(_PLAN_ANEW)
    row = await tx.raw.fetchrow(_NEXT_STEP, entries - 1)
    if row is None:
        return False
    until = (row["live_epoch"], row["live_sequence"]) if row["epoch"] is None else (row["epoch"], row["sequence"])
    await tx.raw.execute(_SUM, row["partition"], row["from_epoch"], row["from_sequence"], *until)
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


async def take_the_place(tx: Tx) -> None:
    """Put the new sums in the place of the old ones, and empty these. Only the owner of the tables may.

    Whoever knows rows of the old table finds that it is another now. What was marked stays marked, and what the new
    sums correct is marked, so that it is published.
    """
    await tx.raw.execute(_TAKE_THE_PLACE)
    await tx.raw.execute(_AS_WORKER)  # the owner sees no tenant's rows
    await tx.raw.execute(_MOVE_MARKS)
    await tx.raw.execute(_MARK_CORRECTED)
    await tx.raw.execute(_AS_OWNER)
    await tx.raw.execute(_EMPTY_THE_OLD)
