"""The statement about what became of ratings."""

from collections.abc import Sequence
from typing import Final

from asyncpg import Record

from plaudit.alerting.reports.domain import effects
from plaudit.alerting.reports.domain.asked import Asked
from plaudit.alerting.reports.domain.effects import RAISED_BY, UP_TO_HOURS, Bucket, Effect, Effects, effects_of
from plaudit.alerting.reports.domain.groups import Group, Report, in_order
from plaudit.alerting.reports.store.parts import Arguments, Dimensions, filters, microseconds_of
from plaudit.alerting.reviews.domain import NEGATIVE_BELOW
from plaudit.common.db import Tx

_UNKNOWN: Final = "unknown"
_RATING_UNKNOWN: Final = "rating_unknown"

_BUCKET: Final = "CASE {untold} WHEN c.first_answered_at IS NULL THEN '{never}' {no_base} {buckets} ELSE '{later}' END"


async def effects_of_answers(tx: Tx, tenant_id: str, asked: Asked) -> Report[Effects]:
    """Return what became of the ratings of negative reviews that were published in a time, by how soon we answered.

    A review that was not negative when it was answered is in no bucket, nor is one that is removed. A wait counts from
    when the rating was given that stood then.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        asked: which reviews, by what.

    Raises:
        TooMuchError: there are too many groups.
    """
    arguments = Arguments(tenant_id, asked.window.start, asked.window.end)
    dimensions = Dimensions(asked, arguments, at="c.published_at", more={})
    in_window = "c.tenant_id = $1 AND c.published_at >= $2 AND c.published_at < $3"
    where = " AND ".join([in_window, *filters(asked, arguments)])
    rows = await tx.raw.fetch(
        f"""
        SELECT {dimensions.listed}, bucket, count(*) AS reviews,
            count(*) FILTER (WHERE change >= {RAISED_BY}) AS raised,
            count(*) FILTER (WHERE change <= -{RAISED_BY}) AS lowered,
            coalesce(sum(change), 0) AS sum, coalesce(sum(change * change), 0) AS squares
        FROM (
            SELECT {dimensions.selected}, c.rating - c.base_rating AS change, {_bucket()} AS bucket
            FROM reviews AS c
            WHERE {where} AND c.removed_at IS NULL AND c.kind IN ('stars', 'thumbs')
                AND (c.base_rating < {NEGATIVE_BELOW} OR c.base_rating IS NULL AND c.first_answered_at IS NOT NULL)
        ) AS c {dimensions.grouped_and("bucket")}
        """,
        *arguments.values,
    )
    groups = [Group(key, _effects(buckets)) for key, buckets in dimensions.by_key(rows).items()]
    in_their_order = in_order(groups, asked.by, {group.key: group.figures.all for group in groups})
    return Report(effects.together(group.figures for group in groups), in_their_order if asked.by else ())


def _effects(rows: Sequence[Record]) -> Effects:
    """Return the effects of the rows of one group, one for each bucket."""
    found = {row["bucket"]: Effect(*(row[name] for name in Effect._fields)) for row in rows}
    unknown, rating_unknown = (found.pop(name, Effect()).reviews for name in (_UNKNOWN, _RATING_UNKNOWN))
    return effects_of({Bucket(name): effect for name, effect in found.items()}, unknown, rating_unknown)


def _bucket() -> str:
    """Return the expression of the bucket of a review `c`, as `domain.effects.bucket_of` has it."""
    wait = f"({microseconds_of('c.first_answered_at')} - {microseconds_of('c.base_rated_at')})"
    return _BUCKET.format(
        untold=f"WHEN c.answers = 'untold' THEN '{_UNKNOWN}'",
        never=Bucket.NEVER.value,
        no_base=f"WHEN c.base_rating IS NULL THEN '{_RATING_UNKNOWN}'",
        buckets=" ".join(
            f"WHEN {wait} <= {hours * effects.HOUR_US} THEN '{bucket.value}'" for bucket, hours in UP_TO_HOURS.items()
        ),
        later=Bucket.LATER.value,
    )
