"""The statements that read of a large subject when reviews were rated.

They read cells by that, and the entries of the days that a stretch begins and ends within.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from math import fsum, ldexp
from typing import Any, Final, NamedTuple
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.scoring.cells import store as cells
from plaudit.scoring.cells.domain import MIN_US, NOTHING, SPAN_DAYS, Cut, Grain, Spans, Stretch, cut, following
from plaudit.scoring.figures.domain.ages import (
    HALF,
    Piece,
    Rest,
    Unit,
    UnitKind,
    days_read,
    middle_of,
    newest_first,
    rest_of,
    start_of,
    to_open,
)
from plaudit.scoring.figures.domain.figures import MONTH_DAYS, QUARTER_DAYS, Aged, Reply, share_of_weight
from plaudit.scoring.figures.domain.weighed import Weighed
from plaudit.scoring.history import store as history
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.sums.domain.decay import LANDMARK_HALF_LIVES, DamagedSumsError, are_sound, time_of, unix_us
from plaudit.scoring.sums.domain.kept import BLOCK_US, RECENT_US, TRUST_US, trust_landmark

_BLOCK_DAYS: Final = BLOCK_US // DAY_US
_MONTH_BITS: Final = SPAN_DAYS.bit_length() - 1
_ENTRY = "source_id, traits, sign, rating, rated_at"
_OF_SUBJECT = f"tenant_id = $1 AND (subject = $2 OR {cells.BELOW})"
_TAKEN = (
    f"SELECT source_id, traits, -sign, rating, rated_at{{}} FROM ledger WHERE {_OF_SUBJECT} AND valid_at <> rated_at"
)
# What the cells do not hold yet; and what they hold and had not taken effect by $3, which is taken away. Of that, what
# was rated later is in no span that is asked for. It is few by when it took effect, or in a short time ($16 to $17) by
# when it was rated.
_BESIDE = f"{cells.of_tail(_ENTRY)} UNION ALL {_TAKEN.format('')} AND "
_BESIDE_CELLS = f"{_BESIDE} valid_at > $3 AND (rated_at <= $3) IS TRUE"
_BESIDE_FEW_CELLS = f"{_BESIDE} valid_at > $3 AND rated_at >= $16 AND rated_at < $17"
# Long ago it is many: then cells of late entries have it of 32 days at a time, but for the day of the instant, which
# ends before $16. Of days that are units of their own ($17 to $18) it is read entry by entry.
_BESIDE_LATE_CELLS = f"""
{cells.of_tail(f"{_ENTRY}, valid_at < $16 AS is_of_months")}
UNION ALL
{_TAKEN.format(", true")} AND valid_at > $3 AND valid_at < $16 AND (rated_at <= $3) IS TRUE
UNION ALL
SELECT of_days.* FROM unnest($17::timestamptz[], $18::timestamptz[]) AS days (from_at, until_at) CROSS JOIN LATERAL (
    {_TAKEN.format(", false")} AND rated_at >= from_at AND rated_at < until_at AND valid_at >= $16
    OFFSET 0
) AS of_days
"""
_PROMPT = (
    f"SELECT {_ENTRY} FROM ledger "
    "WHERE tenant_id = $1 AND {} AND valid_at = rated_at AND valid_at >= from_at AND valid_at < until_at"
)
# The entries that were rated in stretches and had taken effect by $3. Nearly all took effect when they were rated.
# OFFSET 0 has each stretch looked up by its times, whatever the planner expects of them.
_RATED_IN = f"""
SELECT part, times, of_stretch.*
FROM unnest($9::int[], $10::int[], $11::timestamptz[], $12::timestamptz[]) AS ends (part, times, from_at, until_at)
CROSS JOIN LATERAL (
    {" UNION ALL ".join(_PROMPT.format(which) for which in cells.OF_SUBJECT)}
    UNION ALL
    SELECT {_ENTRY} FROM ledger WHERE {_OF_SUBJECT} AND valid_at <> rated_at
      AND rated_at >= from_at AND rated_at < until_at AND (valid_at <= $3) IS TRUE
    OFFSET 0
) AS of_stretch
"""
_WEIGHTS: Final = {
    "n": "sign",
    "trust_w": "sign * trust_w",
    "trust_b2": "sign * trust_w * trust_w",
    "recent_w": "sign * recent_w",
    "recent_b2": "sign * recent_w * recent_w",
}
_COUNTS_IN = "traits = ANY($13::smallint[]) AND ($14::uuid IS NULL OR source_id = $14)"
_FEW_NUMBERS: Final = cells.LATE_NUMBERS
"""What ages are told by."""


def _block_of(grain: str, span: str) -> str:
    days = f"CASE {grain} WHEN {Grain.DAY:d} THEN {_BLOCK_DAYS} ELSE {_BLOCK_DAYS // SPAN_DAYS} END"
    return f"floor({span}::float8 / {days})::int"


def _late_of_cells(numbers: Sequence[str]) -> str:
    """Return what cells of late entries take from spans of 32 days; $19 is the first day, $20 the first such span."""
    listed = ", ".join(("rated_month", "source_id", "traits", *numbers))
    held = f"SELECT {listed} FROM late_cells WHERE tenant_id = $1 AND prefix = $2"
    return f"""
    SELECT part, spans.grain, rated_month, source_id, traits, NULL, {_block_of("spans.grain", "rated_month")},
        {", ".join(f"-times * late.{name}" for name in numbers)}, NULL
    FROM spans JOIN (
        SELECT rated_month, source_id, traits, {", ".join(f"sum({name}::float8) AS {name}" for name in numbers)}
        FROM (
            {held} AND grain = {Grain.DAY:d} AND span >= $19 AND span < $20::int << {_MONTH_BITS}
            UNION ALL
            {held} AND grain = {Grain.MONTH:d} AND span >= $20
        ) AS held WHERE {_COUNTS_IN} GROUP BY rated_month, source_id, traits
    ) AS late ON spans.grain = {Grain.MONTH:d} AND rated_month >= first AND rated_month < until
    UNION ALL"""


def _rated_of_cells(
    *keys: str, beside: str = _BESIDE_CELLS, numbers: Sequence[str] = cells.RATED_NUMBERS, has_late: bool = False
) -> str:
    """Return the statement that sums reviews by keys, in parts of time that may overlap.

    $4 to $8 are the spans of each part, and whether they are added or taken away; $9 to $12 the stretches beside them.
    Counts are summed as doubles, which hold them exactly and are added faster.

    Args:
        keys: what sums are told apart by.
        beside: the entries that are to be counted in spans beside cells.
        numbers: what is summed.
        has_late: whether `beside` leaves to cells of late entries what they hold.
    """
    weights = ", ".join(f"times * {_WEIGHTS[name]}" for name in numbers)
    totals = ", ".join(f"sum({name}){'::bigint' if name == 'n' else ''} AS {name}" for name in numbers)
    return f"""
WITH spans AS (
    SELECT * FROM unnest($4::int[], $5::int[], $6::int[], $7::int[], $8::int[])
        AS spans (part, times, grain, first, until)
),
beside AS MATERIALIZED (
    SELECT *, {cells.RATED_DAY} AS day, {cells.RATED_MONTH} AS month
    FROM ({history.weighed(beside, "source_id", "traits", *(["is_of_months"] if has_late else []))}) AS weighed
    WHERE {_COUNTS_IN}
),
numbers AS (
    SELECT part, spans.grain, held.span, source_id, traits, rating, {_block_of("spans.grain", "span")} AS block,
        {", ".join(f"times * {name}{'::float8' if name == 'n' else ''} AS {name}" for name in numbers)},
        NULL::bigint AS rated_us
    FROM spans CROSS JOIN LATERAL (
        SELECT * FROM rated_cells WHERE tenant_id = $1 AND prefix = $2 AND rated_cells.grain = spans.grain
          AND span >= first AND span < until AND {_COUNTS_IN}
        OFFSET 0
    ) AS held
    UNION ALL {_late_of_cells(numbers) if has_late else ""}
    SELECT part, grain, CASE grain WHEN {Grain.DAY:d} THEN day ELSE month END, source_id, traits, rating, block,
        {weights}, NULL
    FROM spans JOIN beside ON grain = {Grain.DAY:d} AND day >= first AND day < until
        OR grain = {Grain.MONTH:d} AND month >= first AND month < until{" AND is_of_months" if has_late else ""}
    UNION ALL
    SELECT part, NULL, NULL, source_id, traits, rating, block, {weights}, rated_us
    FROM ({history.weighed(_RATED_IN, "part", "times", "source_id", "traits")}) AS of_ends WHERE {_COUNTS_IN}
)
SELECT part, {", ".join(keys)}, {totals}, max(rated_us) FILTER (WHERE n > 0) AS newest_us FROM numbers
GROUP BY {", ".join(str(place) for place in range(1, len(keys) + 2))}
"""


# Only of the first part it is told when in it.
_SPANS = ("CASE part WHEN 0 THEN grain END AS grain", "CASE part WHEN 0 THEN span END AS span")
_SOURCE = "CASE WHEN $15 THEN source_id END AS source_id"
_BY_SPAN = _rated_of_cells(*_SPANS, _SOURCE, "traits", "block", numbers=_FEW_NUMBERS)
_BY_SPAN_LONG_AGO = _rated_of_cells(
    *_SPANS, _SOURCE, "traits", "block", beside=_BESIDE_LATE_CELLS, numbers=_FEW_NUMBERS, has_late=True
)
_BY_DAY = _rated_of_cells(*_SPANS, _SOURCE, "traits", "block", beside=_BESIDE_FEW_CELLS, numbers=_FEW_NUMBERS)
_BY_RATING = _rated_of_cells(_SOURCE, "traits", "block", "rating")
# How many alone: nothing is weighed, so that entries need not be taken together by when they were rated.
_RATINGS = f"""
WITH spans AS (
    SELECT * FROM unnest($4::int[], $5::int[], $6::int[], $7::int[], $8::int[])
        AS spans (part, times, grain, first, until)
),
beside AS MATERIALIZED (
    SELECT sign, rating, {history.day_of("rated_at")} AS day, {history.day_of("rated_at")} >> {_MONTH_BITS} AS month
    FROM ({_BESIDE_CELLS}) AS entries WHERE {_COUNTS_IN}
),
numbers AS (
    SELECT part, rating, times * n::float8 AS n
    FROM spans CROSS JOIN LATERAL (
        SELECT rating, n FROM rated_cells WHERE tenant_id = $1 AND prefix = $2 AND rated_cells.grain = spans.grain
          AND span >= first AND span < until AND {_COUNTS_IN}
        OFFSET 0
    ) AS held
    UNION ALL
    SELECT part, rating, times * sign
    FROM spans JOIN beside ON grain = {Grain.DAY:d} AND day >= first AND day < until
        OR grain = {Grain.MONTH:d} AND month >= first AND month < until
    UNION ALL
    SELECT part, rating, times * sign FROM ({_RATED_IN}) AS of_ends WHERE {_COUNTS_IN}
)
SELECT part, rating, sum(n)::bigint AS n FROM numbers GROUP BY part, rating
"""
_BY_INSTANT = _rated_of_cells("rated_us", _SOURCE, "traits", "block", beside=_BESIDE_FEW_CELLS, numbers=_FEW_NUMBERS)
LONG_AGO: Final = timedelta(days=1)
"""Entries that took effect since an instant are read one by one, unless it is longer ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which reviews of a subject are asked for."""

    tenant_id: str
    subject: str
    at: datetime
    """What had taken effect by then."""
    traits: Collection[int]
    source_id: UUID | None = None
    by_source: bool = False
    """Whether each source's stand apart."""


async def ratings(tx: Tx, asked: Asked, parts: Sequence[Sequence[Piece]]) -> list[dict[float, int]]:
    """Return rating → how many reviews, of those that were rated in each of some parts of time; of a large subject.

    Args:
        tx: the open transaction.
        asked: which reviews.
        parts: each is made of pieces; none of them ends after the instant that is asked for.
    """
    found: list[dict[float, int]] = [{} for _ in parts]
    for row in await tx.raw.fetch(_RATINGS, *_parameters(asked, parts)):
        if row["n"] > 0:
            found[row["part"]][row["rating"]] = row["n"]
    return found


async def replies(tx: Tx, of: Weighed) -> list[Reply]:
    """Return what the replies that count weigh by rating, as `store.replies` does."""
    rows = await _rated(tx, _BY_RATING, _asked(of), [(_piece(_until(of.moment.at)),)])
    scale = _Scale(of, rows)
    by_rating: dict[float, list[tuple[int, float, float]]] = {}
    for row in rows:
        by_rating.setdefault(row["rating"], []).append((row["n"], scale.weight(row), scale.squared(row)))
    replies = [
        Reply(rating, sum(n for n, _, _ in each), fsum(w for _, w, _ in each), fsum(b2 for _, _, b2 in each))
        for rating, each in sorted(by_rating.items())
    ]
    return [each for each in replies if each.count > 0]


async def aged(tx: Tx, of: Weighed, between: tuple[float, float]) -> Aged | None:
    """Return how old the reviews are that count, as `store.aged` does."""
    asked = _asked(of)
    end_us, everything = following(unix_us(asked.at)), _until(asked.at)
    today = everything.ends[1]
    first_day = today.from_us // DAY_US // SPAN_DAYS * SPAN_DAYS
    rests = [
        rest_of(max(end_us - days * DAY_US, MIN_US), first_day) for days in (MONTH_DAYS, 2 * MONTH_DAYS, QUARTER_DAYS)
    ]
    rows = await _rated_by_span(tx, asked, [(_piece(everything),), *(rest.pieces for rest in rests)])
    scale = _Scale(of, rows)
    units = newest_first(_units(scale, [row for row in rows if row["part"] == 0], today))
    if not units:
        return None
    total = fsum(each.weight for each in units)
    month, two_months, quarter = (
        _since(rest, units, scale, [row for row in rows if row["part"] == part]) for part, rest in enumerate(rests, 1)
    )
    while (unit := to_open(units, (HALF, *between))) is not None:
        opened = await _opened(tx, asked, scale, unit, for_newest=units[0].newest_us is None)
        units = newest_first([*(each for each in units if each is not unit), *opened])
    assert units[0].newest_us is not None
    return Aged(
        newest_us=units[0].newest_us,
        month=month.n,
        month_before=two_months.n - month.n,
        weight_of_month=share_of_weight(month.weight, total),
        weight_of_quarter=share_of_weight(quarter.weight, total),
        median_us=middle_of(units).from_us,
        between_us=(middle_of(units, between[0]).from_us, middle_of(units, between[1]).from_us),
    )


class _Since(NamedTuple):
    """The reviews that were rated since an instant."""

    n: int
    weight: float


def _since(rest: Rest, units: Sequence[Unit], scale: "_Scale", rows: Sequence[Any]) -> _Since:
    """Return what rows have of the unit that an instant is in, with all later units."""
    later = [each for each in units if each.from_us >= rest.until_us]
    n = sum(each.n for each in later) + sum(row["n"] for row in rows)
    return _Since(n, fsum([*(each.weight for each in later), *map(scale.weight, rows)]) if n else 0.0)


async def _rated_by_span(tx: Tx, asked: Asked, parts: Sequence[Sequence[Piece]]) -> list[Any]:
    if asked.at >= tx.now - LONG_AGO:
        return await _rated(tx, _BY_SPAN, asked, parts)
    end_day = unix_us(asked.at) // DAY_US + 1
    days = [(max(first, MIN_US // DAY_US), end) for first, end in days_read([*chain.from_iterable(parts)])]
    return await _rated(
        *(tx, _BY_SPAN_LONG_AGO, asked, parts, time_of(end_day * DAY_US)),
        *([time_of(each[n] * DAY_US) for each in days] for n in range(2)),
        *(end_day, -(-end_day // SPAN_DAYS)),
    )


async def _opened(tx: Tx, asked: Asked, scale: "_Scale", unit: Unit, *, for_newest: bool) -> list[Unit]:
    """Return what a unit is made of: the days of a span, or the instants of a day; a day as a part for its newest."""
    whole = Stretch(unit.from_us, unit.until_us)
    if unit.kind is UnitKind.MONTH:
        days = Spans(Grain.DAY, unit.from_us // DAY_US, unit.until_us // DAY_US)
        rows = await _rated(tx, _BY_DAY, asked, [(Piece(1, (days,), ()),)], *map(time_of, whole))
        return _units(scale, rows, NOTHING)
    statement = _BY_DAY if for_newest else _BY_INSTANT
    rows = await _rated(tx, statement, asked, [(Piece(1, (), (whole,)),)], *map(time_of, whole))
    return _units(scale, rows, whole)


def _units(scale: "_Scale", rows: Sequence[Any], end: Stretch) -> list[Unit]:
    """Return rows as units of time; those of no span are of the stretch at the end, or of an instant."""
    found: dict[tuple[UnitKind, int, int], list[Any]] = {}
    for row in rows:
        if row.get("rated_us") is not None:
            key = UnitKind.INSTANT, row["rated_us"], row["rated_us"] + 1
        elif row["span"] is None:
            key = UnitKind.PART, end.from_us, end.until_us
        else:
            kind = UnitKind(row["grain"])
            key = kind, *start_of(kind, row["span"])
        found.setdefault(key, []).append(row)
    return [
        Unit(
            *key,
            n=sum(row["n"] for row in each),
            weight=fsum(map(scale.weight, each)),
            newest_us=max((row["newest_us"] for row in each if row["newest_us"] is not None), default=None),
        )
        for key, each in found.items()
    ]


class _Scale:
    """What a profile weighs rows by, against the latest landmark among some of them: only shares matter."""

    def __init__(self, of: Weighed, rows: Sequence[Any]) -> None:
        self._name = {TRUST_US: "trust", RECENT_US: "recent"}.get(of.profile.half_life_us or 0, "")
        self._weights = of.weights
        self._by_source = of.profile.source_weights
        self._latest = max((self._landmark(row["block"]) for row in rows), default=0)

    def weight(self, row: Any) -> float:
        """Return what a row's reviews weigh."""
        fresh = self._fresh(row)
        return float(row["n"] * fresh if not self._name else row[f"{self._name}_w"] * fresh * self._faded(row))

    def squared(self, row: Any) -> float:
        """Return the sum of the squares of what each of them weighs."""
        fresh = self._fresh(row) ** 2
        return float(row["n"] * fresh if not self._name else row[f"{self._name}_b2"] * fresh * self._faded(row) ** 2)

    def _fresh(self, row: Any) -> float:
        return self._weights[row["traits"]] * self._by_source.get(str(row["source_id"]), 1.0)

    def _faded(self, row: Any) -> float:
        """Return an exact power of two."""
        return ldexp(1.0, LANDMARK_HALF_LIVES * (self._landmark(row["block"]) - self._latest))

    def _landmark(self, block: int) -> int:
        return trust_landmark(block) if self._name == "trust" else block


async def _rated(tx: Tx, statement: str, asked: Asked, parts: Sequence[Sequence[Piece]], *more: object) -> list[Any]:
    """Return the sums of the reviews that were rated in each of some parts of time.

    Args:
        tx: the open transaction.
        statement: one of those above.
        asked: which reviews.
        parts: each is made of pieces.
        more: the parameters of what is read beside cells.

    Raises:
        DamagedSumsError: a sum is no number: the ledger answers in place of cells.
    """
    rows: list[Any] = await tx.raw.fetch(statement, *_parameters(asked, parts), asked.by_source, *more)
    if not all(are_sound(row.get(name, 0) for name in cells.RATED_NUMBERS) for row in rows):
        raise DamagedSumsError
    return rows


def _parameters(asked: Asked, parts: Sequence[Sequence[Piece]]) -> tuple[object, ...]:
    """Return $1 to $14 of a statement that reads parts of time."""
    pieces = [(part, piece) for part, of_part in enumerate(parts) for piece in of_part]
    spans = [(part, piece.sign, *each) for part, piece in pieces for each in piece.spans]
    ends = [
        (part, piece.sign, *map(time_of, each))
        for part, piece in pieces
        for each in piece.stretches
        if each.from_us < each.until_us
    ]
    return (
        *(asked.tenant_id, asked.subject, asked.at),
        *([each[n] for each in spans] for n in range(5)),
        *([each[n] for each in ends] for n in range(4)),
        *([*asked.traits], asked.source_id),
    )


def _asked(of: Weighed) -> Asked:
    return Asked(
        tenant_id=of.tenant_id,
        subject=of.subject,
        at=of.moment.at,
        traits=of.weights,
        source_id=of.source_id,
        by_source=bool(of.profile.source_weights),
    )


def _piece(found: Cut) -> Piece:
    return Piece(1, found.spans, found.ends)


def _until(at: datetime) -> Cut:
    return cut(None, following(unix_us(at)))
