"""Every SQL statement over the ledger."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from math import gcd
from typing import Any, Final, TypeVar
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns, under
from plaudit.common.db.subjects import is_below, is_within
from plaudit.scoring.history.domain import LATE, NEW, ChangedDay, LastEntry, LedgerEntry, Past, Run
from plaudit.scoring.history.tables import changed_days, ledger, tail
from plaudit.scoring.sums.domain.decay import LANDMARK_HALF_LIVES, Sums
from plaudit.scoring.sums.domain.kept import BLOCK_US, RECENT_US, TRUST_LANDMARK_US, TRUST_US, KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart, KeptStep, Part, StepPart
from plaudit.scoring.topics.domain import ERASED

Numbers = TypeVar("Numbers", Sums, KeptSums)

LEDGER: Final = "ledger"

_OF_TOLD = under("told", "tenant_id", "partition", "epoch", "sequence", "known_at")
_OF_CHANGE = under("told.change", "review_id", "revision")
_OF_REVIEW = under("review", "subject", "rating", "rated_at")
_COLUMNS = Columns(ledger, _OF_TOLD | _OF_CHANGE | _OF_REVIEW | {"source_id": "review.source.id"})
_APPEND = f"INSERT INTO ledger ({_COLUMNS.listed}) SELECT * FROM {_COLUMNS.unnest()}"
_TAIL = Columns(tail, without=("id",))
_NOTE_TAIL = f"INSERT INTO tail ({_TAIL.listed}) SELECT * FROM {_TAIL.unnest()}"
_DAYS = Columns(changed_days, without=("id",))
_NOTE_DAYS = f"INSERT INTO changed_days ({_DAYS.listed}) SELECT * FROM {_DAYS.unnest()}"
# Of a change of which it is not told what was before it, anything may have been.
_LAST_ENTRIES = f"""
SELECT wanted.id::text AS review_id, valid_at, coalesce(lowest, CASE WHEN is_new THEN floor(rating) ELSE 1 END)::int,
    coalesce(highest, CASE WHEN is_new THEN ceil(rating) ELSE 5 END)::int,
    CASE WHEN is_new THEN rated_at ELSE greatest(coalesce(newest_before, known_at), rated_at) END,
    CASE WHEN is_new THEN greatest(valid_at, known_at) ELSE first_shown_at END
FROM unnest($1::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT *, happened IN ({NEW}, {LATE}) AS is_new FROM {{}} WHERE review_id = wanted.id
    ORDER BY valid_at DESC, known_at DESC, sequence DESC, sign DESC LIMIT 1
) AS last
"""
_CLEAR_TOPICS = f"""
UPDATE ledger SET topics = {ERASED} WHERE tenant_id = $1 AND review_id = $2::uuid AND topics IS DISTINCT FROM {ERASED}
"""


def in_us(time: str) -> str:
    """Return a time as whole microseconds since the Unix epoch, as a statement computes it.

    A double holds it to a quarter of one, which rounding takes away.
    """
    return f"round(date_part('epoch', {time}) * 1e6)::bigint"


def day_of(time: str) -> str:
    """Return the day in UTC that a time is in, since 1970, as a statement computes it."""
    return f"(({time} AT TIME ZONE 'UTC')::date - DATE '1970-01-01')"


RATED_US: Final = in_us("rated_at")
SHOWN_AT: Final = "greatest(valid_at, known_at)"
"""From when on figures show an entry, as `LedgerEntry.shown_at`."""
_NUMBERS = f"sign, source_id, traits, rating, {RATED_US} AS rated_us, floor(rating + 0.5)::int AS star"
_OF_SUBJECT = f"tenant_id = $1 AND {is_within('subject', '$2')}"
_MOMENT = f"{_OF_SUBJECT} AND valid_at <= $3 AND known_at <= $4"
ENTRIES: Final = f"SELECT {_NUMBERS} FROM ledger WHERE {_MOMENT}"
"""The entries of a subject ($1: the tenant, $2: it) that make up a moment ($3, $4); other rooms select from it, too."""
_ENTRIES = f"SELECT sign, source_id, traits, rating, rated_at FROM ledger WHERE {_MOMENT}"
# As whole numbers of their greatest common part, a block and a landmark divide exactly where one begins with the other.
_PART_US = gcd(BLOCK_US, TRUST_LANDMARK_US)
_BLOCK, _LANDMARK = BLOCK_US // _PART_US, TRUST_LANDMARK_US // _PART_US
_COUNTS: Final = ", ".join(
    f"coalesce(sum(sign) FILTER (WHERE star = {star}), 0)::bigint AS n{star}" for star in range(1, 6)
)


def _of_half_life(name: str, weight: str) -> str:
    """Return the sums of a half-life, of rows that have their weight against its landmark."""
    stars = ", ".join(
        f"coalesce(sum(sign * {weight}) FILTER (WHERE star = {star}), 0) AS {name}w{star}" for star in range(1, 6)
    )
    return f"sum(sign * rating * {weight}) AS {name}a, sum(sign * {weight} * {weight}) AS {name}b2, {stars}"


def _netted(entries: str, *groups: str) -> str:
    """Return entries as one for each rating and time in a group, with the sum of their signs.

    What was added and taken away again is then exactly nothing, however much it weighed.
    """
    listed = ", ".join(groups)
    return f"""
    SELECT {listed}, rating, floor(rating + 0.5)::int AS star, {RATED_US} AS rated_us, sum(sign)::int AS sign
    FROM ({entries}) AS entries GROUP BY {listed}, rating, rated_at
"""


# No power here can overflow or underflow, which would be an error: each weight is against a landmark near the review.
def weighed(entries: str, *groups: str) -> str:
    """Return a statement that weighs entries as `KeptSums` does, those of one group, rating and time as one.

    Args:
        entries: a statement that selects the groups and `sign, rating, rated_at` of entries of the ledger.
        groups: columns, at least one.
    """
    return f"""
SELECT *,
    power(2::float8, (rated_us - {LANDMARK_HALF_LIVES * TRUST_US}
        * floor(block * {_BLOCK}::float8 / {_LANDMARK})::bigint)::float8 / {TRUST_US}) AS trust_w,
    power(2::float8, (rated_us - block * {BLOCK_US})::float8 / {RECENT_US}) AS recent_w
FROM (
    SELECT *, floor(rated_us / {BLOCK_US}::float8)::int AS block FROM ({_netted(entries, *groups)}) AS netted
) AS blocked
"""


def kept_sums(entries: str, *groups: str, more: str = "") -> str:
    """Return a statement that sums entries as `KeptSums` does, by groups and block.

    Args:
        entries: a statement that selects the groups and `sign, rating, rated_at` of entries of the ledger.
        groups: columns, at least one.
        more: further columns of the answer, over `sign`, `rated_us`, `trust_w` and `recent_w`.
    """
    listed = ", ".join(groups)
    return f"""
SELECT {listed}, block, {_COUNTS}, sum(sign * rating) AS total, max(rated_us) AS newest_us,
    {_of_half_life("trust_", "trust_w")}, {_of_half_life("recent_", "recent_w")}{more and ", "}{more}
FROM ({weighed(entries, *groups)}) AS weighed
GROUP BY {listed}, block
"""


def half_life_sums(entries: str, *groups: str, half_life: str, more: str = "") -> str:
    """Return a statement that sums entries as `Sums` does, by groups and landmark, with when the newest was rated.

    Args:
        entries: a statement that selects the groups and `sign, rating, rated_at` of entries of the ledger.
        groups: columns, at least one.
        half_life: in microseconds: a bigint that is a parameter or one of the groups.
        more: further columns of the answer, over `sign`, `rated_us` and `w`.
    """
    listed = ", ".join(groups)
    return f"""
SELECT {listed}, landmark, {_of_half_life("", "w")}, {_COUNTS}, max(rated_us) AS newest_us{more and ", "}{more}
FROM (
    SELECT *, power(2::float8, (rated_us - landmark * {half_life} * {LANDMARK_HALF_LIVES})::float8 / {half_life}) AS w
    FROM (
        SELECT *, floor(rated_us / ({half_life} * {LANDMARK_HALF_LIVES})::float8)::bigint AS landmark
        FROM ({_netted(entries, *groups)}) AS netted
    ) AS placed
) AS weighed
GROUP BY {listed}, landmark
"""


_KEPT = kept_sums(_ENTRIES, "source_id", "traits")
_OF_ONE_HALF_LIFE = half_life_sums(_ENTRIES, "source_id", "traits", half_life="$5::bigint")


def _in_steps(effective: str) -> str:
    """Return the entries of a subject that took effect in steps: $3 has the start of each, $4 is the end of the last.

    A step's start belongs to it.
    """
    return f"""
SELECT sign, source_id, traits, rating, rated_at, width_bucket({effective}, $3::timestamptz[]) AS step
FROM ledger WHERE {_OF_SUBJECT} AND {effective} >= ($3::timestamptz[])[1] AND {effective} < $4
"""


_STEP_US = in_us("($3::timestamptz[])[step]")
_RATED = f"(sum(sign) FILTER (WHERE rated_us >= {_STEP_US}))::bigint AS rated"
_BY_STEP = ("source_id", "traits", "step")
# What was shown at an instant had taken effect by then, and was known. What is new in a step was rated in it.
_EFFECTIVE = {False: "valid_at", True: SHOWN_AT}
_STEPS: Final = {
    as_known: kept_sums(_in_steps(effective), *_BY_STEP, more=_RATED) for as_known, effective in _EFFECTIVE.items()
}
_STEPS_OF_ONE_HALF_LIFE: Final = {
    as_known: half_life_sums(_in_steps(effective), *_BY_STEP, half_life="$5::bigint", more=_RATED)
    for as_known, effective in _EFFECTIVE.items()
}


async def append(tx: Tx, entries: Sequence[LedgerEntry]) -> None:
    """Append entries to the ledger.

    Raises:
        asyncpg.UniqueViolationError: an entry of the same partition, epoch, sequence and sign exists.
    """
    if entries:
        await tx.raw.execute(_APPEND, *_COLUMNS.arrays(entries))


async def append_many(tx: Tx, entries: Iterable[LedgerEntry], schema: str) -> None:
    """Append entries to a twin of the ledger, at half the cost of each; not to the ledger, which has row security.

    Args:
        tx: the open transaction.
        entries: in any order.
        schema: where the twin is.

    Raises:
        asyncpg.UniqueViolationError: as `append`.
    """
    rows = map(_COLUMNS.row, entries)
    await tx.raw.copy_records_to_table(LEDGER, schema_name=schema, columns=_COLUMNS.names, records=rows)


async def note_tail(tx: Tx, runs: Sequence[Run]) -> None:
    """Note runs of records whose entries this transaction appends: no cell holds them yet."""
    await tx.raw.execute(_NOTE_TAIL, *_TAIL.arrays(runs))


async def note_changed_days(tx: Tx, days: Sequence[ChangedDay]) -> None:
    """Note past days that this transaction appends entries to: what was summed of them is old."""
    if days:
        await tx.raw.execute(_NOTE_DAYS, *_DAYS.arrays(days))


async def last_entries(tx: Tx, review_ids: Collection[str], table: str = LEDGER) -> dict[str, LastEntry]:
    """Return review id → its last entry in the ledger, or in a twin of it, of those that have any."""
    if not review_ids:
        return {}
    rows = await tx.raw.fetch(_LAST_ENTRIES.format(table), sorted(review_ids))
    return {review_id: LastEntry(valid_at, Past(*past)) for review_id, valid_at, *past in rows}


async def clear_topics(tx: Tx, tenant_id: str, review_id: str) -> None:
    """Forget what a review that was erased mentioned: the one thing that is ever changed here."""
    await tx.raw.execute(_CLEAR_TOPICS, tenant_id, review_id)


async def kept_at(tx: Tx, tenant_id: str, subject: str, at: datetime, known_at: datetime) -> list[KeptPart]:
    """Return the sums of a subject and all below it as they stood, computed from the ledger.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        at: what had taken effect by then counts.
        known_at: of that, what was known by then.
    """
    rows = await tx.raw.fetch(_KEPT, tenant_id, subject, at, known_at)
    return [_kept_part(row) for row in rows]


async def parts_at(
    tx: Tx, tenant_id: str, subject: str, half_life_us: int, at: datetime, known_at: datetime
) -> list[Part]:
    """Return the sums of one half-life, which may be any; otherwise as `kept_at`."""
    rows = await tx.raw.fetch(_OF_ONE_HALF_LIFE, tenant_id, subject, at, known_at, half_life_us)
    return [_part(row) for row in rows]


async def steps_of(
    tx: Tx, tenant_id: str, subject: str, starts: Sequence[datetime], end: datetime, *, as_known: bool
) -> list[KeptStep]:
    """Return what each step added to the sums of a subject and all below it, in the order of the steps.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        starts: of the steps, in their order; each ends where the next one starts.
        end: of the last.
        as_known: whether a change counts from when it was known too, not only had taken effect.
    """
    rows = await tx.raw.fetch(_STEPS[as_known], tenant_id, subject, starts, end)
    found = [KeptStep(row["step"] - 1, _kept_part(row), row["rated"] or 0) for row in rows]
    return sorted(found, key=lambda each: each.step)


async def steps_of_half_life(
    tx: Tx,
    tenant_id: str,
    subject: str,
    half_life_us: int,
    starts: Sequence[datetime],
    end: datetime,
    *,
    as_known: bool,
) -> list[StepPart]:
    """Return what each step added to the sums of one half-life, which may be any; otherwise as `steps_of`."""
    rows = await tx.raw.fetch(_STEPS_OF_ONE_HALF_LIFE[as_known], tenant_id, subject, starts, end, half_life_us)
    found = [StepPart(row["step"] - 1, _part(row), row["rated"] or 0) for row in rows]
    return sorted(found, key=lambda each: each.step)


_OF_SOURCE = "($4::uuid IS NULL OR source_id = $4)"
# In the order of the index by subject, so that nothing of other subjects is read, whatever a plan expects.
_RATED_BEFORE = f"""(
    SELECT subject FROM ledger WHERE tenant_id = $1 AND {{}} AND (rated_at <= $3 AND {_OF_SOURCE}) IS TRUE
    ORDER BY subject LIMIT 1
) IS NOT NULL"""
_RATED_SINCE = f"""
SELECT CASE
    WHEN {_RATED_BEFORE.format("subject = $2")} OR {_RATED_BEFORE.format(is_below("subject", "$2"))}
    THEN $3::timestamptz
    ELSE (SELECT min(rated_at) FROM ledger WHERE tenant_id = $1 AND {is_within("subject", "$2")} AND {_OF_SOURCE})
END
"""


async def rated_since(
    tx: Tx, tenant_id: str, subject: str, since: datetime, source_id: UUID | None = None
) -> datetime | None:
    """Return since when a subject, or anything below it, has reviews, or `since` if that is earlier.

    Days before it are not days without reviews: nobody tells of them. Reviews that are gone began it as well.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        since: no earlier instant is looked for.
        source_id: of this source's reviews alone, if given.

    Returns:
        The instant; None where there never was a review.
    """
    found: datetime | None = await tx.raw.fetchval(_RATED_SINCE, tenant_id, subject, since, source_id)
    return found


def _kept_part(row: Any) -> KeptPart:
    return KeptPart(_spelt(row), row["traits"], row["block"], _numbers(KeptSums, row))


def _part(row: Any) -> Part:
    return Part(_spelt(row), row["traits"], row["landmark"], _numbers(Sums, row), row["newest_us"])


def _spelt(row: Any) -> str:
    return str(row["source_id"])


def _numbers(kind: type[Numbers], row: Any) -> Numbers:
    return kind(*(row[name] for name in kind._fields))
