"""The statement that compares sums of changes with the ledger."""

from typing import Final

from plaudit.scoring.moves import store as moves
from plaudit.scoring.moves.domain import GRAIN_BITS
from plaudit.scoring.reconciliation.store.celled.judging import equal, judged, near

_KEY = ", ".join(moves.KEY)
_SUMMED_MOVES = ("total", *(f"{name}_{each}" for name in moves.HALF_LIVES.values() for each in "ab"))
"""But for `changes` and `n`, which are counts."""
# What rounding is judged beside: in sums by topic, what came and what went cancel out.
_SCALES = ("rating AS total_gross", *(f"rating * {name}_w AS {name}_gross" for name in moves.HALF_LIVES.values()))
_SCALE_OF = {name: "total_gross" if name == "total" else f"{name[:-2]}_gross" for name in _SUMMED_MOVES}
_TRUTH_OF_MOVES = ", ".join(
    f"sum({name}) AS {name}" for name in ("changes", "n", *_SUMMED_MOVES, *dict.fromkeys(_SCALE_OF.values()))
)
# Days of which the ledger has learned more since are summed anew, and spans that hold them: they are left out.
MOVES: Final = f"""
WITH {
    moves.summed(
        f"SELECT *, {moves.WEIGHED} FROM ({moves.as_seen(moves.BY_TIME, '$2', f'{moves.DAY} AS span')}) AS seen",
        [*moves.ALL_SUMS, *_SCALES],
        "span",
    )
},
grains (grain, bits) AS (VALUES {", ".join(f"({grain}, {bits})" for grain, bits in enumerate(GRAIN_BITS))}),
compared AS MATERIALIZED (
    SELECT grain, bits, span FROM grains CROSS JOIN LATERAL generate_series($5::int >> bits, ($6::int >> bits) - 1) span
    WHERE NOT EXISTS (SELECT FROM changed_days WHERE tenant_id = $1 AND day >> bits = span)
        AND EXISTS (SELECT FROM summed_prefixes WHERE tenant_id = $1 AND prefix = $2 AND next_day >= $6)
),
truth AS (
    SELECT grain, compared.span, {_KEY}, max(newest_us) AS newest_us, {_TRUTH_OF_MOVES}
    FROM compared JOIN summed ON summed.span >> bits = compared.span GROUP BY grain, compared.span, {_KEY}
),
held AS (
    SELECT grain, span, {_KEY}, newest_us, changes, n, {", ".join(_SUMMED_MOVES)}
    FROM moves JOIN compared USING (grain, span) WHERE tenant_id = $1 AND prefix = $2
)
{
    judged(
        f"truth FULL JOIN held USING (grain, span, {_KEY})",
        " AND ".join([equal("newest_us"), *(near(name, "1 + truth.changes") for name in ("changes", "n"))]),
        " AND ".join(near(name, f"truth.{scale}") for name, scale in _SCALE_OF.items()),
    )
}
"""
