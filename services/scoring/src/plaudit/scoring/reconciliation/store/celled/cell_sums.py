"""The statements that compare what cells add up to, and in which cells entries are, with the ledger."""

from typing import Final

from plaudit.scoring.cells import store as cells
from plaudit.scoring.history import store as history
from plaudit.scoring.reconciliation.domain import TOLERANCE, TOP_STARS
from plaudit.scoring.reconciliation.store.celled.judging import HALF_LIVES, OF_SUBJECT, TOPS, equal, judged, near

_STARS: Final = range(1, TOP_STARS + 1)
_COUNTS: Final = tuple(f"n{star}" for star in _STARS)
_NUMBERS: Final = ", ".join(cells.NUMBERS)


def _prompt(entries: str) -> str:
    return f"""
    SELECT source_id, traits, sign, rating, rated_at, valid_at = rated_at AS is_prompt FROM ({entries}) AS entries
"""


# Cells of each grain add up to all that the ledger has of the subject, but for what is in no cell yet. Rounding is
# judged beside all that was summed in them, what was taken away again as well; ratings are told to a millionth.
CELLS: Final = f"""
WITH grains (valid_grain, known_grain) AS (VALUES {cells.GRAINS}),
of_ledger AS MATERIALIZED (
    SELECT source_id, traits, block, {cells.totals("kept")}, max(trust_top) AS trust_top, max(recent_top) AS recent_top,
        coalesce(sum({" + ".join(_COUNTS)}) FILTER (WHERE is_prompt), 0)::bigint AS prompt
    FROM ({
    history.kept_sums(
        _prompt(f"SELECT * FROM ledger WHERE {OF_SUBJECT}"),
        *("source_id", "traits", "is_prompt"),
        more=f"{cells.SUMMED}, {TOPS}",
    )
}) AS kept GROUP BY source_id, traits, block
),
of_tail AS MATERIALIZED ({
    history.kept_sums(
        _prompt(cells.of_tail("source_id, traits, sign, rating, rated_at, valid_at")),
        *("source_id", "traits", "is_prompt"),
        more=cells.SUMMED,
    )
}),
held AS MATERIALIZED (
    SELECT valid_grain, known_grain, source_id, traits, block, {cells.totals("found")}, sum(prompt)::bigint AS prompt
    FROM (
        SELECT valid_grain, known_grain, source_id, traits, block, {_NUMBERS}, prompt
        FROM cells WHERE tenant_id = $1 AND prefix = $2
        UNION ALL
        SELECT valid_grain, known_grain, source_id, traits, block, {_NUMBERS},
            CASE WHEN is_prompt THEN {" + ".join(_COUNTS)} ELSE 0 END
        FROM of_tail CROSS JOIN grains
    ) AS found GROUP BY valid_grain, known_grain, source_id, traits, block
)
{
    judged(
        "(SELECT * FROM of_ledger CROSS JOIN grains) AS truth "
        "FULL JOIN held USING (valid_grain, known_grain, source_id, traits, block)",
        equal(*_COUNTS, "newest_us", "prompt"),
        " AND ".join(
            [near("total", "abs(truth.total) + 1000")]
            + [
                near(f"{name}_{column}", scale.format(name=name))
                for name in HALF_LIVES
                for column, scale in {
                    "a": f"{TOP_STARS} * held.{{name}}_summed",
                    "b2": "held.{name}_summed * truth.{name}_top",
                    **{f"w{star}": "held.{name}_summed" for star in range(1, TOP_STARS + 1)},
                }.items()
            ]
        ),
    )
}
"""


_DAYS = ", ".join(f"({history.day_of(f'{time}_at')}) AS {time}_day" for time in ("valid", "known"))
_SPANS = ", ".join(cells.span_of(f"{time}_grain", f"{time}_day") + f" AS {time}_span" for time in ("valid", "known"))
_GROSS = ", ".join(f"sum(abs(sign) * {name}_w) AS {name}_gross" for name in HALF_LIVES)


def _mark(star: str) -> str:
    """Return a number for a star in a cell: reviews counted in another one add up to another sum of marks."""
    return f"hashint4extended(known_span * {TOP_STARS + 1} + {star}, valid_span::bigint)"


def _placed(entries: str) -> str:
    """Return in which cells entries are to be: by grains and what cells are told apart by, a sum of marks.

    And all that they weigh, each entry by itself: no cell can have summed more.
    """
    told = f"SELECT *, {_DAYS}, sign AS direction FROM ({entries}) AS told"
    return f"""
SELECT valid_grain, known_grain, source_id, traits, block, sum(sign * {_mark("star")}::numeric) AS places, {_GROSS}
FROM (
    SELECT *, {_SPANS} FROM ({
        history.weighed(told, "source_id", "traits", "valid_day", "known_day", "direction")
    }) AS weighed CROSS JOIN grains
) AS spanned GROUP BY valid_grain, known_grain, source_id, traits, block
"""


PLACES: Final = f"""
WITH grains (valid_grain, known_grain) AS (VALUES {cells.GRAINS}),
truth AS MATERIALIZED ({_placed(f"SELECT * FROM ledger WHERE {OF_SUBJECT}")}),
held AS MATERIALIZED (
    SELECT valid_grain, known_grain, source_id, traits, block, sum(places) AS places,
        {", ".join(f"sum({name}_gross) AS {name}_gross" for name in HALF_LIVES)}
    FROM (
        SELECT valid_grain, known_grain, source_id, traits, block,
            {" + ".join(f"n{star} * {_mark(str(star))}::numeric" for star in _STARS)} AS places,
            {", ".join(f"{name}_summed AS {name}_gross" for name in HALF_LIVES)}
        FROM cells WHERE tenant_id = $1 AND prefix = $2
        UNION ALL
        SELECT * FROM ({
    _placed(cells.of_tail("source_id, traits, sign, rating, rated_at, valid_at, known_at"))
}) AS of_tail
    ) AS found GROUP BY valid_grain, known_grain, source_id, traits, block
)
{
    judged(
        "truth FULL JOIN held USING (valid_grain, known_grain, source_id, traits, block)",
        equal("places"),
        " AND ".join(
            f"coalesce(held.{name}_gross BETWEEN 0 AND truth.{name}_gross * (1 + {TOLERANCE}), false)"
            for name in HALF_LIVES
        ),
    )
}
"""
