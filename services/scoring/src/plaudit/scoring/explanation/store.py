"""The statement that says what came to be known of a subject's reviews between two instants."""

from typing import Any, Final, NamedTuple

from plaudit.common.db import Tx
from plaudit.scoring.explanation.domain.changes import Share
from plaudit.scoring.explanation.domain.window import (
    Group,
    Happened,
    MovingReview,
    Stars,
    Told,
    log_weights,
    source_log_weights,
)
from plaudit.scoring.profiles.domain import Profile


class Window(NamedTuple):
    """Which changes of which subject: those that were shown after one instant and until another."""

    tenant_id: str
    subject: str
    begins: Any
    ends: Any


# A change is shown from when it has taken effect and is known: the later of the two is in the window. It is said twice,
# so that each can be looked up by an index. '0' is the character after '/': the range is exactly
# what lies below the subject.
_SHOWN: Final = """
    ledger.tenant_id = $1 AND (ledger.subject = $2 OR (ledger.subject >= $2 || '/' AND ledger.subject < $2 || '0'))
    AND (
        (ledger.valid_at > $3 AND ledger.valid_at <= $4 AND ledger.known_at <= $4)
        OR (ledger.known_at > $3 AND ledger.known_at <= $4 AND ledger.valid_at <= $4)
    )
"""
_RATED_US: Final = "round(date_part('epoch', ledger.rated_at) * 1e6)::bigint"
# Weights are against the instant of reading. Below 2^-1000 they are nothing, and a power that underflows is an error.
_MOVES: Final = f"""
WITH entries AS MATERIALIZED (
    SELECT partition, epoch, sequence, sign, review_id, revision, ledger.source_id, rating, rated_at,
        CASE WHEN of_traits.log_weight IS NOT NULL THEN floor(rating + 0.5)::int END AS star,
        CASE WHEN of_traits.log_weight IS NULL THEN 0 ELSE sign * power(2::float8, greatest(-1000,
            coalesce(({_RATED_US} - $5::bigint) / $6::float8, 0)
            + of_traits.log_weight + coalesce(of_source.log_weight, 0))) END AS w
    FROM ledger
    JOIN unnest($7::float8[]) WITH ORDINALITY AS of_traits (log_weight, number) ON of_traits.number = traits + 1
    LEFT JOIN unnest($8::uuid[], $9::float8[]) AS of_source (id, log_weight) ON of_source.id = ledger.source_id
    WHERE {_SHOWN}
), changes AS (
    SELECT partition, epoch, sequence, review_id, source_id, min(revision) AS revision, max(rated_at) AS rated_at,
        max(star) FILTER (WHERE sign = -1) AS star_before, max(star) FILTER (WHERE sign = 1) AS star_after,
        bool_or(sign = -1) AS leaves, bool_or(sign = 1) AS arrives, sum(w * rating) AS a, sum(w) AS b
    FROM entries GROUP BY partition, epoch, sequence, review_id, source_id
), moves AS MATERIALIZED (
    SELECT review_id, source_id, epoch, sequence, star_before, star_after, a, b, CASE
        WHEN leaves AND arrives THEN 'edited'
        WHEN arrives AND (revision = 1 OR NOT EXISTS (
            SELECT FROM ledger AS earlier WHERE earlier.review_id = changes.review_id
            AND (earlier.epoch, earlier.sequence) < (changes.epoch, changes.sequence)
        ) AND NOT EXISTS (
            SELECT FROM ledger AS other WHERE other.partition = changes.partition AND other.epoch = changes.epoch
            AND other.sequence = changes.sequence AND other.sign = -1
        )) THEN CASE WHEN rated_at <= $3 THEN 'late' ELSE 'new' END
        WHEN EXISTS (
            SELECT FROM ledger AS other WHERE other.partition = changes.partition AND other.epoch = changes.epoch
            AND other.sequence = changes.sequence AND other.sign = CASE WHEN arrives THEN -1 ELSE 1 END
        ) THEN CASE WHEN arrives THEN 'moved_in' ELSE 'moved_out' END
        WHEN arrives THEN 'restored'
        ELSE 'removed'
    END AS happened
    FROM changes
    WHERE a <> 0 OR b <> 0 OR star_before IS DISTINCT FROM star_after
)
(
    SELECT NULL::uuid AS review_id, source_id, ARRAY[happened] AS happened, star_before, star_after, count(*) AS count,
        sum(a) AS a, sum(b) AS b
    FROM moves GROUP BY source_id, happened, star_before, star_after
) UNION ALL (
    SELECT review_id, source_id, array_agg(happened ORDER BY epoch, sequence),
        (array_agg(star_before ORDER BY epoch, sequence))[1],
        (array_agg(star_after ORDER BY epoch DESC, sequence DESC))[1], count(*), sum(a), sum(b)
    FROM moves GROUP BY review_id, source_id
    -- What was not there at the first instant and is not at the second has moved nothing, and may have been erased.
    HAVING (array_agg(star_before ORDER BY epoch, sequence))[1] IS NOT NULL
        OR (array_agg(star_after ORDER BY epoch DESC, sequence DESC))[1] IS NOT NULL
    ORDER BY abs(sum(a) - $10::float8 * sum(b)) DESC, review_id
    LIMIT $11
)
"""
_NEWEST: Final = f"SELECT max({_RATED_US}) FROM ledger WHERE {_SHOWN} AND ledger.traits = ANY($5::int[])"


async def newest_us(tx: Tx, window: Window, profile: Profile) -> int | None:
    """Return when the newest review that a window's changes are about and that counts was rated; None without any."""
    counting = [number for number, weight in enumerate(log_weights(profile)) if weight is not None]
    newest: int | None = await tx.raw.fetchval(_NEWEST, *window, counting)
    return newest


async def moves(
    tx: Tx, window: Window, profile: Profile, read_us: int, *, aged: float, reviews: int
) -> tuple[list[Told], list[MovingReview]]:
    """Return what came to be known in a window: by groups, and the reviews with the largest effects.

    Args:
        tx: the open transaction.
        window: it.
        profile: what counts, and what it weighs.
        read_us: the instant that weights are as of, in microseconds since the Unix epoch; no review is newer.
        aged: the score that the reviews known before would give then: effects are against it.
        reviews: at most so many.
    """
    own = source_log_weights(profile)
    rows = await tx.raw.fetch(
        _MOVES, *window, read_us, profile.half_life_us, log_weights(profile), [*own], [*own.values()], aged, reviews
    )
    groups = [_told(row) for row in rows if row["review_id"] is None]
    return groups, [_review(row) for row in rows if row["review_id"] is not None]


def _told(row: Any) -> Told:
    [happened] = row["happened"]
    stars = Stars(Happened(happened), row["star_before"], row["star_after"])
    return Told(Group(stars, str(row["source_id"])), row["count"], Share(row["a"], row["b"]))


def _review(row: Any) -> MovingReview:
    return MovingReview(
        str(row["review_id"]),
        str(row["source_id"]),
        tuple(dict.fromkeys(map(Happened, row["happened"]))),
        row["star_before"],
        row["star_after"],
        Share(row["a"], row["b"]),
    )
