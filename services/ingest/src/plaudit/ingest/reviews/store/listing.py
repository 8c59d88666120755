"""A page of a list of reviews, read in the way that takes the least time.

Changes are listed in the order of commits: by the number of the writing transaction, and only below the snapshot's
xmin, below which every transaction has ended. What is listed there is final, and what commits later comes behind it.
So a reader that goes on from its last place misses nothing, however long a writer takes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Select

from plaudit.common.db import SqlTx
from plaudit.ingest.reviews.domain.filters import Filters, Wanted
from plaudit.ingest.reviews.domain.filters import wanted as wanted_of
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import ErasedReview, Review
from plaudit.ingest.reviews.domain.words import search_query
from plaudit.ingest.reviews.store.reading import source_choices, values_of
from plaudit.ingest.reviews.store.statements import Asked, among_candidates, beyond, counting, in_order

_MAX_CLOCK_DIFFERENCE: Final = timedelta(minutes=1)
"""By how much the times of two transactions may be in another order than their numbers."""
# Numbers rise with time, so the first one since a time is found by halving.
_FIRST_XID = """
WITH RECURSIVE step (low, high) AS (
    SELECT 0::bigint, 1 + coalesce(
        (SELECT xid::text::bigint FROM revisions WHERE tenant_id = $1 ORDER BY xid DESC LIMIT 1), 0
    )
    UNION ALL
    SELECT CASE WHEN probed.known_at < $2 THEN probed.number + 1 ELSE low END,
        CASE WHEN probed.known_at < $2 THEN high ELSE (low + high) / 2 END
    FROM step LEFT JOIN LATERAL (
        SELECT v.xid::text::bigint AS number, v.known_at FROM revisions v
        WHERE v.tenant_id = $1 AND v.xid >= ((low + high) / 2)::text::xid8
        ORDER BY v.xid, v.review_id, v.revision LIMIT 1
    ) AS probed ON true
    WHERE low < high
)
SELECT low FROM step WHERE low >= high LIMIT 1
"""
FEW: Final = 1_500
"""Reviews that are looked up and sorted in less time than so many entries take."""
FEW_WITH_LOOKUPS: Final = 6_000
"""The same where the entries would have to be looked up too."""
MAX_CANDIDATES: Final = 20_000
"""Reviews that are looked up and sorted at most; where more may match, all of the order's index is read."""
MAX_NOT_INDEXED: Final = 2_000
# Each statement is planned for its values, and for the way that is wanted of it. A plan for any values, or for a table
# that was small when it was analysed, may read all of it.
_PLAN_FOR_THIS = """
SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)
"""
_INDEXED = "SELECT review_id FROM searched_texts WHERE words @@ $1::text::tsquery LIMIT $2"
_CHANGED_SINCE = "SELECT review_id FROM revisions WHERE tenant_id = $1 AND xid >= $2 ORDER BY xid LIMIT $3"
_POSITION = "SELECT xid, review_id, revision FROM review_text_positions WHERE tenant_id = $1"
# The position is no part of it: within it, row level security would keep it from where the index is entered.
_NOT_INDEXED = """
SELECT review_id FROM revisions WHERE tenant_id = $1 AND (xid, review_id, revision) > ($2, $3, $4)
ORDER BY xid, review_id, revision LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A review in a list, and its place in the list's order."""

    place: tuple[Any, ...]
    review: Review | ErasedReview
    """An erased one in the order of changes only."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many reviews there are: exactly so many, or at least."""

    number: int
    is_all: bool


async def page(
    tx: SqlTx,
    tenant_id: str,
    filters: Filters,
    after: Sequence[Any] | None,
    limit: int,
    *,
    order: Order = Order.NEWEST,
    silent: frozenset[UUID] = frozenset(),
) -> list[Found]:
    """Return up to `limit` reviews in an order.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        filters: which of them. In the order of changes, removed ones are among them unless the filters say.
        after: the place after which they begin; None for the first.
        limit: how many.
        order: what they are sorted by.
        silent: the sources at which answers are not told; matters where answers are asked for. Tested with a thousand.
    """
    wanted = await _wanted(tx, tenant_id, filters, order, silent)
    if wanted.is_empty:
        return []
    first_xid = None if filters.changed_after is None else await _first_xid(tx, tenant_id, filters.changed_after)
    asked = Asked(tenant_id, wanted, order, after, limit, first_xid)
    return await _listed(tx, asked)


async def count(
    tx: SqlTx, tenant_id: str, filters: Filters, most: int, *, silent: frozenset[UUID] = frozenset()
) -> Count | None:
    """Return how many reviews there are, counted up to a number and no further than a page may read.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        filters: which of them.
        most: where there are more, one more than these are counted.
        silent: the sources at which answers are not told.

    Returns:
        The count; None where each review would have to be looked up, as for words.
    """
    wanted = await _wanted(tx, tenant_id, filters, Order.NEWEST, silent)
    if wanted.is_empty:
        return Count(0, is_all=True)
    asked = Asked(tenant_id, wanted, Order.NEWEST, None, most + 1, None)
    if asked.needs_lookups or filters.external_id is not None:
        return None
    await tx.raw.execute(_PLAN_FOR_THIS)
    found = int((await tx.sql.execute(counting(asked))).scalar_one())
    is_all = found <= most and (await tx.sql.execute(beyond(asked))).first() is None
    return Count(found, is_all)


async def _wanted(tx: SqlTx, tenant_id: str, filters: Filters, order: Order, silent: frozenset[UUID]) -> Wanted:
    removed = False if filters.removed is None and order is not Order.CHANGED else filters.removed
    of_platforms: Mapping[UUID, str] = {}
    if filters.platform is not None:
        of_platforms = {source_id: platform for source_id, _, platform in await source_choices(tx, tenant_id)}
    return wanted_of(filters, removed=removed, platforms=of_platforms, silent=silent)


def _found(row: Mapping[Any, Any], order: Order) -> Found:
    values = values_of(row)
    xid = values.pop("xid")
    if values["state"] is None:
        return Found(
            (xid, values["id"]), ErasedReview(**{name: values[name] for name in ErasedReview.__struct_fields__})
        )
    review = Review(**values)
    published_at = review.state.published_at
    if order is Order.CHANGED:
        return Found((xid, review.id), review)
    return Found(
        (review.state.rating, published_at, review.id) if order is Order.RATING else (published_at, review.id), review
    )


async def _listed(tx: SqlTx, asked: Asked) -> list[Found]:
    """Read a page from where it takes the least time.

    What many reviews match is found among the next ones in order; what few match, by the indexes of words and changes.
    Statistics of words and marks say which. They do not know which filters go together, so neither way is gone without
    bounds; and where both end without a page, the order's index is read as far as it takes.
    """
    await tx.raw.execute(_PLAN_FOR_THIS)
    changed = await _changed(tx, asked, FEW_WITH_LOOKUPS)
    if changed is not None:
        return await _fetched(tx, among_candidates(asked, changed), asked.order)
    query = search_query(asked.tenant_id, asked.wanted.filters.text, asked.wanted.marked)
    expected = math.inf if query is None else await _expected(tx, query)
    few = FEW_WITH_LOOKUPS if asked.needs_lookups or asked.order is Order.CHANGED else FEW
    if expected > few:
        found = await _read(tx, asked, near=True)
        if len(found) == asked.limit:
            return found
    candidates = await _changed(tx, asked, MAX_CANDIDATES)
    # The index of changes holds nothing that is asked: to read all of it takes longest.
    if candidates is None and query is not None and (asked.order is Order.CHANGED or expected <= MAX_CANDIDATES):
        candidates = await _candidates(tx, asked, query)
    if candidates is None:
        return await _read(tx, asked, near=False)
    return await _fetched(tx, among_candidates(asked, candidates), asked.order)


async def _read(tx: SqlTx, asked: Asked, *, near: bool) -> list[Found]:
    """Read the index of an order until a page is full; only its next entries if `near`.

    The index of ratings is entered twice: at the place, for its rating, and behind it. One condition would not do: the
    one column rises and the next one falls, so the index would be read from the rating's first entry.
    """
    if asked.order is not Order.RATING or asked.after is None:
        return await _fetched(tx, in_order(asked, near=near), asked.order)
    here = replace(asked, only_rating=asked.after[0])
    found = await _fetched(tx, in_order(here, near=near), asked.order)
    if len(found) == asked.limit or (near and (await tx.sql.execute(beyond(here))).first()):
        return found
    behind = replace(asked, after=None, above=asked.after[0], limit=asked.limit - len(found))
    return [*found, *await _fetched(tx, in_order(behind, near=near), asked.order)]


async def _expected(tx: SqlTx, query: str) -> int:
    """Return how many reviews a search finds, by the statistics of words and marks."""
    [row] = await tx.raw.fetch(f"EXPLAIN (FORMAT JSON) {_INDEXED}", query, None)
    plan = row[0]
    decoded = msgspec.json.decode(plan) if isinstance(plan, str) else plan
    return int(decoded[0]["Plan"]["Plan Rows"])


async def _changed(tx: SqlTx, asked: Asked, most: int) -> list[UUID] | None:
    """Return the ids of all reviews that changed in time; None where that is not asked, or they are too many."""
    if asked.first_xid is None:
        return None
    rows = await tx.raw.fetch(_CHANGED_SINCE, asked.tenant_id, asked.first_xid, most + 1)
    return None if len(rows) > most else list({row["review_id"] for row in rows})


async def _fetched(tx: SqlTx, statement: Select[Any], order: Order) -> list[Found]:
    return [_found(row, order) for row in (await tx.sql.execute(statement)).mappings()]


async def _candidates(tx: SqlTx, asked: Asked, query: str) -> list[UUID] | None:
    """Return the ids of all reviews that a search finds, and of what is not indexed yet; None where they are many."""
    fresh: list[asyncpg.Record] = []
    if asked.wanted.filters.text is None:
        position = await tx.raw.fetchrow(_POSITION, asked.tenant_id) or (0, UUID(int=0), 0)
        fresh = await tx.raw.fetch(_NOT_INDEXED, asked.tenant_id, *position, MAX_NOT_INDEXED + 1)
        if len(fresh) > MAX_NOT_INDEXED:
            return None
    rows = await tx.raw.fetch(_INDEXED, query, MAX_CANDIDATES + 1)
    return None if len(rows) > MAX_CANDIDATES else list({row["review_id"] for row in (*rows, *fresh)})


async def _first_xid(tx: SqlTx, tenant_id: str, known_since: datetime) -> int:
    """Return a number at or below those of all transactions that wrote revisions since a time, and close to them.

    What is close to the time is left to the times themselves.
    """
    since = known_since - _MAX_CLOCK_DIFFERENCE if known_since.year > 1 else known_since
    found: int = await tx.raw.fetchval(_FIRST_XID, tenant_id, since)
    return found
