"""Every SQL statement over the cells of large subjects."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.scoring.cells.domain import (
    ASKING_SHARE,
    LARGE_ENTRIES,
    MAX_US,
    MIN_US,
    SPAN_DAYS,
    Grain,
    Pieces,
    cut,
    following,
    is_nearly_all,
    pieces,
    pieces_by_known,
)
from plaudit.scoring.cells.tables import cells, rated_cells
from plaudit.scoring.history import store as history
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.sums.domain.decay import EPOCH, unix_us
from plaudit.scoring.sums.domain.kept import MOST_CANCELLED, NOTHING_KEPT, TOTAL, KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart

HAS_WORK: Final = "SELECT EXISTS (SELECT FROM tail) OR EXISTS (SELECT FROM celled_prefixes WHERE NOT is_filled)"
JOB_LOCK: Final = "scoring/cells"
"""The order key of whoever changes cells."""

_CELLS = Columns(cells)
_KEY = tuple(column.name for column in cells.primary_key)
NUMBERS: Final = tuple(name for name in _CELLS.names if name not in {*_KEY, "prompt"})
_RATED = Columns(rated_cells)
_RATED_KEY = tuple(column.name for column in rated_cells.primary_key)
RATED_NUMBERS: Final = tuple(name for name in _RATED.names if name not in _RATED_KEY)
DAY_OF = "({} AT TIME ZONE 'UTC')::date - DATE '1970-01-01'"
GRAINS: Final = ", ".join(
    f"({valid:d}, {known:d})" for valid in Grain for known in Grain if (valid, known) != (Grain.ALL, Grain.ALL)
)
_MONTH_BITS: Final = SPAN_DAYS.bit_length() - 1
SUMMED: Final = "sum(abs(sign) * trust_w) AS trust_summed, sum(abs(sign) * recent_w) AS recent_summed"


def totals(of: str, *names: str) -> str:
    """Return the select list that adds up numbers of cells: all that make sums, or some of them."""
    kinds = dict.fromkeys((*KeptSums._fields[:TOTAL], "prompt"), "::bigint")
    return ", ".join(
        f"max({of}.{name}) AS {name}" if name == "newest_us" else f"sum({of}.{name}){kinds.get(name, '')} AS {name}"
        for name in names or NUMBERS
    )


def _added(*names: str) -> str:
    """Return what an upsert does with numbers of cells that are there."""
    return ", ".join(
        f"{name} = greatest(held.{name}, excluded.{name})"
        if name == "newest_us"
        else f"{name} = held.{name} + excluded.{name}"
        for name in names
    )


def span_of(grain: str, day: str) -> str:
    """Return the span of a grain that a day is in."""
    return f"CASE {grain} WHEN {Grain.DAY:d} THEN {day} WHEN {Grain.MONTH:d} THEN {day} >> {_MONTH_BITS} ELSE 0 END"


RATED_DAY: Final = f"floor(rated_us / {DAY_US}::float8)::int"


def _into_cells(entries: str) -> str:
    """Return the WITH queries that add entries to the cells of all grains; `entries` names the prefix of each."""
    days = f"{DAY_OF.format('valid_at')} AS valid_day, {DAY_OF.format('known_at')} AS known_day"
    groups = ("tenant_id", "prefix", "valid_day", "known_day", "source_id", "traits", "is_prompt")
    rated_groups = ("tenant_id", "prefix", "source_id", "traits")
    return f"""
of_prefixes AS MATERIALIZED (SELECT *, {days}, valid_at = rated_at AS is_prompt FROM ({entries}) AS of_prefixes),
by_day AS MATERIALIZED ({history.kept_sums("SELECT * FROM of_prefixes", *groups, more=SUMMED)}),
by_grain AS (
    SELECT tenant_id, prefix, valid_grain, known_grain,
        {span_of("valid_grain", "valid_day")} AS valid_span, {span_of("known_grain", "known_day")} AS known_span,
        source_id, traits, block, {totals("by_day")},
        coalesce(sum(n1 + n2 + n3 + n4 + n5) FILTER (WHERE is_prompt), 0)::bigint AS prompt
    FROM by_day CROSS JOIN (VALUES {GRAINS}) AS grains (valid_grain, known_grain)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
),
added AS (
    INSERT INTO cells AS held ({_CELLS.listed}) SELECT {_CELLS.listed} FROM by_grain
    ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {_added(*NUMBERS, "prompt")}
),
by_rated_grain AS (
    SELECT tenant_id, prefix, grain, {span_of("grain", RATED_DAY)} AS span, source_id, traits, rating,
        sum(sign)::bigint AS n, sum(sign * trust_w) AS trust_w, sum(sign * trust_w * trust_w) AS trust_b2,
        sum(sign * recent_w) AS recent_w, sum(sign * recent_w * recent_w) AS recent_b2
    FROM ({history.weighed("SELECT * FROM of_prefixes", *rated_groups)}) AS weighed
    CROSS JOIN (VALUES ({Grain.DAY:d}), ({Grain.MONTH:d})) AS grains (grain)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
),
rated_added AS (
    INSERT INTO rated_cells AS held ({_RATED.listed}) SELECT {_RATED.listed} FROM by_rated_grain
    ON CONFLICT ({", ".join(_RATED_KEY)}) DO UPDATE SET {_added(*RATED_NUMBERS)}
)"""


_PATHS = "string_to_array(entries.subject, '/') AS parts, generate_series(1, cardinality(parts)) AS depth"
_ENTRY = "tenant_id, subject, source_id, traits, sign, rating, rated_at, valid_at, known_at"
_TAKE_TAIL = f"""
WITH oldest AS (
    SELECT id, sum(records) OVER (ORDER BY id) - records AS before
    FROM (
        SELECT id, last_sequence - first_sequence + 1 AS records FROM tail ORDER BY id LIMIT $1
    ) AS oldest_runs
),
taken AS (
    DELETE FROM tail USING oldest WHERE tail.id = oldest.id AND oldest.before < $2
    RETURNING tail.partition, tail.epoch, tail.first_sequence, tail.last_sequence
),
entries AS MATERIALIZED (
    SELECT {_ENTRY}, sequence FROM taken CROSS JOIN LATERAL (
        SELECT * FROM ledger WHERE ledger.partition = taken.partition AND ledger.epoch = taken.epoch
            AND ledger.sequence BETWEEN taken.first_sequence AND taken.last_sequence
        OFFSET 0
    ) AS of_run
),
{
    _into_cells(f'''
    SELECT entries.*, celled.prefix FROM entries, {_PATHS}, celled_prefixes AS celled
    WHERE celled.tenant_id = entries.tenant_id AND celled.prefix = array_to_string(parts[1:depth], '/') COLLATE "C"
      AND (celled.is_filled OR entries.valid_at <= celled.filled_valid_at)
''')
},
asking AS (
    SELECT DISTINCT tenant_id, array_to_string(parts[1:depth], '/') COLLATE "C" AS prefix
    FROM entries, {_PATHS} WHERE sequence % {ASKING_SHARE} = 0
)
SELECT (SELECT coalesce(sum(last_sequence - first_sequence + 1), 0)::bigint FROM taken) AS records,
    array_agg(tenant_id) AS tenants, array_agg(prefix) AS prefixes
FROM asking WHERE NOT EXISTS (
    SELECT FROM celled_prefixes AS celled
    WHERE celled.tenant_id = asking.tenant_id AND celled.prefix = asking.prefix
)
"""
_WITHIN = "subject >= {0} AND subject < {0} || '0' AND (subject = {0} OR subject >= {0} || '/')"
_NAME_LARGE = f"""
INSERT INTO celled_prefixes (tenant_id, prefix)
SELECT asking.tenant_id, asking.prefix FROM unnest($1::text[], $2::text[]) AS asking (tenant_id, prefix)
WHERE {LARGE_ENTRIES} <= (
    SELECT count(*) FROM (
        SELECT FROM ledger WHERE ledger.tenant_id = asking.tenant_id AND {_WITHIN.format("asking.prefix")}
        LIMIT {LARGE_ENTRIES}
    ) AS first_ones
)
ON CONFLICT DO NOTHING
"""
_TO_FILL = """
SELECT tenant_id, filled_valid_at, array_agg(prefix) AS prefixes FROM celled_prefixes WHERE NOT is_filled
GROUP BY tenant_id, filled_valid_at ORDER BY tenant_id, filled_valid_at LIMIT 1
"""
_CHUNK_END = "SELECT valid_at FROM ledger WHERE tenant_id = $1 AND valid_at > $2 ORDER BY valid_at OFFSET $3 LIMIT 1"
_IN_TAIL = """
EXISTS (
    SELECT FROM tail WHERE tail.partition = ledger.partition AND tail.epoch = ledger.epoch
        AND ledger.sequence BETWEEN tail.first_sequence AND tail.last_sequence
)
"""
_FILL = f"""
WITH entries AS (
    SELECT {_ENTRY} FROM ledger WHERE tenant_id = $1 AND valid_at > $2 AND valid_at <= $4 AND NOT {_IN_TAIL}
),
{
    _into_cells(f'''
    SELECT entries.*, filled.prefix FROM entries, {_PATHS}, unnest($3::text[]) AS filled (prefix)
    WHERE filled.prefix = array_to_string(parts[1:depth], '/') COLLATE "C"
''')
}
UPDATE celled_prefixes SET is_filled = $5, filled_valid_at = $4 WHERE tenant_id = $1 AND prefix = ANY($3::text[])
"""
_EMPTY = [
    f"DELETE FROM {table} WHERE tenant_id = $1 AND prefix = ANY($2::text[])" for table in ("cells", "rated_cells")
]
_PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'"
# A ledger made anew takes the old one's place and empties the cells in one transaction. It waits for whoever has read
# the ledger: so that no answer is made of cells that are gone, the ledger is read here, before them.
_IS_CELLED = """
SELECT NOT EXISTS (SELECT FROM ledger WHERE false)
    AND EXISTS (SELECT FROM celled_prefixes WHERE tenant_id = $1 AND prefix = $2 AND is_filled)
"""
# What IS TRUE is put to serves no index, so that the index is used by which the entries are few. So does `left`: there
# may be a million subjects below the prefix.
BELOW: Final = "left(subject, length($2) + 1) = $2 || '/'"
_FIRST = "(SELECT subject FROM ledger WHERE tenant_id = $1 AND {} ORDER BY subject LIMIT 1) IS NOT NULL"
OF_SUBJECT: Final = (
    f"subject = $2 AND {_FIRST.format('subject >= $2 AND subject <= $2')}",
    f"""{BELOW} AND {_FIRST.format("subject >= $2 || '/' AND subject < $2 || '0'")}""",
)
"""The entries of a subject itself, and those of what is below it: two conditions, since each is quicker by an index of
its own. Where there are none of the one, they are not looked for; that the first one is asked for in the order of the
index by subject keeps the planner from reading all others to find it."""
_VALID = "valid_at >= ${} AND valid_at < ${}"
_KNOWN = "known_at >= ${} AND known_at < ${}"
_ENTRY_OF_ENDS = "SELECT source_id, traits, sign, rating, rated_at FROM ledger WHERE tenant_id = $1"


def _few_by_valid(first: int) -> str:
    """Return the entries of a stretch of both times, given as four parameters; few took effect in it."""
    condition = f"{_VALID.format(first, first + 1)} AND ({_KNOWN.format(first + 2, first + 3)}) IS TRUE"
    return " UNION ALL ".join(f"{_ENTRY_OF_ENDS} AND {which} AND {condition}" for which in OF_SUBJECT)


def _few_by_known(first: int) -> str:
    """Return the entries of a stretch of both times, given as four parameters; few were known in it."""
    condition = f"({_VALID.format(first, first + 1)}) IS TRUE AND {_KNOWN.format(first + 2, first + 3)}"
    return f"{_ENTRY_OF_ENDS} AND (subject = $2 OR {BELOW}) AND {condition}"


def of_tail(columns: str) -> str:
    """Return the entries of a subject ($1: the tenant, $2: it) that no cell holds yet.

    OFFSET 0 keeps the planner from reading the whole ledger once to join it: it does not know how short the tail is.
    """
    return f"""
SELECT {columns} FROM tail
CROSS JOIN LATERAL (
    SELECT * FROM ledger WHERE ledger.partition = tail.partition AND ledger.epoch = tail.epoch
        AND ledger.sequence BETWEEN tail.first_sequence AND tail.last_sequence
    OFFSET 0
) AS of_tail
WHERE tenant_id = $1 AND (subject = $2 OR {BELOW})
"""


_ENTRIES = f"""
{_few_by_valid(9)} UNION ALL {_few_by_valid(13)}
UNION ALL {_few_by_known(17)} UNION ALL {_few_by_known(21)}
UNION ALL
{of_tail("source_id, traits, sign, rating, rated_at")} AND {_VALID.format(25, 26)} AND {_KNOWN.format(27, 28)}
"""
_IS_AHEAD = f"""
EXISTS (
    SELECT FROM ledger WHERE tenant_id = $1 AND (subject = $2 OR {BELOW}) AND valid_at > known_at
        AND {_VALID.format(29, 30)} AND ({_KNOWN.format(31, 32)}) IS TRUE
)
"""
_SPANS = ("valid_grain", "valid_first", "valid_end", "known_grain", "known_first", "known_end")
# One statement, so that cells and tail are of one instant: each entry is in the one or in the other.
_SUMS_OF_CELLS = f"""
WITH found AS (
    SELECT source_id, traits, block, {totals("held")}
    FROM unnest($3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[]) AS s ({", ".join(_SPANS)})
    CROSS JOIN LATERAL (
        SELECT * FROM cells WHERE tenant_id = $1 AND prefix = $2
          AND cells.valid_grain = s.valid_grain AND cells.known_grain = s.known_grain
          AND valid_span >= s.valid_first AND valid_span < s.valid_end
          AND known_span >= s.known_first AND known_span < s.known_end
        OFFSET 0
    ) AS held
    GROUP BY source_id, traits, block
    UNION ALL
    SELECT source_id, traits, block, {", ".join(NUMBERS)}
    FROM ({history.kept_sums(_ENTRIES, "source_id", "traits", more=SUMMED)}) AS of_entries
)
SELECT source_id, traits, block, {totals("found")}, (SELECT {_IS_AHEAD}) AS is_ahead
FROM found GROUP BY source_id, traits, block
"""


_SUMS_OF_LEDGER = history.kept_sums(
    """
    SELECT sign, source_id, traits, rating, rated_at FROM ledger
    WHERE tenant_id = $1 AND (subject = $2 OR (subject >= $2 || '/' AND subject < $2 || '0'))
      AND valid_at >= $3 AND valid_at < $4 AND known_at >= $5 AND known_at < $6
""",
    *("source_id", "traits"),
    more=SUMMED,
)


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time: after one instant, until another and with it."""

    after: datetime | None = None
    """None: from the beginning."""
    until: datetime | None = None
    """None: to the end."""


ALWAYS: Final = Between()


class Asking(msgspec.Struct, frozen=True):
    """What a round has taken from the tail."""

    records: int
    tenants: Sequence[str]
    prefixes: Sequence[str]
    """Subjects that may have become large, each of the tenant at the same place."""


class Filling(msgspec.Struct, frozen=True):
    """Large subjects of a tenant whose cells are being filled with what took effect until an instant."""

    tenant_id: str
    filled_valid_at: datetime
    prefixes: Sequence[str]


async def plan_anew(tx: Tx) -> None:
    """Let the statements of this transaction be planned for what they are given: chunks differ too much."""
    await tx.raw.execute(_PLAN_ANEW)


async def take_tail(tx: Tx, max_runs: int, max_records: int) -> Asking:
    """Add the oldest entries of the tail to the cells of large subjects, and take them off the tail."""
    row = await tx.raw.fetchrow(_TAKE_TAIL, max_runs, max_records)
    assert row is not None
    return Asking(row["records"], row["tenants"] or (), row["prefixes"] or ())


async def name_large(tx: Tx, asking: Asking) -> None:
    """Note those subjects that have become large; their cells are to be filled."""
    if asking.prefixes:
        await tx.raw.execute(_NAME_LARGE, asking.tenants, asking.prefixes)


async def to_fill(tx: Tx) -> Filling | None:
    """Return large subjects of one tenant whose cells are not filled yet, if there are any."""
    row = await tx.raw.fetchrow(_TO_FILL)
    return None if row is None else Filling(*row)


async def fill(tx: Tx, filling: Filling, entries: int) -> None:
    """Add entries to the cells of large subjects that are not filled yet, from about so many of their tenant.

    Filling begins with emptying: whatever an earlier one may have left is not counted twice.
    """
    if filling.filled_valid_at == _time(MIN_US):
        for statement in _EMPTY:
            await tx.raw.execute(statement, filling.tenant_id, filling.prefixes)
    end = await tx.raw.fetchval(_CHUNK_END, filling.tenant_id, filling.filled_valid_at, entries - 1)
    until = _time(MAX_US) if end is None else end
    await tx.raw.execute(_FILL, filling.tenant_id, filling.filled_valid_at, filling.prefixes, until, end is None)


async def is_celled(tx: Tx, tenant_id: str, subject: str) -> bool:
    """Return whether a subject has cells, and all of them; if so, it has them until the transaction ends."""
    return bool(await tx.raw.fetchval(_IS_CELLED, tenant_id, subject))


async def kept_at(
    tx: Tx, tenant_id: str, subject: str, at: datetime, known_at: datetime | None = None
) -> list[KeptPart]:
    """Return the sums of a subject and all below it as they stood, however many entries it has.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        at: what had taken effect by then counts.
        known_at: of that, what was known by then; all that is known now if not given.
    """
    valid, known = Between(until=at), Between(until=known_at)
    rows = await _rows(tx, tenant_id, subject, valid, known)
    if any(_is_rounded_off(row) for row in rows):
        rows = await _rows_of_ledger(tx, tenant_id, subject, valid, known)
    return [_part(row) for row in rows]


async def kept_between(tx: Tx, tenant_id: str, subject: str, valid: Between, known: Between = ALWAYS) -> list[KeptPart]:
    """Return what the entries of a stretch of both times add to a subject's sums, less what they take away.

    Where they take away what was added before the stretch, numbers are negative. Rounding is below 1e-9 of all that
    they add and take away, which may be more than what is left of it.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        valid: when they took effect.
        known: when they were known.
    """
    rows = await _rows(tx, tenant_id, subject, valid, known)
    return [KeptPart(str(row["source_id"]), row["traits"], row["block"], _kept(row)) for row in rows]


async def _rows(tx: Tx, tenant_id: str, subject: str, valid: Between, known: Between) -> list[Any]:
    if not await is_celled(tx, tenant_id, subject):
        return await _rows_of_ledger(tx, tenant_id, subject, valid, known)
    of_valid, of_known = cut(*_bounds(valid)), cut(*_bounds(known), all_at_once=True)
    if is_nearly_all(of_valid.stretch, of_known.stretch):
        rows = await _rows_of_cells(tx, tenant_id, subject, pieces_by_known(of_valid.stretch, of_known))
        if not any(row["is_ahead"] for row in rows):
            return rows
    return await _rows_of_cells(tx, tenant_id, subject, pieces(of_valid, of_known))


async def _rows_of_ledger(tx: Tx, tenant_id: str, subject: str, valid: Between, known: Between) -> list[Any]:
    bounds = (*_bounds(valid), *_bounds(known))
    times = [_time(edge if us is None else us) for us, edge in zip(bounds, (MIN_US, MAX_US) * 2, strict=True)]
    rows: list[Any] = await tx.raw.fetch(_SUMS_OF_LEDGER, tenant_id, subject, *times)
    return rows


async def _rows_of_cells(tx: Tx, tenant_id: str, subject: str, found: Pieces) -> list[Any]:
    spans = [[(*each.valid, *each.known)[n] for each in found.cells] for n in range(len(_SPANS))]
    stretches = (*found.by_valid, *found.by_known, found.by_cells, found.ahead)
    times = [_time(us) for each in stretches for us in (*each.valid, *each.known)]
    rows: list[Any] = await tx.raw.fetch(_SUMS_OF_CELLS, tenant_id, subject, *spans, *times)
    return rows


def _bounds(between: Between) -> tuple[int | None, int | None]:
    """Return the first instant, and the one after the last."""
    after, until = (None if time is None else following(unix_us(time)) for time in (between.after, between.until))
    return after, until


def _time(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def _is_rounded_off(row: Any) -> bool:
    """Return whether so much was taken away again that rounding shows in what is left."""
    kept = _kept(row)
    if not any(kept.counts):
        return False
    trust = kept.trust_w1 + kept.trust_w2 + kept.trust_w3 + kept.trust_w4 + kept.trust_w5
    recent = kept.recent_w1 + kept.recent_w2 + kept.recent_w3 + kept.recent_w4 + kept.recent_w5
    return bool(trust < row["trust_summed"] * MOST_CANCELLED or recent < row["recent_summed"] * MOST_CANCELLED)


def _part(row: Any) -> KeptPart:
    """Return a row's sums; where no review is left they are nothing, not what rounding has left of them."""
    kept = _kept(row)
    if not any(kept.counts):
        kept = NOTHING_KEPT._replace(newest_us=kept.newest_us)
    return KeptPart(str(row["source_id"]), row["traits"], row["block"], kept)


def _kept(row: Any) -> KeptSums:
    return KeptSums(*(row[name] for name in KeptSums._fields))
