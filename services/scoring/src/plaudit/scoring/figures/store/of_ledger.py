"""The statements that read from the ledger when reviews were rated.

So it is read of a subject without cells, and by a half-life of a tenant's own.
"""

from collections.abc import Sequence
from math import inf
from typing import Final

from plaudit.common.db import Tx
from plaudit.scoring.figures.domain.figures import MONTH_DAYS, QUARTER_DAYS, Aged, Reply, share_of_weight
from plaudit.scoring.figures.domain.weighed import Rated, Weighed
from plaudit.scoring.figures.domain.windows import Ratings
from plaudit.scoring.history.store import ENTRIES
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.scores.domain import FOR_EVER

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
    coalesce(sum(w) {_within(MONTH_DAYS)}, 0) AS of_month,
    coalesce(sum(w) {_within(QUARTER_DAYS)}, 0) AS of_quarter,
    max(total) AS total,
    max(rated_us) FILTER (WHERE younger >= total / 2) AS median_us,
    coalesce(max(rated_us) FILTER (WHERE younger >= total * $13::float8), min(rated_us)) AS younger_us,
    coalesce(max(rated_us) FILTER (WHERE younger >= total * $14::float8), min(rated_us)) AS older_us
FROM (
    SELECT rated_us, n, w, sum(w) OVER (ORDER BY rated_us DESC) AS younger, sum(w) OVER () AS total
    FROM (SELECT rated_us, sum(n) AS n, sum(n * w) AS w FROM ({_STANDING}) AS alone GROUP BY rated_us) AS together
) AS in_order
"""
_REPLIES = f"""
SELECT rating, sum(n)::bigint AS count, sum(n * w) AS weight, sum(n * w * w) AS squared
FROM ({_STANDING}) AS alone GROUP BY rating ORDER BY rating
"""

# Entries that cancel out are reviews that no longer stand. $5 has where each window begins and where the last one ends.
_RATINGS = f"""
SELECT width_bucket(rated_us, $5::bigint[]) - 1 AS window_number, rating, sum(sign)::bigint AS n
FROM ({ENTRIES}) AS entries
WHERE rated_us >= ($5::bigint[])[1] AND rated_us < $6::bigint AND traits = ANY($7::smallint[])
    AND ($8::uuid IS NULL OR source_id = $8)
GROUP BY window_number, rating HAVING sum(sign) > 0
"""


async def aged(tx: Tx, of: Weighed, between: tuple[float, float]) -> Aged | None:
    """Return how old the reviews are that count, as `store.aged` does."""
    row = await tx.raw.fetchrow(_AGED, *_asked(of), of.moment.at_us, *between)
    if row is None or row["newest_us"] is None:
        return None
    return Aged(
        newest_us=row["newest_us"],
        month=row["month"],
        month_before=row["two_months"] - row["month"],
        weight_of_month=share_of_weight(row["of_month"], row["total"]),
        weight_of_quarter=share_of_weight(row["of_quarter"], row["total"]),
        median_us=row["median_us"],
        between_us=(row["younger_us"], row["older_us"]),
    )


async def replies(tx: Tx, of: Weighed) -> list[Reply]:
    """Return what the replies that count weigh by rating, as `store.replies` does."""
    rows = await tx.raw.fetch(_REPLIES, *_asked(of))
    return [Reply(**row) for row in rows]


async def ratings(tx: Tx, of: Rated, edges_us: Sequence[int]) -> list[Ratings]:
    """Return rating → how many reviews were rated in each of some windows, as `store.ratings` does."""
    edges = [*edges_us]
    asked = (of.tenant_id, of.subject, tx.now, FOR_EVER, edges, edges[-1], of.traits, of.source_id)
    found: list[dict[float, int]] = [{} for _ in edges[1:]]
    for row in await tx.raw.fetch(_RATINGS, *asked):
        found[row["window_number"]][row["rating"]] = row["n"]
    return [*found]


def _asked(of: Weighed) -> tuple[object, ...]:
    """Return the parameters of `_STANDING`."""
    weights, sources = of.weights, of.profile.source_weights
    half_life = inf if of.profile.half_life_us is None else float(of.profile.half_life_us)
    return (
        *(of.tenant_id, of.subject, of.moment.at, of.moment.known_at),
        *([*weights], [*weights.values()], [*sources], [*sources.values()]),
        *(of.source_id, of.moment.at_us, half_life),
    )
