"""Every statement that reads reviews and their revisions, and that which adds what the company did.

`hooks/store/` writes what platforms say, in the transaction of a group of deliveries.

Changes are listed in the order of commits: by the number of the writing transaction, and only below the snapshot's
xmin, below which every transaction has ended. What is listed there is final, and what commits later comes behind it.
So a reader that goes on from its last place misses nothing, however long a writer takes.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import eq, ge, gt, lt
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.errors import LaterVersionError
from plaudit.common.db.subjects import within
from plaudit.ingest.reviews.domain.decisions import NewRevision
from plaudit.ingest.reviews.domain.filters import Filters, Wanted
from plaudit.ingest.reviews.domain.filters import wanted as wanted_of
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import ErasedReview, KnownReview, Review, ReviewState, Revision, StoredReview
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, decode_state, encode_state
from plaudit.ingest.reviews.domain.versions import PartVersions
from plaudit.ingest.reviews.domain.words import search_query
from plaudit.ingest.reviews.tables import Xid, reviews, revisions, searched_texts
from plaudit.ingest.sources.tables import sources

_STORED = (revisions.c.state, revisions.c.state_format)
_IS_CURRENT = and_(revisions.c.review_id == reviews.c.id, revisions.c.revision == reviews.c.revision)
_REVIEWS = select(*(reviews.c[name] for name in Review.__struct_fields__ if name != "state"), *_STORED).join(
    revisions, _IS_CURRENT
)
_REVISIONS = select(*(revisions.c[name] for name in Revision.__struct_fields__ if name != "state"), *_STORED)
_IS_FINAL = revisions.c.xid < func.pg_snapshot_xmin(func.pg_current_snapshot(), type_=Xid())
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
NEAR_ROWS: Final = 40_000
"""Entries of an order's index that are looked at first: what one review in 800 matches fills a page of 50 there."""
NEAR_LOOKUPS: Final = 20_000
"""Those of them that may be looked up where an order's index does not hold what is asked: words, times of changes."""
FEW: Final = 1_500
"""Reviews that are looked up and sorted in less time than so many entries take."""
FEW_WITH_LOOKUPS: Final = 6_000
"""The same where the entries would have to be looked up too."""
MAX_CANDIDATES: Final = 20_000
"""Reviews that are looked up and sorted at most; where more may match, all of the order's index is read."""
MAX_NOT_INDEXED: Final = 2_000
COVERED: Final = (
    *("tenant_id", "published_at", "id", "rating", "source_id", "subject", "kind", "severity", "language", "verified"),
    *("origin", "answered_at", "removed", "traits"),
)
"""Columns that the indexes of both orders hold: filters on them read no review."""
_PLACES: Final = {
    Order.NEWEST: ("id", "published_at"),
    Order.OLDEST: ("id", "published_at"),
    Order.RATING: ("id", "rating", "published_at"),
    Order.CHANGED: ("id", "xid", "revision"),
}
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
_STORED_REVIEW = """
SELECT r.source_id, r.id::text AS review_id, r.external_id, r.revision, r.version, r.removed, r.partition_key,
    r.part_versions, r.erased_at, v.state, v.state_format
FROM reviews r JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision
WHERE r.tenant_id = $1 AND r.id = $2 AND v.state IS NOT NULL
"""
_NEXT_REVISION = "UPDATE reviews SET revision = $2, answered_at = $3, changed_at = $4 WHERE id = $1"
_ADD_REVISION = """
INSERT INTO revisions
    (tenant_id, review_id, revision, delivery_id, type, version, known_at, state, state_format, removed, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_decode_versions = msgspec.msgpack.Decoder(PartVersions).decode


@dataclass(frozen=True, slots=True)
class Found:
    """A review in a list, and its place in the list's order."""

    place: tuple[Any, ...]
    review: Review | ErasedReview
    """An erased one in the order of changes only."""


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
        silent: the sources at which answers are not told; matters where answers are asked for.
    """
    removed = False if filters.removed is None and order is not Order.CHANGED else filters.removed
    of_platforms: Mapping[UUID, str] = {}
    if filters.platform is not None:
        of_platforms = {source_id: platform for source_id, _, platform in await source_choices(tx, tenant_id)}
    wanted = wanted_of(filters, removed=removed, platforms=of_platforms, silent=silent)
    if wanted.is_empty:
        return []
    first_xid = None if filters.changed_after is None else await _first_xid(tx, tenant_id, filters.changed_after)
    asked = _Asked(tenant_id, wanted, order, after, limit, first_xid)
    return await _listed(tx, asked)


async def get(tx: SqlTx, tenant_id: str, review_id: UUID) -> Review | None:
    """Return one review; None also for a tombstone that never had a state."""
    statement = _REVIEWS.where(
        reviews.c.tenant_id == tenant_id, reviews.c.id == review_id, revisions.c.state.is_not(None)
    )
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else Review(**_values(row))


async def some(tx: SqlTx, tenant_id: str, review_ids: Collection[UUID]) -> dict[UUID, Review]:
    """Return those of the reviews that there are, by id."""
    statement = _REVIEWS.where(
        reviews.c.tenant_id == tenant_id, reviews.c.id.in_(review_ids), revisions.c.state.is_not(None)
    )
    found = [Review(**_values(row)) for row in (await tx.sql.execute(statement)).mappings()]
    return {each.id: each for each in found}


async def stored(tx: Tx, tenant_id: str, review_id: UUID) -> KnownReview | None:
    """Return a review as a decision needs it; None also for one that was erased, or is only waited for."""
    row = await tx.raw.fetchrow(_STORED_REVIEW, tenant_id, review_id)
    if row is None:
        return None
    values = _values(dict(row))
    source_id, part_versions = values.pop("source_id"), values.pop("part_versions")
    told = None if part_versions is None else _decode_versions(part_versions)
    return KnownReview(tenant_id=tenant_id, source_id=source_id, stored=StoredReview(**values, part_versions=told))


async def add_revision(tx: Tx, new: NewRevision, actor: str) -> None:
    """Store a revision of what the company did; the review's order key must be locked."""
    review, state = new.stored, new.stored.state
    answered_at = None if state is None else state.answered_at
    await tx.raw.execute(_NEXT_REVISION, review.review_id, review.revision, answered_at, new.known_at)
    await tx.raw.execute(
        _ADD_REVISION,
        new.tenant_id,
        review.review_id,
        review.revision,
        new.delivery_id,
        new.type,
        review.version,
        new.known_at,
        encode_state(state),
        STATE_FORMAT,
        review.removed,
        actor,
    )


async def history(tx: SqlTx, tenant_id: str, review_id: UUID) -> list[Revision]:
    """Return all revisions of a review, the first one first."""
    columns = revisions.c
    statement = _REVISIONS.where(columns.tenant_id == tenant_id, columns.review_id == review_id)
    ordered = statement.order_by(columns.revision)
    return [Revision(**_values(row)) for row in (await tx.sql.execute(ordered)).mappings()]


async def source_choices(tx: SqlTx, tenant_id: str) -> list[tuple[UUID, str, str]]:
    """Return id, name and platform of the tenant's sources, by name."""
    columns = sources.c
    statement = select(columns.id, columns.name, columns.platform).where(columns.tenant_id == tenant_id)
    return [tuple(row) for row in await tx.sql.execute(statement.order_by(columns.name, columns.id))]


def read_state(stored: bytes | None, state_format: int) -> ReviewState | None:
    """Return the state that a revision stores.

    Raises:
        LaterVersionError: a form that this code does not know.
    """
    try:
        return decode_state(stored, state_format)
    except KeyError as error:
        raise LaterVersionError(f"a state has form {state_format}, which a later version has written") from error


def _values(row: Mapping[Any, Any]) -> dict[str, Any]:
    values = dict(row)
    values["state"] = read_state(values["state"], values.pop("state_format"))
    return values


def _found(row: Mapping[Any, Any], order: Order) -> Found:
    values = _values(row)
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page of a list."""

    tenant_id: str
    wanted: Wanted
    order: Order
    after: Sequence[Any] | None
    limit: int
    first_xid: int | None
    """At or below the numbers of all transactions whose changes are asked for."""
    only_rating: float | None = None
    """The place's own, where nothing else is read; then the order is by publication alone."""
    above: float | None = None
    """Only better ratings than this: what comes behind the place's own."""

    @property
    def needs_lookups(self) -> bool:
        """Whether an entry of the order's index does not say if its review is wanted."""
        return self.wanted.filters.text is not None or self.wanted.asks_change


async def _listed(tx: SqlTx, asked: _Asked) -> list[Found]:
    """Read a page from where it takes the least time.

    What many reviews match is found among the next ones in order; what few match, by the indexes of words and changes.
    Statistics of words and marks say which. They do not know which filters go together, so neither way is gone without
    bounds; and where both end without a page, the order's index is read as far as it takes.
    """
    await tx.raw.execute(_PLAN_FOR_THIS)
    changed = await _changed(tx, asked, FEW_WITH_LOOKUPS)
    if changed is not None:
        return await _fetched(tx, _among(asked, changed), asked.order)
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
    return await _fetched(tx, _among(asked, candidates), asked.order)


async def _read(tx: SqlTx, asked: _Asked, *, near: bool) -> list[Found]:
    """Read the index of an order until a page is full; only its next entries if `near`.

    The index of ratings is entered twice: at the place, for its rating, and behind it. One condition would not do: the
    one column rises and the next one falls, so the index would be read from the rating's first entry.
    """
    if asked.order is not Order.RATING or asked.after is None:
        return await _fetched(tx, _in_order(asked, near=near), asked.order)
    here = replace(asked, only_rating=asked.after[0])
    found = await _fetched(tx, _in_order(here, near=near), asked.order)
    if len(found) == asked.limit or (near and (await tx.sql.execute(_beyond(here))).first()):
        return found
    behind = replace(asked, after=None, above=asked.after[0], limit=asked.limit - len(found))
    return [*found, *await _fetched(tx, _in_order(behind, near=near), asked.order)]


def _beyond(asked: _Asked) -> Select[Any]:
    """Return the statement that finds a row if the next entries are not all of the place's rating."""
    return _entries(asked).with_only_columns(reviews.c.rating).offset(_bound(NEAR_ROWS)).limit(1)


async def _expected(tx: SqlTx, query: str) -> int:
    """Return how many reviews a search finds, by the statistics of words and marks."""
    [row] = await tx.raw.fetch(f"EXPLAIN (FORMAT JSON) {_INDEXED}", query, None)
    plan = row[0]
    decoded = msgspec.json.decode(plan) if isinstance(plan, str) else plan
    return int(decoded[0]["Plan"]["Plan Rows"])


async def _changed(tx: SqlTx, asked: _Asked, most: int) -> list[UUID] | None:
    """Return the ids of all reviews that changed in time; None where that is not asked, or they are too many."""
    if asked.first_xid is None:
        return None
    rows = await tx.raw.fetch(_CHANGED_SINCE, asked.tenant_id, asked.first_xid, most + 1)
    return None if len(rows) > most else list({row["review_id"] for row in rows})


async def _fetched(tx: SqlTx, statement: Select[Any], order: Order) -> list[Found]:
    return [_found(row, order) for row in (await tx.sql.execute(statement)).mappings()]


def _in_order(asked: _Asked, *, near: bool) -> Select[Any]:
    """Return the statement that reads the index of an order until a page is full; only its next entries if `near`."""
    if asked.order is Order.CHANGED:
        changes = _changes(asked)
        return _whole(asked, (changes.limit(_bound(NEAR_LOOKUPS)) if near else changes).subquery("chosen"))
    entries = _entries(asked)
    among = (entries.limit(_bound(NEAR_ROWS)) if near else entries).subquery("entries").c
    place = [among[name] for name in _PLACES[asked.order]]
    chosen = _sorted(_filtered(select(*place), among, asked), among, asked)
    if asked.needs_lookups:
        return _whole(asked, (chosen.limit(_bound(NEAR_LOOKUPS)) if near else chosen).subquery("chosen"))
    return _whole(asked, chosen.limit(asked.limit).subquery("chosen"))


def _entries(asked: _Asked) -> Select[Any]:
    """Return the statement of an index's entries in order, from the place on."""
    columns, filters = reviews.c, asked.wanted.filters
    statement = select(*(columns[name] for name in COVERED)).where(
        columns.tenant_id == asked.tenant_id, columns.published_at.is_not(None)
    )
    at_least, below = asked.wanted.ratings if asked.order is Order.RATING else (None, None)
    by_publication = asked.order is not Order.RATING
    ranges = (
        (columns.rating, ge, at_least),
        (columns.rating, lt, below),
        (columns.rating, gt, asked.above),
        (columns.published_at, ge, filters.published_after if by_publication else None),
        (columns.published_at, lt, filters.published_before if by_publication else None),
    )
    if asked.only_rating is not None and asked.after is not None:
        rating, *place = asked.after
        is_later = tuple_(columns.published_at, columns.id) < tuple(place)
        return _sorted(_restricted(statement, ranges).where(columns.rating == rating, is_later), columns, asked)
    return _sorted(_restricted(statement, ranges), columns, asked, from_place=True)


def _changes(asked: _Asked) -> Select[Any]:
    """Return the statement of all revisions in the order of commits, from the place on."""
    columns, after = revisions.c, asked.after
    statement = select(columns.review_id.label("id"), columns.xid, columns.revision)
    statement = statement.where(columns.tenant_id == asked.tenant_id, _IS_FINAL)
    if asked.first_xid is not None:
        statement = statement.where(columns.xid >= _xid(asked.first_xid))
    if after is not None:
        statement = statement.where(tuple_(columns.xid, columns.review_id) > tuple_(_xid(after[0]), after[1]))
    return statement.order_by(columns.xid, columns.review_id)


def _whole(asked: _Asked, chosen: Subquery) -> Select[Any]:
    """Return the statement that reads the chosen reviews one by one in their order, until the page is full."""
    columns, filters = reviews.c, asked.wanted.filters
    shown = [columns[name] for name in Review.__struct_fields__ if name not in {"id", "state"}]
    one: Select[Any] = select(*shown, *_STORED, revisions.c.xid).join_from(reviews, revisions, _IS_CURRENT)
    one = one.where(columns.tenant_id == asked.tenant_id, columns.id == chosen.c.id)
    not_in_indexes = (
        (columns.external_id, eq, filters.external_id),
        (columns.changed_at, ge, filters.changed_after),
        (columns.changed_at, lt, filters.changed_before),
    )
    one = _restricted(one, not_in_indexes)
    if asked.order is Order.CHANGED:
        is_told: ColumnElement[bool] = columns.published_at.is_not(None)
        if not asked.wanted.narrows:
            is_told = is_told | columns.erased_at.is_not(None)
        one = _filtered(one.where(columns.revision == chosen.c.revision, is_told), columns, asked)
    # The limit keeps the planner from joining whole tables.
    each = one.limit(_bound(1)).lateral("one")
    statement = select(chosen.c.id, each).join_from(chosen, each, true())
    if filters.text is not None:
        statement = statement.where(_has_words(asked.tenant_id, chosen.c.id, filters.text))
    return _sorted(statement, chosen.c, asked).limit(asked.limit)


async def _candidates(tx: SqlTx, asked: _Asked, query: str) -> list[UUID] | None:
    """Return the ids of all reviews that a search finds, and of what is not indexed yet; None where they are many."""
    fresh: list[asyncpg.Record] = []
    if asked.wanted.filters.text is None:
        position = await tx.raw.fetchrow(_POSITION, asked.tenant_id) or (0, UUID(int=0), 0)
        fresh = await tx.raw.fetch(_NOT_INDEXED, asked.tenant_id, *position, MAX_NOT_INDEXED + 1)
        if len(fresh) > MAX_NOT_INDEXED:
            return None
    rows = await tx.raw.fetch(_INDEXED, query, MAX_CANDIDATES + 1)
    return None if len(rows) > MAX_CANDIDATES else list({row["review_id"] for row in (*rows, *fresh)})


def _among(asked: _Asked, candidates: Sequence[UUID]) -> Select[Any]:
    """Return the statement that looks all candidates up, and sorts those that are wanted."""
    columns = reviews.c
    given = (
        func.unnest(bindparam(None, candidates, ARRAY(Uuid), unique=True))
        .table_valued("id", name="given")
        .render_derived()
    )
    looked_up = [columns[name] for name in COVERED]
    of_tenant = select(*looked_up).where(columns.tenant_id == asked.tenant_id, columns.id == given.c.id)
    if asked.order is Order.CHANGED:
        of_tenant = of_tenant.add_columns(revisions.c.xid, columns.revision).join_from(reviews, revisions, _IS_CURRENT)
        of_tenant = of_tenant.where(_IS_FINAL)
    among = of_tenant.limit(_bound(1)).lateral("among")
    place = [among.c[name] for name in _PLACES[asked.order]]
    chosen = _filtered(select(*place).join_from(given, among, true()), among.c, asked)
    chosen = _sorted(chosen.where(among.c.published_at.is_not(None)), among.c, asked, from_place=True)
    # Those that are looked up once more may be too many by what the order's index does not hold.
    return _whole(asked, (chosen if asked.needs_lookups else chosen.limit(asked.limit)).subquery("chosen"))


def _filtered(statement: Select[Any], columns: Any, asked: _Asked) -> Select[Any]:
    """Restrict a statement to what filters ask of columns that the indexes of orders hold."""
    filters, wanted = asked.wanted.filters, asked.wanted
    at_least, below = wanted.ratings
    equal = (
        (columns.removed, wanted.removed),
        (columns.kind, filters.kind),
        (columns.severity, filters.severity),
        (columns.language, filters.language),
        (columns.verified, filters.verified),
        (columns.origin, filters.origin),
    )
    ranges = (
        *((column, eq, value) for column, value in equal),
        (columns.rating, ge, at_least),
        (columns.rating, lt, below),
        (columns.published_at, ge, filters.published_after),
        (columns.published_at, lt, filters.published_before),
    )
    statement = _restricted(statement, ranges)
    if filters.subject is not None:
        statement = statement.where(within(columns.subject, filters.subject))
    if wanted.source_ids is not None:
        statement = statement.where(columns.source_id.in_(wanted.source_ids))
    if wanted.other_source_ids:
        statement = statement.where(columns.source_id.not_in(wanted.other_source_ids))
    if wanted.has_answer is not None:
        answered_at = columns.answered_at
        statement = statement.where(answered_at.is_not(None) if wanted.has_answer else answered_at.is_(None))
    looked_at, must = wanted.traits
    if looked_at:
        # Rows of before the column was there have none yet, but marks.
        said = columns.traits.op("&")(looked_at) == must
        statement = statement.where(
            func.coalesce(said, _has_words(asked.tenant_id, columns.id, None, wanted.found_words))
        )
    return statement


def _restricted(statement: Select[Any], conditions: Iterable[tuple[Any, Callable[..., Any], Any]]) -> Select[Any]:
    """Add the conditions whose values are given."""
    for column, compare, value in conditions:
        if value is not None:
            statement = statement.where(compare(column, value))
    return statement


def _has_words(
    tenant_id: str, review_id: ColumnElement[UUID], text: str | None, marked: Sequence[Sequence[str]] = ()
) -> ColumnElement[bool]:
    """Return the condition that a review has words and marks, of each group one; it is looked up for each row."""
    columns = searched_texts.c
    query = cast(search_query(tenant_id, text, marked), TSQUERY)
    is_found: ColumnElement[bool] = columns.words.op("@@", is_comparison=True)(query)
    return select(is_found).where(columns.review_id == review_id).scalar_subquery()


def _sorted(statement: Select[Any], columns: Any, asked: _Asked, *, from_place: bool = False) -> Select[Any]:
    """Sort a statement in its order; with `from_place`, it begins after the place."""
    after = asked.after if from_place else None
    if asked.order is Order.CHANGED:
        place = tuple_(columns.xid, columns.id)
        statement = statement if after is None else statement.where(place > tuple_(_xid(after[0]), after[1]))
        return statement.order_by(columns.xid, columns.id)
    published_at, review_id = columns.published_at, columns.id
    place = tuple_(published_at, review_id)
    if asked.order is Order.OLDEST:
        statement = statement if after is None else statement.where(place > tuple(after))
        return statement.order_by(published_at, review_id)
    if asked.order is Order.NEWEST or asked.only_rating is not None:
        statement = statement if after is None else statement.where(place < tuple(after))
        return statement.order_by(published_at.desc(), review_id.desc())
    rating = columns.rating
    if after is not None:
        at, *rest = after
        is_later = place < tuple(rest)
        statement = statement.where((rating > at) | ((rating == at) & is_later))
    return statement.order_by(rating, published_at.desc(), review_id.desc())


def _bound(rows: int) -> ColumnElement[int]:
    """Return a number as it is written in a statement: a plan that is used again must know it."""
    return literal_column(str(rows), Integer)


def _xid(number: int) -> BindParameter[int]:
    return BindParameter(None, number, type_=Xid(), unique=True)


async def _first_xid(tx: SqlTx, tenant_id: str, known_since: datetime) -> int:
    """Return a number at or below those of all transactions that wrote revisions since a time, and close to them.

    What is close to the time is left to the times themselves.
    """
    since = known_since - _MAX_CLOCK_DIFFERENCE if known_since.year > 1 else known_since
    found: int = await tx.raw.fetchval(_FIRST_XID, tenant_id, since)
    return found
