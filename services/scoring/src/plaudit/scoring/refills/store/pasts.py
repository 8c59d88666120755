"""The statement that tells copied entries what their reviews were before, by the new ledger.

The present ledger, which they are copied from, may lack earlier entries of a review, or have wrong ones. What it said
of the review's past was made of those, and whatever comes next goes on from there.
"""

from typing import Final

from plaudit.common.db import Tx
from plaudit.scoring.history.domain import Happened
from plaudit.scoring.refills.store.twins import LEDGER

_COPIED = "partition = $1 AND (epoch, sequence) > ($2, $3) AND (epoch, sequence) <= ($4, $5)"
_PAST: Final = ("happened", "lowest", "highest", "newest_before", "first_shown_at")
_IS_CHANGE = f"happened BETWEEN {Happened.EDITED:d} AND {Happened.ERASED:d}"
# What a change took away was before it; what it brought is the last of all. Entries that come from the feed are first.
# A tenant whose feed is not read keeps what it has.
_TELL_ANEW: Final = f"""
UPDATE {LEDGER} AS copied SET {", ".join(f"{name} = told.{name}" for name in _PAST)}
FROM (
    SELECT *, CASE WHEN is_change THEN first_at END AS first_shown_at, CASE WHEN is_change THEN low END AS lowest,
        CASE WHEN is_change THEN high END AS highest, CASE WHEN is_change THEN newest_at END AS newest_before
    FROM (
        SELECT partition, epoch, sequence, sign, {_IS_CHANGE} OR was_there AS is_change, low, high, newest_at, first_at,
            CASE WHEN was_there AND NOT {_IS_CHANGE} THEN {Happened.RESTORED:d} ELSE happened END AS happened
        FROM (
            SELECT partition, epoch, sequence, sign, happened, count(*) OVER before_it > 0 AS was_there,
                floor(min(rating) OVER until_it) AS low, ceil(max(rating) OVER until_it) AS high,
                greatest(max(rated_at) OVER before_it, max(CASE WHEN sign < 0 THEN rated_at END) OVER until_it)
                    AS newest_at,
                first_value(CASE WHEN sign > 0 THEN greatest(valid_at, known_at) END) OVER in_order AS first_at
            FROM {LEDGER}
            WHERE review_id = ANY (ARRAY(
                SELECT review_id FROM {LEDGER} AS ledger JOIN refill_places AS place USING (tenant_id, partition)
                WHERE partition = $1 AND (ledger.epoch, ledger.sequence) > ($2, $3)
                    AND (ledger.epoch, ledger.sequence) <= ($4, $5)
                    AND (ledger.epoch, ledger.sequence) > (place.epoch, place.sequence)
            ))
            WINDOW
                until_it AS (PARTITION BY review_id ORDER BY epoch, sequence RANGE UNBOUNDED PRECEDING),
                before_it AS (PARTITION BY review_id ORDER BY epoch, sequence
                    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP),
                in_order AS (PARTITION BY review_id ORDER BY epoch, sequence, sign)
        ) AS seen WHERE {_COPIED}
    ) AS happening
) AS told
WHERE copied.partition = told.partition AND copied.epoch = told.epoch AND copied.sequence = told.sequence
    AND copied.sign = told.sign
    AND ({" OR ".join(f"copied.{name} IS DISTINCT FROM told.{name}" for name in _PAST)})
"""


async def tell_anew(tx: Tx, partition: int, after: tuple[int, int], until: tuple[int, int]) -> None:
    """Tell entries what happened to their reviews, and what these may have been before, by what the new ledger has.

    Args:
        tx: the open transaction.
        partition: of the entries, which are copied.
        after: epoch and sequence; entries behind them are told.
        until: those of the last one.
    """
    await tx.raw.execute(_TELL_ANEW, partition, *after, *until)
