"""A page of a list of reviews, read in the way that takes the least time.

Changes are listed in the order of commits: by the number of the writing transaction, and only below the snapshot's
xmin, below which every transaction has ended. What is listed there is final, and what commits later comes behind it.
So a reader that goes on from its last place misses nothing, however long a writer takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from plaudit.common.db import Tx
from plaudit.ingest.reviews.domain.filters import Filters, Wanted
from plaudit.ingest.reviews.domain.filters import wanted as wanted_of
from plaudit.ingest.reviews.domain.order import PLACES, Order
from plaudit.ingest.reviews.domain.state import ErasedReview, Review
from plaudit.ingest.reviews.domain.words import MAX_SEARCHED_WORDS, search_query, words
from plaudit.ingest.reviews.store.reading import read_state, source_choices
from plaudit.ingest.reviews.store.statements import (
    Asked,
    Near,
    Statement,
    among_changed,
    among_found,
    counting,
    in_order,
    is_beyond,
    next_rating,
)

_OF_REVIEW: Final = tuple(name for name in Review.__struct_fields__ if name != "state")
_MAX_CLOCK_DIFFERENCE: Final = timedelta(minutes=1)
"""By how much the times of two transactions may be in another order than their numbers."""
# Numbers rise with time, so the first one since a time is found by halving. The last one is asked for by its column: by
# the name of the number alone, all of them would be sorted as what they are turned into.
_FIRST_XID = """
WITH RECURSIVE step (low, high) AS (
    SELECT 0::bigint, 1 + coalesce(
        (SELECT v.xid::text::bigint FROM revisions v WHERE v.tenant_id = $1 ORDER BY v.xid DESC LIMIT 1), 0
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
NEXT: Final = Near(entries=8_000, lookups=800)
"""What is read first, in some two milliseconds: what one review in 150 matches fills a page of 50 there."""
NEAR: Final = Near(entries=120_000, lookups=3_000)
"""What is read where the next entries say that it fills the page: what one review in 2,400 matches."""
NEAR_WORDS: Final = Near(entries=150_000, lookups=15_000)
"""The same for words, which are looked up for each review: what one in 300 has."""
MAX_FOUND: Final = 4_000
"""Reviews that are looked up and sorted at most; where more match, an order's index is read."""
MAX_FOUND_WORDS: Final = 15_000
"""The same for words: to read on takes longer there."""
FEW_WITH_WORDS: Final = 1_000
"""Where so many are expected to have the words, they are looked up at once."""
MAX_EXPECTED: Final = 4
"""Where so many times as many are expected as may be looked up, they are not gathered to be counted."""
MAX_GATHERED: Final = 100_000
"""Reviews that have a word, or what it begins, if they are to be gathered for it."""
MAX_CHANGES: Final = 30_000
"""Changes of a time of which those are chosen that are looked up."""
MAX_NOT_INDEXED: Final = 2_000
COUNTED_ENTRIES: Final = 20_000
"""Among which reviews are counted."""
# Each statement is planned for its values, and for the way that is wanted of it. A plan for any values, or for a table
# that was small when it was analysed, may read all of it.
_PLAN_FOR_THIS = """
SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)
"""
_SEARCHED = "SELECT review_id FROM searched_texts WHERE words @@ $1::text::tsquery"
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
class Search:
    """What the index of words and marks is asked for."""

    query: str
    expected: int | None
    """How many reviews it finds, by statistics; None where no words are asked for."""
    has_all_words: bool
    """Whether all words that are asked for are in the query; the others are looked for in each review."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many reviews there are: exactly so many, or at least."""

    number: int
    is_all: bool


async def page(
    tx: Tx,
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
    first_xid = await _first_xid(tx, tenant_id, filters.changed_after, -_MAX_CLOCK_DIFFERENCE)
    end_xid = await _first_xid(tx, tenant_id, filters.changed_before, _MAX_CLOCK_DIFFERENCE)
    return await _listed(tx, Asked(tenant_id, wanted, order, after, limit, first_xid, end_xid))


async def count(
    tx: Tx, tenant_id: str, filters: Filters, most: int, *, silent: frozenset[UUID] = frozenset()
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
    asked = Asked(tenant_id, wanted, Order.NEWEST, None, most + 1)
    if any(each is not None for each in (filters.text, filters.language, filters.external_id)) or wanted.asks_change:
        return None
    await tx.raw.execute(_PLAN_FOR_THIS)
    [found] = await _rows(tx, counting(asked, COUNTED_ENTRIES))
    if not found["are_known"]:
        return None
    [end] = await _rows(tx, is_beyond(asked, Near(COUNTED_ENTRIES, lookups=most)))
    return Count(found["number"], is_all=not end["is_beyond"])


async def _wanted(tx: Tx, tenant_id: str, filters: Filters, order: Order, silent: frozenset[UUID]) -> Wanted:
    removed = False if filters.removed is None and order is not Order.CHANGED else filters.removed
    of_platforms: Mapping[UUID, str] = {}
    if filters.platform is not None:
        of_platforms = {source_id: platform for source_id, _, platform in await source_choices(tx, tenant_id)}
    return wanted_of(filters, removed=removed, platforms=of_platforms, silent=silent)


def _found(values: dict[str, Any], order: Order) -> Found:
    state = read_state(values["state"], values["state_format"])
    place = tuple(values[name] for name in PLACES[order])
    if state is None:
        return Found(place, ErasedReview(**{name: values[name] for name in ErasedReview.__struct_fields__}))
    return Found(place, Review(state=state, **{name: values[name] for name in _OF_REVIEW}))


async def _listed(tx: Tx, asked: Asked) -> list[Found]:
    """Read a page from where it takes the least time.

    What many reviews match is found among the next ones in order; what few match, by the indexes of changes, or of
    words and marks. How many they are is seen of the next ones. Each way has bounds; only where all of them end without
    a page, the order's index is read as far as it takes.
    """
    await tx.raw.execute(_PLAN_FOR_THIS)
    is_one = asked.wanted.filters.external_id is not None
    search = await _search(tx, asked)
    if search is not None and search.expected is not None and search.expected <= FEW_WITH_WORDS:
        few = await _few(tx, asked, search)
        if few is not None:
            return few
    found: list[Found] = [] if is_one else await _read(tx, asked, NEXT)
    if len(found) == asked.limit:
        return found
    near = NEAR if asked.wanted.filters.text is None else NEAR_WORDS
    is_near = len(found) * near.entries > asked.limit * NEXT.entries
    if is_near:
        found = await _read(tx, asked, near)
        if len(found) == asked.limit:
            return found
    few = await _few(tx, asked, search)
    if few is not None:
        return few
    if not is_near and not is_one:
        found = await _read(tx, asked, near)
        if len(found) == asked.limit:
            return found
    return await _read(tx, asked, None)


async def _few(tx: Tx, asked: Asked, search: Search | None) -> list[Found] | None:
    """Look up all that the indexes of changes, or of words and marks, find; None where that is too many."""
    is_one = asked.wanted.filters.external_id is not None
    if not is_one and (asked.first_xid is not None or asked.end_xid is not None):
        found = await _counted(tx, among_changed(asked, MAX_CHANGES, MAX_FOUND), MAX_FOUND, asked.order)
        if found is not None:
            return found
    has_text = asked.wanted.filters.text is not None
    most = MAX_FOUND_WORDS if has_text else MAX_FOUND
    if search is None or (search.expected is not None and search.expected > MAX_EXPECTED * most):
        return None
    more = await _not_indexed(tx, asked)
    if more is None:
        return None
    statement = among_found(asked, search.query, more, most, have_words=search.has_all_words)
    return await _counted(tx, statement, most, asked.order)


async def _search(tx: Tx, asked: Asked) -> Search | None:
    """Return what the index of words and marks is asked for; None where nothing can be.

    To gather the reviews of a word takes long where many have it, or what it begins: such a word is looked for in each
    review that marks or other words find. One word stays in the query where there is nothing else.
    """
    text, marked = asked.wanted.filters.text, asked.wanted.marked
    query = search_query(asked.tenant_id, text, marked)
    if query is None:
        return None
    if text is None:
        return Search(query, expected=None, has_all_words=True)
    searched = words(text)[:MAX_SEARCHED_WORDS]
    counts = {word: await _expected(tx, str(search_query(asked.tenant_id, word))) for word in searched}
    gathered = [word for word in searched if counts[word] <= MAX_GATHERED]
    if not gathered and not marked:
        gathered = [min(searched, key=counts.__getitem__)]
    query = str(search_query(asked.tenant_id, " ".join(gathered) if gathered else None, marked))
    return Search(query, await _expected(tx, query), has_all_words=len(gathered) == len(searched))


async def _expected(tx: Tx, query: str) -> int:
    """Return how many reviews a search finds, by the statistics of words and marks."""
    [row] = await tx.raw.fetch(f"EXPLAIN (FORMAT JSON) {_SEARCHED}", query)
    decoded = msgspec.json.decode(row[0]) if isinstance(row[0], str) else row[0]
    return int(decoded[0]["Plan"]["Plan Rows"])


async def _read(tx: Tx, asked: Asked, near: Near | None) -> list[Found]:
    """Read the index of an order until a page is full; only its next entries if `near`.

    The index of ratings is entered once for the place's rating, and once behind it. One condition would not do: the one
    column rises and the next one falls, so the index would be read from the rating's first entry. Where a time of
    publication is asked for, it is entered for each rating: what lies before or after that time is passed over.
    """
    if asked.order is not Order.RATING or (asked.after is None and not asked.asks_publication):
        return await _fetched(tx, in_order(asked, near), asked.order)
    found: list[Found] = []
    while len(found) < asked.limit:
        rest = replace(asked, limit=asked.limit - len(found))
        if asked.after is None and not asked.asks_publication:
            return [*found, *await _fetched(tx, in_order(rest, near), asked.order)]
        rating = await _rating(tx, asked)
        if rating is None:
            break
        here = replace(rest, only_rating=rating, above=None)
        found += await _fetched(tx, in_order(here, near), asked.order)
        if len(found) < asked.limit and near is not None:
            [row] = await _rows(tx, is_beyond(here, near))
            if row["is_beyond"]:
                break
        asked = replace(asked, after=None, above=rating)
    return found


async def _rating(tx: Tx, asked: Asked) -> float | None:
    """Return the rating that is read next: the place's own, else the lowest one above; None at the end."""
    if asked.after is not None:
        return float(asked.after[0])
    rows = await _rows(tx, next_rating(asked))
    return rows[0]["rating"] if rows else None


async def _fetched(tx: Tx, statement: Statement, order: Order) -> list[Found]:
    return [_found(dict(row), order) for row in await _rows(tx, statement)]


async def _counted(tx: Tx, statement: Statement, most: int, order: Order) -> list[Found] | None:
    """Return what a statement found; None where it was more than the statement takes."""
    rows = await _rows(tx, statement)
    if rows[0]["number"] > most:
        return None
    return [_found(dict(row), order) for row in rows if row["id"] is not None]


async def _rows(tx: Tx, statement: Statement) -> list[asyncpg.Record]:
    return await tx.raw.fetch(statement.text, *statement.values)


async def _not_indexed(tx: Tx, asked: Asked) -> list[UUID] | None:
    """Return what the index of marks does not hold yet; None where that is too much. Words are found when they are."""
    if asked.wanted.filters.text is not None:
        return []
    position = await tx.raw.fetchrow(_POSITION, asked.tenant_id) or (0, UUID(int=0), 0)
    rows = await tx.raw.fetch(_NOT_INDEXED, asked.tenant_id, *position, MAX_NOT_INDEXED + 1)
    return None if len(rows) > MAX_NOT_INDEXED else list({row["review_id"] for row in rows})


async def _first_xid(tx: Tx, tenant_id: str, known_at: datetime | None, difference: timedelta) -> int | None:
    """Return a number close to the first one of the transactions that wrote revisions since a time.

    What is close to the time is left to the times themselves.
    """
    if known_at is None:
        return None
    since = known_at + difference if MINYEAR < known_at.year < MAXYEAR else known_at
    found: int = await tx.raw.fetchval(_FIRST_XID, tenant_id, since)
    return found
