"""The statements that figures are read by: what of the reviews that count sums do not tell, but when they were rated.

Of a large subject it is read from cells by when reviews were rated, and from the entries of the days that a stretch
begins and ends within; of any other subject, and by a half-life of a tenant's own, from the ledger.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import fsum, inf, ldexp
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.scoring.cells import store as cells
from plaudit.scoring.cells.domain import NOTHING, SPAN_DAYS, Cut, Grain, Spans, Stretch, cut, following
from plaudit.scoring.figures.domain.ages import Unit, UnitKind, middle_of, newest_first, start_of, to_open
from plaudit.scoring.figures.domain.figures import MONTH_DAYS, QUARTER_DAYS, Aged, Reply
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.history import store as history
from plaudit.scoring.history.store import ENTRIES
from plaudit.scoring.profiles.domain import DAY_US, Profile
from plaudit.scoring.scores.domain import FOR_EVER, Moment
from plaudit.scoring.sums.domain.decay import LANDMARK_HALF_LIVES, DamagedSumsError, are_sound, time_of, unix_us
from plaudit.scoring.sums.domain.kept import BLOCK_US, RECENT_US, TRUST_US, trust_landmark

# A power of two that is less would underflow, which is an error; nothing is left of such a weight.
_LEAST_EXPONENT: Final = -500
# What counts of a subject's entries, with the weight that it has while it is fresh. Sources without a weight have 1.
_WEIGHED = f"""
SELECT rated_us, rating, weight * coalesce(of_source.by_source, 1) AS weight, sign
FROM ({ENTRIES}) AS entries
JOIN unnest($5::smallint[], $6::float8[]) AS of_traits (traits, weight) USING (traits)
LEFT JOIN unnest($7::uuid[], $8::float8[]) AS of_source (source_id, by_source) USING (source_id)
WHERE $9::uuid IS NULL OR source_id = $9
"""
# $10 is an instant that weights are held against, $11 the half-life: infinite where reviews never fade.
_FADED = f"power(2::float8, greatest({_LEAST_EXPONENT}, (rated_us - $10::bigint) / $11::float8))"
# Entries that cancel out are taken together before they are weighed: what is left are whole reviews.
_STANDING = f"""
SELECT rated_us, rating, weight * {_FADED} AS w, n FROM (
    SELECT rated_us, rating, weight, sum(sign)::bigint AS n FROM ({_WEIGHED}) AS weighed
    GROUP BY rated_us, rating, weight HAVING sum(sign) > 0
) AS standing
"""
_YOUNGER_THAN = "FILTER (WHERE rated_us > $12::bigint - {days}::bigint * {day_us})"


def _within(days: int) -> str:
    return _YOUNGER_THAN.format(days=days, day_us=DAY_US)


_AGED = f"""
SELECT max(rated_us) AS newest_us,
    coalesce(sum(n) {_within(MONTH_DAYS)}, 0)::bigint AS month,
    coalesce(sum(n) {_within(2 * MONTH_DAYS)}, 0)::bigint AS two_months,
    coalesce(sum(w) {_within(MONTH_DAYS)}, 0) / max(total) AS weight_of_month,
    coalesce(sum(w) {_within(QUARTER_DAYS)}, 0) / max(total) AS weight_of_quarter,
    max(rated_us) FILTER (WHERE younger >= total / 2) AS median_us
FROM (
    SELECT rated_us, n, w, sum(w) OVER (ORDER BY rated_us DESC) AS younger, sum(w) OVER () AS total
    FROM (SELECT rated_us, sum(n) AS n, sum(n * w) AS w FROM ({_STANDING}) AS alone GROUP BY rated_us) AS together
) AS in_order
"""
_REPLIES = f"""
SELECT rating, sum(n)::bigint AS count, sum(n * w) AS weight, sum(n * w * w) AS squared
FROM ({_STANDING}) AS alone GROUP BY rating ORDER BY rating
"""


_BLOCK_DAYS: Final = BLOCK_US // DAY_US
_ENTRY = "source_id, traits, sign, rating, rated_at"
_OF_SUBJECT = f"tenant_id = $1 AND (subject = $2 OR {cells.BELOW})"
# What the cells do not hold yet; and what they hold and had not taken effect by $3, which is taken away. Of that, what
# was rated later is in no span that is asked for. It is few by when it took effect, or in a short time ($14 to $15) by
# when it was rated.
_BESIDE = (
    f"{cells.of_tail(_ENTRY)} UNION ALL SELECT source_id, traits, -sign, rating, rated_at FROM ledger "
    f"WHERE {_OF_SUBJECT} AND valid_at <> rated_at AND "
)
_BESIDE_CELLS = f"{_BESIDE} valid_at > $3 AND (rated_at <= $3) IS TRUE"
_BESIDE_FEW_CELLS = f"{_BESIDE} valid_at > $3 AND rated_at >= $14 AND rated_at < $15"
_PROMPT = (
    f"SELECT {_ENTRY} FROM ledger "
    "WHERE tenant_id = $1 AND {} AND valid_at = rated_at AND valid_at >= from_at AND valid_at < until_at"
)
# The entries that were rated in stretches and had taken effect by $3. Nearly all took effect when they were rated.
_RATED_IN = f"""
SELECT part, of_stretch.*
FROM unnest($8::int[], $9::timestamptz[], $10::timestamptz[]) AS ends (part, from_at, until_at)
CROSS JOIN LATERAL (
    {" UNION ALL ".join(_PROMPT.format(which) for which in cells.OF_SUBJECT)}
    UNION ALL
    SELECT {_ENTRY} FROM ledger WHERE {_OF_SUBJECT} AND valid_at <> rated_at
      AND rated_at >= from_at AND rated_at < until_at AND (valid_at <= $3) IS TRUE
) AS of_stretch
"""
_WEIGHTS = (
    "sign AS n, sign * trust_w AS trust_w, sign * trust_w * trust_w AS trust_b2, "
    "sign * recent_w AS recent_w, sign * recent_w * recent_w AS recent_b2"
)
_TOTALS = ", ".join(f"sum({name}){'::bigint' if name == 'n' else ''} AS {name}" for name in cells.RATED_NUMBERS)
_COUNTS_IN = "traits = ANY($11::smallint[]) AND ($12::uuid IS NULL OR source_id = $12)"


def _rated_of_cells(*keys: str, beside: str = _BESIDE_CELLS) -> str:
    """Return the statement that sums reviews by keys, in parts of time that may overlap.

    $4 to $7 are the spans of each part, $8 to $10 the stretches beside them.
    """
    return f"""
WITH spans AS (SELECT * FROM unnest($4::int[], $5::int[], $6::int[], $7::int[]) AS spans (part, grain, first, until)),
beside AS MATERIALIZED (
    SELECT *, {cells.RATED_DAY} AS day, {cells.RATED_DAY} >> {SPAN_DAYS.bit_length() - 1} AS month
    FROM ({history.weighed(beside, "source_id", "traits")}) AS weighed WHERE {_COUNTS_IN}
),
numbers AS (
    SELECT part, spans.grain, held.span, source_id, traits, rating,
        floor(span::float8 / CASE spans.grain WHEN {Grain.DAY:d} THEN {_BLOCK_DAYS} ELSE {_BLOCK_DAYS // SPAN_DAYS} END)
            ::int AS block,
        {", ".join(cells.RATED_NUMBERS)}, NULL::bigint AS rated_us
    FROM spans CROSS JOIN LATERAL (
        SELECT * FROM rated_cells WHERE tenant_id = $1 AND prefix = $2 AND rated_cells.grain = spans.grain
          AND span >= first AND span < until AND {_COUNTS_IN}
        OFFSET 0
    ) AS held
    UNION ALL
    SELECT part, grain, CASE grain WHEN {Grain.DAY:d} THEN day ELSE month END, source_id, traits, rating, block,
        {_WEIGHTS}, NULL
    FROM spans JOIN beside ON grain = {Grain.DAY:d} AND day >= first AND day < until
        OR grain = {Grain.MONTH:d} AND month >= first AND month < until
    UNION ALL
    SELECT part, NULL, NULL, source_id, traits, rating, block, {_WEIGHTS}, rated_us
    FROM ({history.weighed(_RATED_IN, "part", "source_id", "traits")}) AS of_ends WHERE {_COUNTS_IN}
)
SELECT part, {", ".join(keys)}, {_TOTALS}, max(rated_us) FILTER (WHERE n > 0) AS newest_us FROM numbers
GROUP BY {", ".join(str(place) for place in range(1, len(keys) + 2))}
"""


# Only of the first part it is told when in it.
_SPANS = ("CASE part WHEN 0 THEN grain END AS grain", "CASE part WHEN 0 THEN span END AS span")
_SOURCE = "CASE WHEN $13 THEN source_id END AS source_id"
_BY_SPAN = _rated_of_cells(*_SPANS, _SOURCE, "traits", "block")
_BY_DAY = _rated_of_cells(*_SPANS, _SOURCE, "traits", "block", beside=_BESIDE_FEW_CELLS)
_BY_RATING = _rated_of_cells(_SOURCE, "traits", "block", "rating")
_BY_INSTANT = _rated_of_cells("rated_us", _SOURCE, "traits", "block", beside=_BESIDE_FEW_CELLS)


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


async def aged(
    tx: Tx,
    tenant_id: str,
    subject: str,
    moment: Moment,
    profile: Profile,
    weights: Mapping[int, float],
    source_id: UUID | None,
) -> Aged | None:
    """Return how old the reviews are that count; None where none does.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it, and all below it.
        moment: when.
        profile: how they fade, and what sources weigh.
        weights: traits → the weight of a fresh review, of those that count.
        source_id: of this source alone, if given.
    """
    if own_half_life(profile) is None and moment.known_at == FOR_EVER and await cells.is_celled(tx, tenant_id, subject):
        with suppress(DamagedSumsError):
            of_cells = _of(tenant_id, subject, moment, profile, weights, source_id)
            return await _aged_of_cells(tx, of_cells, profile, weights)
    asked = _asked(tenant_id, subject, moment, profile, weights, source_id)
    row = await tx.raw.fetchrow(_AGED, *asked, moment.at_us)
    if row is None or row["newest_us"] is None:
        return None
    return Aged(
        newest_us=row["newest_us"],
        month=row["month"],
        month_before=row["two_months"] - row["month"],
        weight_of_month=row["weight_of_month"],
        weight_of_quarter=row["weight_of_quarter"],
        median_us=row["median_us"],
    )


async def replies(
    tx: Tx,
    tenant_id: str,
    subject: str,
    moment: Moment,
    profile: Profile,
    weights: Mapping[int, float],
    source_id: UUID | None,
) -> list[Reply]:
    """Return what the replies that count weigh by rating, from the least; otherwise as `aged`."""
    if own_half_life(profile) is None and moment.known_at == FOR_EVER and await cells.is_celled(tx, tenant_id, subject):
        with suppress(DamagedSumsError):
            asked = _of(tenant_id, subject, moment, profile, weights, source_id)
            return await _replies_of_cells(tx, asked, profile, weights)
    rows = await tx.raw.fetch(_REPLIES, *_asked(tenant_id, subject, moment, profile, weights, source_id))
    return [Reply(**row) for row in rows]


def _asked(
    tenant_id: str,
    subject: str,
    moment: Moment,
    profile: Profile,
    weights: Mapping[int, float],
    source_id: UUID | None,
) -> tuple[object, ...]:
    """Return the parameters of `_STANDING`."""
    sources = profile.source_weights
    half_life = inf if profile.half_life_us is None else float(profile.half_life_us)
    return (
        *(tenant_id, subject, moment.at, moment.known_at),
        *([*weights], [*weights.values()], [*sources], [*sources.values()]),
        *(source_id, moment.at_us, half_life),
    )


async def ratings_of_cells(tx: Tx, asked: Asked, parts: Sequence[Cut]) -> list[dict[float, int]]:
    """Return rating → how many reviews, of those that were rated in each of some parts of time; of a large subject.

    Args:
        tx: the open transaction.
        asked: which reviews.
        parts: none of them ends after the instant that is asked for.
    """
    found: list[dict[float, int]] = [{} for _ in parts]
    for row in await _rated(tx, _BY_RATING, asked, parts):
        of_part = found[row["part"]]
        of_part[row["rating"]] = of_part.get(row["rating"], 0) + row["n"]
    return [{rating: n for rating, n in each.items() if n > 0} for each in found]


async def _replies_of_cells(tx: Tx, asked: Asked, profile: Profile, weights: Mapping[int, float]) -> list[Reply]:
    rows = await _rated(tx, _BY_RATING, asked, [_until(asked.at)])
    scale = _Scale(profile, weights, rows)
    by_rating: dict[float, list[tuple[int, float, float]]] = {}
    for row in rows:
        by_rating.setdefault(row["rating"], []).append((row["n"], scale.weight(row), scale.squared(row)))
    replies = [
        Reply(rating, sum(n for n, _, _ in each), fsum(w for _, w, _ in each), fsum(b2 for _, _, b2 in each))
        for rating, each in sorted(by_rating.items())
    ]
    return [each for each in replies if each.count > 0]


async def _aged_of_cells(tx: Tx, asked: Asked, profile: Profile, weights: Mapping[int, float]) -> Aged | None:
    end_us, everything = following(unix_us(asked.at)), _until(asked.at)
    today = everything.ends[1]
    within = [cut(end_us - days * DAY_US, today.from_us) for days in (MONTH_DAYS, 2 * MONTH_DAYS, QUARTER_DAYS)]
    rows = await _rated(tx, _BY_SPAN, asked, [everything, *within])
    scale = _Scale(profile, weights, rows)
    units = newest_first(_units(scale, [row for row in rows if row["part"] == 0], today))
    if not units:
        return None
    total = fsum(each.weight for each in units)
    of_today = [row for row in rows if row["part"] == 0 and row["span"] is None]
    month, two_months, quarter = ([*of_today, *(row for row in rows if row["part"] == part)] for part in (1, 2, 3))
    while (unit := to_open(units)) is not None:
        opened = await _opened(tx, asked, scale, unit, for_newest=units[0].newest_us is None)
        units = newest_first([*(each for each in units if each is not unit), *opened])
    new, before = (sum(row["n"] for row in each) for each in (month, two_months))
    assert units[0].newest_us is not None
    return Aged(
        newest_us=units[0].newest_us,
        month=new,
        month_before=before - new,
        weight_of_month=fsum(map(scale.weight, month)) / total,
        weight_of_quarter=fsum(map(scale.weight, quarter)) / total,
        median_us=middle_of(units).from_us,
    )


async def _opened(tx: Tx, asked: Asked, scale: "_Scale", unit: Unit, *, for_newest: bool) -> list[Unit]:
    """Return what a unit is made of: the days of a span, or the instants of a day; a day as a part for its newest."""
    whole = Stretch(unit.from_us, unit.until_us)
    if unit.kind is UnitKind.MONTH:
        days = Spans(Grain.DAY, unit.from_us // DAY_US, unit.until_us // DAY_US)
        rows = await _rated(tx, _BY_DAY, asked, [Cut(whole, whole, (days,), (NOTHING, NOTHING))], whole)
        return _units(scale, rows, NOTHING)
    statement = _BY_DAY if for_newest else _BY_INSTANT
    rows = await _rated(tx, statement, asked, [Cut(whole, NOTHING, (), (whole, NOTHING))], whole)
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

    def __init__(self, profile: Profile, weights: Mapping[int, float], rows: Sequence[Any]) -> None:
        self._half_life_us = profile.half_life_us
        self._name = {TRUST_US: "trust", RECENT_US: "recent"}.get(profile.half_life_us or 0, "")
        self._weights = weights
        self._by_source = profile.source_weights
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


async def _rated(
    tx: Tx, statement: str, asked: Asked, parts: Sequence[Cut], within: Stretch | None = None
) -> list[Any]:
    """Return the sums of the reviews that were rated in each of some parts of time, all within a short one if given.

    Raises:
        DamagedSumsError: a sum is no number: the ledger answers in place of cells.
    """
    spans = [(part, *each) for part, of_part in enumerate(parts) for each in of_part.spans]
    ends = [
        (part, *map(time_of, each))
        for part, of_part in enumerate(parts)
        for each in of_part.ends
        if each.from_us < each.until_us
    ]
    rows: list[Any] = await tx.raw.fetch(
        statement,
        *(asked.tenant_id, asked.subject, asked.at),
        *([each[n] for each in spans] for n in range(4)),
        *([each[n] for each in ends] for n in range(3)),
        *([*asked.traits], asked.source_id, asked.by_source),
        *(() if within is None else (time_of(us) for us in within)),
    )
    if not all(are_sound(row[name] for name in cells.RATED_NUMBERS) for row in rows):
        raise DamagedSumsError
    return rows


def _until(at: datetime) -> Cut:
    return cut(None, following(unix_us(at)))


def _of(
    tenant_id: str,
    subject: str,
    moment: Moment,
    profile: Profile,
    weights: Mapping[int, float],
    source_id: UUID | None,
) -> Asked:
    return Asked(
        tenant_id=tenant_id,
        subject=subject,
        at=moment.at,
        traits=weights,
        source_id=source_id,
        by_source=bool(profile.source_weights),
    )
