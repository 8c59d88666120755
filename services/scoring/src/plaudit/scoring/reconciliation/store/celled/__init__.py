"""Compares cells and sums of changes with the ledger, and lets them be made anew."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.db.subjects import is_within
from plaudit.scoring.cells import store as cells
from plaudit.scoring.moves import store as moves
from plaudit.scoring.moves.domain import ShownStretch
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.reconciliation.domain import windows_of, windows_of_night
from plaudit.scoring.reconciliation.store.celled.cell_sums import CELLS, PLACES
from plaudit.scoring.reconciliation.store.celled.move_sums import MOVES
from plaudit.scoring.reconciliation.store.celled.rated_sums import LATE, RATED
from plaudit.scoring.sums.domain.decay import EPOCH

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
    of_cells = await tx.raw.fetchrow(CELLS, *celled, timeout=seconds)
    of_places = await tx.raw.fetchrow(PLACES, *celled, timeout=seconds)
    of_rated = await tx.raw.fetchrow(RATED, *celled, timeout=seconds)
    of_late = await tx.raw.fetchrow(LATE, *celled, timeout=seconds)
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
        row = await tx.raw.fetchrow(MOVES, *celled, *days, first_day, end_day, timeout=seconds)
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
