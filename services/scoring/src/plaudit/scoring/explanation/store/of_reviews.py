"""The statements that find the reviews that moved a subject's score most."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from plaudit.common.db import Tx
from plaudit.common.db.subjects import is_within
from plaudit.scoring.explanation.domain.changes import Share
from plaudit.scoring.explanation.domain.window import (
    MovingReview,
    change_begins,
    effect_bound,
    freshest,
    log_weights,
    source_log_weights,
)
from plaudit.scoring.history.domain import Happened
from plaudit.scoring.history.store import RATED_US, SHOWN_AT, in_us
from plaudit.scoring.moves.domain import ABSENT, ShownStretch
from plaudit.scoring.moves.store import BY_SUBJECT, BY_TIME, MAX_EXPONENT, STRETCHES, as_seen, bounds
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.sums.domain.decay import time_of
from plaudit.scoring.sums.domain.traits import TRAITS
from plaudit.scoring.topics.domain import ERASED


class Asked(NamedTuple):
    """Which changes of which subject are looked at, and what they count for."""

    tenant_id: str
    subject: str
    window: ShownStretch
    read_us: int
    """The instant that weights are as of, in microseconds since the Unix epoch."""
    profile: Profile
    middle: float
    """The score that effects are against."""
    source_id: str | None = None
    """Where other sources' reviews do not count."""


class Candidates(NamedTuple):
    """Reviews that may be among those with the largest effects."""

    review_ids: Collection[str]
    bound: float
    """No other review can have moved the sums by more. As `abs(a - middle * b)`."""
    are_all: bool
    """Whether a closer look would find no more."""


_OF_SOURCE = "($11::uuid IS NULL OR source_id = $11::uuid)"


def _weighed(seen: str) -> str:
    """Return entries with what they weigh at the instant of reading, 0 where they do not count.

    What profiles weigh is looked up in arrays: a join costs more than all else that is done to an entry.
    """
    of_source = "coalesce(($9::float8[])[array_position($8::uuid[], source_id)], 0)"
    return f"""
    SELECT weighing.*, log_weight IS NOT NULL AS counts,
        CASE WHEN log_weight IS NULL THEN 0 ELSE sign * power(2::float8, greatest(-{MAX_EXPONENT},
            coalesce(({RATED_US} - $5::bigint) / $6::float8, 0) + log_weight + {of_source})) END AS w
    FROM (
        SELECT seen.*, CASE WHEN {_OF_SOURCE} THEN ($7::float8[])[traits + 1] END AS log_weight FROM ({seen}) AS seen
    ) AS weighing
"""


def _starred(seen: str) -> str:
    """Return the same with the stars that both states count as; null where they do not."""
    return f"""
    SELECT weighed.*, CASE WHEN counts THEN star END AS counted_star,
        CASE WHEN {_OF_SOURCE} AND ($7::float8[])[other_traits + 1] IS NOT NULL THEN nullif(other_star, {ABSENT}) END
            AS other_counted_star
    FROM ({_weighed(seen)}) AS weighed
"""


# Of many equal ones the same are named whenever it is asked, however many there are and wherever they lie. So what a
# review did is summed in the order in which it happened: sums of doubles differ in the last bit by their order.
_ORDER = "effect DESC, newest DESC, review_id"
_A, _B = (f"sum({each} ORDER BY epoch, sequence, sign)" for each in ("w * rating", "w"))
_BEFORE = "CASE WHEN sign < 0 THEN counted_star ELSE other_counted_star END"
_AFTER = "CASE WHEN sign > 0 THEN counted_star ELSE other_counted_star END"


def _largest(entries: str) -> str:
    """Return the reviews with the largest effects of some entries, of equal ones the newest; none that was erased.

    The aggregate is sorted before what was erased is looked up, review by review, until there are enough.
    """
    return f"""
WITH entries AS MATERIALIZED ({_starred(as_seen(entries, "$2"))}),
largest AS MATERIALIZED (
    SELECT * FROM (
        SELECT review_id, abs({_A} - $10::float8 * {_B}) AS effect, {_A} AS a, {_B} AS b, max(rated_at) AS newest
        FROM entries GROUP BY review_id HAVING bool_or(counts OR other_counted_star IS NOT NULL)
        ORDER BY {_ORDER} OFFSET 0
    ) AS of_reviews
    WHERE (
        SELECT count(*) FROM ledger WHERE ledger.review_id = of_reviews.review_id AND ledger.topics = {ERASED}
    ) = 0
    LIMIT $12
)
SELECT review_id, max(source_id::text) AS source_id, max(effect) AS effect, max(a) AS a, max(b) AS b,
    array_agg(happened ORDER BY epoch, sequence, sign) FILTER (WHERE counts OR other_counted_star IS NOT NULL)
        AS happened,
    (array_agg({_BEFORE} ORDER BY epoch, sequence, sign))[1] AS before,
    (array_agg({_AFTER} ORDER BY epoch DESC, sequence DESC, sign DESC))[1] AS after,
    (array_agg(traits ORDER BY epoch DESC, sequence DESC, sign DESC))[1] AS traits
FROM largest JOIN entries USING (review_id) GROUP BY review_id ORDER BY max(effect) DESC, max(newest) DESC, review_id
"""


_OF_REVIEWS = f"""(
    SELECT ledger.* FROM {STRETCHES} CROSS JOIN unnest($13::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT * FROM ledger WHERE review_id = wanted.id OFFSET 0
    ) AS ledger
    WHERE tenant_id = $1 AND {is_within("subject", "$2")} AND {SHOWN_AT} > stretch.after AND {SHOWN_AT} <= stretch.until
)"""
_LARGEST, _LARGEST_BY_TIME, _LARGEST_OF = _largest(BY_SUBJECT), _largest(BY_TIME), _largest(_OF_REVIEWS)
# What IS TRUE is put to serves no index, so that these are found by the one that is meant, whatever a plan expects.
# New reviews by when they were rated, the newest first: of two of one rating the newer one weighs more. Where many were
# rated at one instant, as on a platform that tells days alone, WITH TIES looks at all of them or none. So whatever is
# not looked at is older than all that is, and of equal effects it comes later.
_NEWEST_NEW = f"""
WITH newest AS MATERIALIZED (
    SELECT * FROM ledger
    WHERE tenant_id = $1 AND valid_at <= ($4::timestamptz[])[1] AND valid_at > ($3::timestamptz[])[1]
        AND {is_within("subject", "$2")} IS TRUE AND sign = 1 AND happened IN ({Happened.NEW:d}, {Happened.LATE:d})
        AND (known_at <= ($4::timestamptz[])[1]) IS TRUE
    ORDER BY valid_at DESC FETCH FIRST ($13) ROWS WITH TIES
)
SELECT review_id::text, abs(w * rating - $10::float8 * w) AS effect, (SELECT count(*) FROM newest) AS looked_at,
    (SELECT min({in_us("valid_at")}) FROM newest) AS oldest_us, rated_at AS newest
FROM ({_weighed(as_seen("(SELECT * FROM newest)", "$2"))}) AS weighed
ORDER BY {_ORDER} LIMIT $12
"""
# What a review that changed did is what its last state in the window adds without what it was when the window began:
# nothing, or one of the states before that change, which weighed no more than the newest and was no further off than
# the lowest and the highest of them. One whose first state was shown in the window was nothing when it began.
_IS_CHANGE = f"""happened BETWEEN {Happened.EDITED:d} AND {Happened.ERASED:d}
        AND (sign > 0 OR other_star IS NULL OR other_subject IS NOT NULL)"""
# Of a change below the subject its new state tells all, and a move below it is nothing to it.
_IS_SEEN = f"""({is_within("subject", "$2")} AND {_OF_SOURCE} AND (
        other_subject IS NULL OR (sign > 0 AND happened <> {Happened.MOVED:d}) OR NOT {is_within("other_subject", "$2")}
    ))"""
_CHANGE_COLUMNS = """subject, sign, review_id, source_id, traits, rating, rated_at, known_at, happened, other_subject,
        lowest, highest, newest_before, first_shown_at"""
_IN_WINDOW = f"""tenant_id = $1 AND {_IS_CHANGE} AND known_at <= ($4::timestamptz[])[1]
            AND (valid_at <= ($4::timestamptz[])[1]) IS TRUE AND {_IS_SEEN} IS TRUE"""
_PAST_WEIGHT = f"""power(2::float8, least({MAX_EXPONENT}, greatest(-{MAX_EXPONENT}, $13::float8
    + coalesce(({in_us("coalesce(newest_before, known_at)")} - $5::bigint) / $6::float8, 0))))"""
# OFFSET 0 keeps what an entry did from being computed anew wherever it is used.
_CHANGED_AGAIN = f"""
WITH changes AS (
    SELECT found.* FROM unnest($14::smallint[], $15::smallint[], $16::timestamptz[]) AS stars (low, high, after)
    CROSS JOIN LATERAL (
        SELECT {_CHANGE_COLUMNS} FROM ledger WHERE lowest = stars.low AND highest = stars.high
            AND known_at > stars.after AND {_IN_WINDOW} OFFSET 0
    ) AS found
    UNION ALL
    SELECT {_CHANGE_COLUMNS} FROM ledger
    WHERE lowest IS NULL AND known_at > ($3::timestamptz[])[1] AND {_IN_WINDOW}
    UNION ALL
    SELECT {_CHANGE_COLUMNS} FROM ledger
    WHERE tenant_id = $1 AND valid_at > known_at AND valid_at > ($3::timestamptz[])[1]
        AND valid_at <= ($4::timestamptz[])[1] AND (known_at <= ($3::timestamptz[])[1]) IS TRUE
        AND ({_IS_CHANGE} AND {_IS_SEEN}) IS TRUE
)
SELECT review_id::text, max(bound) AS bound FROM (
    SELECT review_id, rated_at, CASE
        WHEN first_shown_at > ($3::timestamptz[])[1] THEN abs(did)
        ELSE greatest(
            abs(did - least(0, past_weight * (coalesce(lowest, 1) - $10::float8))),
            abs(did - greatest(0, past_weight * (coalesce(highest, 5) - $10::float8)))
        )
    END AS bound
    FROM (
        SELECT review_id, rated_at, lowest, highest, first_shown_at, {_PAST_WEIGHT} AS past_weight,
            CASE WHEN sign > 0 THEN w * (rating - $10::float8) ELSE 0 END AS did
        FROM ({_weighed("SELECT * FROM changes")}) AS weighed OFFSET 0
    ) AS weighed
) AS bounded
WHERE bound > $17 GROUP BY review_id ORDER BY bound DESC, max(rated_at) DESC, review_id LIMIT $12
"""


_RATED_AT = """
SELECT review_id::text, max(rated_at) AS rated_at FROM ledger
WHERE tenant_id = $1 AND review_id = ANY($2::uuid[]) GROUP BY review_id
"""


async def rated_at(tx: Tx, tenant_id: str, review_ids: Collection[str]) -> dict[str, datetime]:
    """Return review → when it was rated last, of those of some reviews that the ledger tells of."""
    rows = await tx.raw.fetch(_RATED_AT, tenant_id, list(review_ids))
    return {row["review_id"]: row["rated_at"] for row in rows}


async def largest(tx: Tx, asked: Asked, limit: int, *, is_large: bool) -> list[MovingReview]:
    """Return the reviews with the largest effects, the largest first, of all that the window shows."""
    statement = _LARGEST_BY_TIME if is_large else _LARGEST
    return [_review(row) for row in await tx.raw.fetch(statement, *_parameters(asked), limit)]


async def largest_of(tx: Tx, asked: Asked, review_ids: Collection[str], limit: int) -> list[MovingReview]:
    """Return those of some reviews with the largest effects, the largest first."""
    return [_review(row) for row in await tx.raw.fetch(_LARGEST_OF, *_parameters(asked), limit, list(review_ids))]


async def newest_new(tx: Tx, asked: Asked, limit: int, looked_at: int) -> Candidates:
    """Return the new reviews with the largest effects of those so many that were rated last.

    More are looked at where several were rated at the instant of the last of them. What bounds the others is how far a
    rating can be from the score, and what weighs most of those that are older.
    """
    rows = await tx.raw.fetch(_NEWEST_NEW, *_parameters(asked), limit, looked_at)
    are_all = not rows or rows[0]["looked_at"] < looked_at
    oldest_us = asked.window.after_us if are_all else max(asked.window.after_us, rows[0]["oldest_us"])
    least = rows[-1]["effect"] if len(rows) == limit else 0.0
    return Candidates(
        [row["review_id"] for row in rows],
        max(least, effect_bound(asked.profile, asked.middle, (oldest_us, asked.read_us))),
        are_all,
    )


async def changed_again(tx: Tx, asked: Asked, limit: int, least: float) -> Candidates:
    """Return reviews that changed in the window after they were new, those that may have the largest effects.

    Args:
        tx: the open transaction.
        asked: of which subject and window.
        limit: so many at most.
        least: those alone that may have a larger effect than this.
    """
    after_us, until_us = asked.window
    begins = change_begins(asked.profile, asked.middle, (after_us, asked.read_us), least)
    read = [(stars, at_us) for stars, at_us in begins.items() if at_us < until_us]
    ranges = ([low for (low, _), _ in read], [high for (_, high), _ in read], [time_of(at_us) for _, at_us in read])
    rows = await tx.raw.fetch(_CHANGED_AGAIN, *_parameters(asked), limit, freshest(asked.profile), *ranges, least)
    are_all = len(rows) < limit
    return Candidates([row["review_id"] for row in rows], least if are_all else rows[-1]["bound"], are_all)


def _parameters(asked: Asked) -> tuple[Any, ...]:
    own = source_log_weights(asked.profile)
    return (
        *(asked.tenant_id, asked.subject, *bounds([asked.window]), asked.read_us, asked.profile.half_life_us),
        *(log_weights(asked.profile), [*own], [*own.values()], asked.middle, asked.source_id),
    )


def _review(row: Any) -> MovingReview:
    return MovingReview(
        str(row["review_id"]),
        row["source_id"],
        tuple(dict.fromkeys(map(Happened, row["happened"] or ()))),
        row["before"],
        row["after"],
        TRAITS[row["traits"]].origin,
        Share(row["a"], row["b"]),
    )
