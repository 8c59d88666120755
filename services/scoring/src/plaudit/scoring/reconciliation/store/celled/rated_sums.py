"""The statements that compare cells by when reviews were rated, and late cells, with the ledger."""

from collections.abc import Sequence
from typing import Final

from plaudit.scoring.cells import store as cells
from plaudit.scoring.cells.domain import SPAN_DAYS, Grain
from plaudit.scoring.history import store as history
from plaudit.scoring.reconciliation.store.celled.judging import HALF_LIVES, OF_SUBJECT, TOPS, equal, judged, near

_MONTH_BITS: Final = SPAN_DAYS.bit_length() - 1


def _by_month(entries: str, *groups: str) -> str:
    # What came and went again was summed all the same: rounding is judged beside both, each by itself.
    each = f"SELECT *, sign AS direction FROM ({entries}) AS each"
    return f"""
SELECT {cells.RATED_MONTH} AS month, {", ".join(groups)}, sum(sign)::bigint AS n,
    sum(sign * hashint4({cells.RATED_DAY})::numeric) AS places,
    {", ".join(f"sum(sign * {name}_w) AS {name}_w" for name in HALF_LIVES)},
    {", ".join(f"sum(sign * {name}_w * {name}_w) AS {name}_b2" for name in HALF_LIVES)},
    {", ".join(f"sum(abs(sign) * {name}_w) AS {name}_summed" for name in HALF_LIVES)}, {TOPS}
FROM ({history.weighed(each, "source_id", "traits", "direction")}) AS weighed
GROUP BY month, {", ".join(groups)}
"""


def _rated(table: str, month: str, numbers: Sequence[str], *groups: str) -> str:
    """Return what compares sums by the 32 days in which reviews were rated.

    Reviews of one day that are counted in another one of the same 32 add up to another sum of marks.

    Args:
        table: of cells, of spans of a day and of 32 days.
        month: the 32 days that a cell's reviews were rated in.
        numbers: what the cells sum.
        groups: what sums are told apart by beside that.
    """
    key = ", ".join(("grain", "month", *groups))
    scales = {"w": "truth.{name}_summed", "b2": "truth.{name}_summed * truth.{name}_top"}
    of_tail = cells.of_tail("source_id, traits, sign, rating, rated_at")
    of_ledger = f"SELECT * FROM ledger WHERE {OF_SUBJECT}"
    places = f"CASE grain WHEN {Grain.DAY:d} THEN {{}} ELSE 0 END AS places"
    told = ", ".join(f"{name}_{each}" for name in HALF_LIVES for each in ("w", "b2", "summed", "top"))
    return f"""
WITH held AS MATERIALIZED (
    SELECT {key}, sum(n)::bigint AS n, sum(places) AS places,
        {", ".join(f"sum({name}) AS {name}" for name in numbers if name != "n")}
    FROM (
        SELECT grain, {month} AS month, {", ".join((*groups, *numbers))}, {places.format("n * hashint4(span)::numeric")}
        FROM {table} WHERE tenant_id = $1 AND prefix = $2
        UNION ALL
        SELECT {", ".join(("grain", "month", *groups, *numbers))}, {places.format("places")}
        FROM ({_by_month(of_tail, *groups)}) AS of_tail CROSS JOIN {cells.RATED_GRAINS}
    ) AS found GROUP BY {key}
)
{
        judged(
            f"(SELECT {key}, n, {places.format('places')}, {told} FROM ({_by_month(of_ledger, *groups)}) AS of_ledger "
            f"CROSS JOIN {cells.RATED_GRAINS}) AS truth FULL JOIN held USING ({key})",
            equal("n", "places"),
            " AND ".join(
                near(f"{name}_{column}", scale.format(name=name))
                for name in HALF_LIVES
                for column, scale in scales.items()
                if f"{name}_{column}" in numbers
            ),
        )
    }
"""


_MONTH_OF_SPAN = f"CASE grain WHEN {Grain.DAY:d} THEN span >> {_MONTH_BITS} ELSE span END"
RATED: Final = _rated("rated_cells", _MONTH_OF_SPAN, cells.RATED_NUMBERS, "source_id", "traits", "rating")
# Late cells are few, and compared one by one: sums by the 32 days of rating are right, too, where entries are told to
# have taken effect on another day.
_LATE_KEY = ("grain", "span", "month", "source_id", "traits")
_LATE_SUMS = tuple(name for name in cells.LATE_NUMBERS if name != "n")


def _late(entries: str) -> str:
    """Return what late cells hold of entries, and what rounding of it is judged beside."""
    told = (
        f"SELECT *, {history.day_of('valid_at')} AS valid_day, sign AS direction FROM ({entries}) AS told "
        "WHERE valid_at <> rated_at"
    )
    return f"""
SELECT grain, {cells.span_of("grain", "valid_day")} AS span, {cells.RATED_MONTH} AS month, source_id, traits,
    sum(sign)::bigint AS n, {", ".join(f"sum(sign * {name}) AS {name}" for name in _LATE_SUMS)},
    {", ".join(f"sum(abs(sign) * {name}) AS {name}_gross" for name in _LATE_SUMS)}
FROM ({history.weighed(told, "source_id", "traits", "valid_day", "direction")}) AS weighed
CROSS JOIN {cells.RATED_GRAINS} GROUP BY {", ".join(_LATE_KEY)}
"""


LATE: Final = f"""
WITH held AS MATERIALIZED (
    SELECT {", ".join(_LATE_KEY)}, sum(n)::bigint AS n, {", ".join(f"sum({name}) AS {name}" for name in _LATE_SUMS)}
    FROM (
        SELECT grain, span, rated_month AS month, source_id, traits, n, {", ".join(_LATE_SUMS)}
        FROM late_cells WHERE tenant_id = $1 AND prefix = $2
        UNION ALL
        SELECT {", ".join(_LATE_KEY)}, n, {", ".join(_LATE_SUMS)}
        FROM ({_late(cells.of_tail("source_id, traits, sign, rating, rated_at, valid_at"))}) AS of_tail
    ) AS found GROUP BY {", ".join(_LATE_KEY)}
)
{
    judged(
        f"({_late(f'SELECT * FROM ledger WHERE {OF_SUBJECT}')}) AS truth FULL JOIN held USING ({', '.join(_LATE_KEY)})",
        equal("n"),
        " AND ".join(near(name, f"truth.{name}_gross") for name in _LATE_SUMS),
    )
}
"""
