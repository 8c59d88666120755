"""Every SQL statement that compares cells and sums of changes with the ledger, and lets them be made anew."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.db.subjects import is_within
from plaudit.scoring.cells import store as cells
from plaudit.scoring.cells.domain import SPAN_DAYS, Grain
from plaudit.scoring.history import store as history
from plaudit.scoring.moves import store as moves
from plaudit.scoring.moves.domain import GRAIN_BITS, ShownStretch
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.reconciliation.domain import TOLERANCE, TOP_STARS, windows_of, windows_of_night
from plaudit.scoring.sums.domain.decay import EPOCH

_OF_SUBJECT = f"tenant_id = $1 AND {is_within('subject', '$2')}"
_TOPS = "max(trust_w) AS trust_top, max(recent_w) AS recent_top"
_COUNTS = tuple(f"n{star}" for star in range(1, TOP_STARS + 1))
_NUMBERS = ", ".join(cells.NUMBERS)
_HALF_LIVES = ("trust", "recent")
_MONTH_BITS = SPAN_DAYS.bit_length() - 1


def _prompt(entries: str) -> str:
    return f"""
    SELECT source_id, traits, sign, rating, rated_at, valid_at = rated_at AS is_prompt FROM ({entries}) AS entries
"""


def _near(column: str, scale: str) -> str:
    """Return whether a number is what the ledger says, but for rounding beside a scale."""
    return f"coalesce(abs(truth.{column} - held.{column}) <= {TOLERANCE} * ({scale}), false)"


def _equal(*columns: str) -> str:
    return " AND ".join(f"(truth.{name} IS NOT DISTINCT FROM held.{name})" for name in columns)


def _judged(compared: str, counts: str, weights: str) -> str:
    """Return the statement that counts what was compared, what is wrong, and what rounding alone has made so."""
    return f"""
SELECT count(*) AS compared, count(*) FILTER (WHERE NOT are_counts_right) AS differing,
    count(*) FILTER (WHERE are_counts_right AND NOT are_weights_right) AS rounded
FROM (SELECT {counts} AS are_counts_right, {weights} AS are_weights_right FROM {compared}) AS judged
"""


# Cells of each grain add up to all that the ledger has of the subject, but for what is in no cell yet. Rounding is
# judged beside all that was summed in them, what was taken away again as well; ratings are told to a millionth.
_CELLS = f"""
WITH grains (valid_grain, known_grain) AS (VALUES {cells.GRAINS}),
of_ledger AS MATERIALIZED (
    SELECT source_id, traits, block, {cells.totals("kept")}, max(trust_top) AS trust_top, max(recent_top) AS recent_top,
        coalesce(sum({" + ".join(_COUNTS)}) FILTER (WHERE is_prompt), 0)::bigint AS prompt
    FROM ({
    history.kept_sums(
        _prompt(f"SELECT * FROM ledger WHERE {_OF_SUBJECT}"),
        *("source_id", "traits", "is_prompt"),
        more=f"{cells.SUMMED}, {_TOPS}",
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
    _judged(
        "(SELECT * FROM of_ledger CROSS JOIN grains) AS truth "
        "FULL JOIN held USING (valid_grain, known_grain, source_id, traits, block)",
        _equal(*_COUNTS, "newest_us", "prompt"),
        " AND ".join(
            [_near("total", "abs(truth.total) + 1000")]
            + [
                _near(f"{name}_{column}", scale.format(name=name))
                for name in _HALF_LIVES
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


_STARS = range(1, TOP_STARS + 1)
_DAYS = ", ".join(f"({history.day_of(f'{time}_at')}) AS {time}_day" for time in ("valid", "known"))
_SPANS = ", ".join(cells.span_of(f"{time}_grain", f"{time}_day") + f" AS {time}_span" for time in ("valid", "known"))
_GROSS = ", ".join(f"sum(abs(sign) * {name}_w) AS {name}_gross" for name in _HALF_LIVES)


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


_PLACES = f"""
WITH grains (valid_grain, known_grain) AS (VALUES {cells.GRAINS}),
truth AS MATERIALIZED ({_placed(f"SELECT * FROM ledger WHERE {_OF_SUBJECT}")}),
held AS MATERIALIZED (
    SELECT valid_grain, known_grain, source_id, traits, block, sum(places) AS places,
        {", ".join(f"sum({name}_gross) AS {name}_gross" for name in _HALF_LIVES)}
    FROM (
        SELECT valid_grain, known_grain, source_id, traits, block,
            {" + ".join(f"n{star} * {_mark(str(star))}::numeric" for star in _STARS)} AS places,
            {", ".join(f"{name}_summed AS {name}_gross" for name in _HALF_LIVES)}
        FROM cells WHERE tenant_id = $1 AND prefix = $2
        UNION ALL
        SELECT * FROM ({
    _placed(cells.of_tail("source_id, traits, sign, rating, rated_at, valid_at, known_at"))
}) AS of_tail
    ) AS found GROUP BY valid_grain, known_grain, source_id, traits, block
)
{
    _judged(
        "truth FULL JOIN held USING (valid_grain, known_grain, source_id, traits, block)",
        _equal("places"),
        " AND ".join(
            f"coalesce(held.{name}_gross BETWEEN 0 AND truth.{name}_gross * (1 + {TOLERANCE}), false)"
            for name in _HALF_LIVES
        ),
    )
}
"""


def _by_month(entries: str, *groups: str) -> str:
    # What came and went again was summed all the same: rounding is judged beside both, each by itself.
    each = f"SELECT *, sign AS direction FROM ({entries}) AS each"
    return f"""
SELECT {cells.RATED_MONTH} AS month, {", ".join(groups)}, sum(sign)::bigint AS n,
    sum(sign * hashint4({cells.RATED_DAY})::numeric) AS places,
    {", ".join(f"sum(sign * {name}_w) AS {name}_w" for name in _HALF_LIVES)},
    {", ".join(f"sum(sign * {name}_w * {name}_w) AS {name}_b2" for name in _HALF_LIVES)},
    {", ".join(f"sum(abs(sign) * {name}_w) AS {name}_summed" for name in _HALF_LIVES)}, {_TOPS}
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
    of_ledger = f"SELECT * FROM ledger WHERE {_OF_SUBJECT}"
    places = f"CASE grain WHEN {Grain.DAY:d} THEN {{}} ELSE 0 END AS places"
    told = ", ".join(f"{name}_{each}" for name in _HALF_LIVES for each in ("w", "b2", "summed", "top"))
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
        _judged(
            f"(SELECT {key}, n, {places.format('places')}, {told} FROM ({_by_month(of_ledger, *groups)}) AS of_ledger "
            f"CROSS JOIN {cells.RATED_GRAINS}) AS truth FULL JOIN held USING ({key})",
            _equal("n", "places"),
            " AND ".join(
                _near(f"{name}_{column}", scale.format(name=name))
                for name in _HALF_LIVES
                for column, scale in scales.items()
                if f"{name}_{column}" in numbers
            ),
        )
    }
"""


_MONTH_OF_SPAN = f"CASE grain WHEN {Grain.DAY:d} THEN span >> {_MONTH_BITS} ELSE span END"
_RATED = _rated("rated_cells", _MONTH_OF_SPAN, cells.RATED_NUMBERS, "source_id", "traits", "rating")
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


_LATE = f"""
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
    _judged(
        f"({_late(f'SELECT * FROM ledger WHERE {_OF_SUBJECT}')}) AS truth "
        f"FULL JOIN held USING ({', '.join(_LATE_KEY)})",
        _equal("n"),
        " AND ".join(_near(name, f"truth.{name}_gross") for name in _LATE_SUMS),
    )
}
"""
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
_MOVES = f"""
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
    _judged(
        f"truth FULL JOIN held USING (grain, span, {_KEY})",
        " AND ".join([_equal("newest_us"), *(_near(name, "1 + truth.changes") for name in ("changes", "n"))]),
        " AND ".join(_near(name, f"truth.{scale}") for name, scale in _SCALE_OF.items()),
    )
}
"""
_SUMMED_DAYS = """
SELECT coalesce((SELECT min(span) FROM moves WHERE tenant_id = $1 AND prefix = $2 AND grain = 0), next_day), next_day,
    xmin::text
FROM summed_prefixes WHERE tenant_id = $1 AND prefix = $2
"""
_LONG = "SELECT set_config('statement_timeout', $1, true)"
_OF_PREFIX = "tenant_id = $1 AND prefix = $2"
# Who reads cells or sums of changes has first read here that there are some: it is waited for, and whoever comes later
# sees that there are none.
_HOLD = "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE"
# The transaction that wrote a row last tells whether it is the one that was compared: another comparison may have let
# all be made anew meanwhile.
_FILL_AGAIN = f"""
UPDATE celled_prefixes SET is_filled = false, filled_valid_at = DEFAULT
WHERE {_OF_PREFIX} AND is_filled AND xmin::text = $3
"""
_SUM_AGAIN = f"DELETE FROM summed_prefixes WHERE {_OF_PREFIX} AND xmin::text = $3"
_DELETE_MOVES = f"DELETE FROM moves WHERE {_OF_PREFIX}"
_WRITTEN_BY = f"SELECT xmin::text FROM celled_prefixes WHERE {_OF_PREFIX}"
_NOTE = f"UPDATE celled_prefixes SET compared_at = $3 WHERE {_OF_PREFIX}"
_NOTE_AT_NIGHT = f"""
{_NOTE} AND (compared_at < (SELECT started_at FROM reconciliations WHERE id = $4) OR compared_at IS NULL)
"""
_NEXT = """
SELECT tenant_id, prefix FROM celled_prefixes
WHERE is_filled AND (compared_at < (SELECT started_at FROM reconciliations WHERE id = $1) OR compared_at IS NULL)
    AND (SELECT celled FROM reconciliations WHERE id = $1) < $2
ORDER BY compared_at NULLS FIRST, tenant_id, prefix LIMIT 1
"""
_FILLED = f"""
SELECT tenant_id, prefix FROM celled_prefixes
WHERE is_filled AND ($1::text IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR {is_within("prefix", "$2")})
ORDER BY tenant_id, prefix
"""


class Celled(NamedTuple):
    """A large subject whose cells are filled."""

    tenant_id: str
    prefix: str


class Judged(NamedTuple):
    """What a comparison of one table has found."""

    compared: int
    """Sums."""
    differing: int
    """Whose counts are wrong."""
    rounded: int
    """Whose counts are right, and weights are not."""

    @property
    def is_wrong(self) -> bool:
        """Return whether anything is to be made anew."""
        return self.differing + self.rounded > 0


NOTHING: Final = Judged(0, 0, 0)


class Found(msgspec.Struct, frozen=True):
    """What a comparison of a large subject has found."""

    cells: Judged
    """What they add up to."""
    places: Judged
    """Which cells it is in."""
    rated_cells: Judged
    late_cells: Judged
    moves: Judged
    cells_by: str
    """The transaction that wrote last how far the cells are filled."""
    moves_by: str
    """The same of its changes; empty where none are summed."""


async def compare(tx: Tx, celled: Celled, seconds: float, *, whole: bool = False) -> Found | None:
    """Compare the cells of a large subject and the sums of its changes with the ledger; None where it has no cells now.

    Each statement sees one instant, in which every entry is in a cell or in the tail.

    Args:
        tx: the open transaction.
        celled: the subject.
        seconds: how long each statement may take.
        whole: whether changes of all days are compared, not of those of a night.
    """
    if not await cells.is_celled(tx, *celled):
        return None
    cells_by = await tx.raw.fetchval(_WRITTEN_BY, *celled)
    await cells.plan_anew(tx)
    await tx.raw.fetchval(_LONG, f"{round(seconds * 1000)}")
    of_cells = await tx.raw.fetchrow(_CELLS, *celled, timeout=seconds)
    of_places = await tx.raw.fetchrow(_PLACES, *celled, timeout=seconds)
    of_rated = await tx.raw.fetchrow(_RATED, *celled, timeout=seconds)
    of_late = await tx.raw.fetchrow(_LATE, *celled, timeout=seconds)
    assert of_cells is not None
    assert of_places is not None
    assert of_rated is not None
    assert of_late is not None
    of_moves, moves_by = await _compare_moves(tx, celled, seconds, whole=whole)
    return Found(
        cells=Judged(*of_cells),
        places=Judged(*of_places),
        rated_cells=Judged(*of_rated),
        late_cells=Judged(*of_late),
        moves=of_moves,
        cells_by=cells_by,
        moves_by=moves_by,
    )


async def _compare_moves(tx: Tx, celled: Celled, seconds: float, *, whole: bool) -> tuple[Judged, str]:
    """Return what comparing sums of changes has found, and which transaction wrote last how far they go."""
    summed = await tx.raw.fetchrow(_SUMMED_DAYS, *celled)
    if summed is None:
        return NOTHING, ""
    first, end, moves_by = summed
    windows: Sequence[tuple[int, int]] = windows_of(first, end)
    found = NOTHING
    for first_day, end_day in windows if whole else windows_of_night(windows, (tx.now - EPOCH).days):
        days = moves.bounds([ShownStretch(first_day * DAY_US - 1, end_day * DAY_US - 1)])
        row = await tx.raw.fetchrow(_MOVES, *celled, *days, first_day, end_day, timeout=seconds)
        assert row is not None
        found = Judged(*(one + more for one, more in zip(found, row, strict=True)))
    return found, moves_by


async def fill_again(tx: Tx, celled: Celled, found: Found) -> bool:
    """Let the cells of a large subject be filled again; until they are, the ledger answers.

    Return False, and do nothing, where they are no longer those that were compared.
    """
    await tx.raw.execute(_HOLD.format("celled_prefixes"))
    return rows_changed(await tx.raw.execute(_FILL_AGAIN, *celled, found.cells_by)) > 0


async def sum_again(tx: Tx, celled: Celled, found: Found) -> bool:
    """Let the changes of a large subject be summed again; until they are, the ledger answers. Otherwise the same.

    The transaction holds the order key of whoever changes these sums.
    """
    await tx.raw.execute(_HOLD.format("summed_prefixes"))
    if not rows_changed(await tx.raw.execute(_SUM_AGAIN, *celled, found.moves_by)):
        return False
    await tx.raw.execute(_DELETE_MOVES, *celled)
    return True


async def note_compared(tx: Tx, celled: Celled) -> None:
    """Note that a large subject was compared, or that it could not be: others come first now."""
    await tx.raw.execute(_NOTE, *celled, tx.now)


async def note_compared_at_night(tx: Tx, celled: Celled, reconciliation_id: UUID) -> bool:
    """Note the same for a night; return False where another process has noted it."""
    return rows_changed(await tx.raw.execute(_NOTE_AT_NIGHT, *celled, tx.now, reconciliation_id)) > 0


async def next_of_night(tx: Tx, reconciliation_id: object, most: int) -> Celled | None:
    """Return the large subject that was not compared for the longest; None where this night has compared enough."""
    row = await tx.raw.fetchrow(_NEXT, reconciliation_id, most)
    return None if row is None else Celled(*row)


async def filled(tx: Tx, tenant_id: str | None, subject: str | None) -> Sequence[Celled]:
    """Return large subjects whose cells are filled: of a tenant or of all, of a subject and all below it or all."""
    return [Celled(*row) for row in await tx.raw.fetch(_FILLED, tenant_id, subject)]
