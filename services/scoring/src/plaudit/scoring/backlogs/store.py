"""The statement that reads what is left to do."""

from typing import Final, NamedTuple

from plaudit.common.db import Tx
from plaudit.scoring.half_lives.domain import Phase
from plaudit.scoring.moves.commands import end_of_settled

_LEFT: Final = f"""
SELECT
    coalesce(extract(epoch FROM $1 - (SELECT marked_at FROM marks ORDER BY id LIMIT 1))::float8, 0),
    (SELECT coalesce(sum(last_sequence - first_sequence + 1), 0)::bigint FROM tail),
    (SELECT count(*) FROM celled_prefixes WHERE NOT is_filled),
    (SELECT coalesce(max($2::int - next_day), 0)::int FROM summed_prefixes),
    (SELECT count(*) FROM half_lives WHERE phase <> '{Phase.KEPT}'),
    coalesce(extract(epoch FROM (SELECT max(finished_at) FROM reconciliations))::float8, 0),
    (SELECT count(*) FROM rounded_sums) + (SELECT count(*) FROM rounded_tenant_sums)
"""


class Left(NamedTuple):
    """What the jobs of scoring have not done yet."""

    oldest_mark_seconds: float
    """How long the oldest mark waits for its scores to be published; 0 without one."""
    tail_records: int
    """That are in no cell yet."""
    unfilled_prefixes: int
    """Large subjects whose cells are not filled."""
    moves_days: int
    """That are over, and not summed for some large subject."""
    unfilled_half_lives: int
    """Half-lives of tenants' own that are filled or dropped just now."""
    reconciled_timestamp_seconds: float
    """Unix time at which the last nightly comparison ended; 0 before the first."""
    sums_to_repair: int
    """Marks of sums that are to be summed anew."""


async def left(tx: Tx) -> Left:
    """Return what is left to do, of all tenants."""
    row = await tx.raw.fetchrow(_LEFT, tx.now, end_of_settled(tx.now))
    assert row is not None
    oldest_mark_seconds, tail_records, unfilled_prefixes, moves_days, *others = row
    return Left(max(0.0, oldest_mark_seconds), tail_records, unfilled_prefixes, max(0, moves_days), *others)
