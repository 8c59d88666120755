"""How the pages of a list of reviews are asked for: statements that are built of filters, an order and a place.

Each reads the index of an order, or looks candidates up that another index has found; none of them runs here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, lt
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Uuid,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from plaudit.common.db.subjects import within
from plaudit.ingest.reviews.domain.filters import Wanted
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.reviews.domain.words import search_query
from plaudit.ingest.reviews.store.reading import IS_CURRENT, STORED
from plaudit.ingest.reviews.tables import Xid, reviews, revisions, searched_texts

_IS_FINAL = revisions.c.xid < func.pg_snapshot_xmin(func.pg_current_snapshot(), type_=Xid())
NEAR_ROWS: Final = 40_000
"""Entries of an order's index that are looked at first: what one review in 800 matches fills a page of 50 there."""
NEAR_LOOKUPS: Final = 20_000
"""Those of them that may be looked up where an order's index does not hold what is asked: words, times of changes."""
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


@dataclass(frozen=True, slots=True)
class Asked:
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


def beyond(asked: Asked) -> Select[Any]:
    """Return the statement that finds a row if the next entries are not all of the place's rating."""
    return _entries(asked).with_only_columns(reviews.c.rating).offset(_bound(NEAR_ROWS)).limit(1)


def counting(asked: Asked) -> Select[Any]:
    """Return the statement that counts reviews up to the limit, among the entries that are looked at first."""
    among = _entries(asked).limit(_bound(NEAR_ROWS)).subquery("entries").c
    chosen = _filtered(select(among.id), among, asked).limit(asked.limit).subquery("chosen")
    return select(func.count()).select_from(chosen)


def in_order(asked: Asked, *, near: bool) -> Select[Any]:
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


def _entries(asked: Asked) -> Select[Any]:
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


def _changes(asked: Asked) -> Select[Any]:
    """Return the statement of all revisions in the order of commits, from the place on."""
    columns, after = revisions.c, asked.after
    statement = select(columns.review_id.label("id"), columns.xid, columns.revision)
    statement = statement.where(columns.tenant_id == asked.tenant_id, _IS_FINAL)
    if asked.first_xid is not None:
        statement = statement.where(columns.xid >= _xid(asked.first_xid))
    if after is not None:
        statement = statement.where(tuple_(columns.xid, columns.review_id) > tuple_(_xid(after[0]), after[1]))
    return statement.order_by(columns.xid, columns.review_id)


def _whole(asked: Asked, chosen: Subquery) -> Select[Any]:
    """Return the statement that reads the chosen reviews one by one in their order, until the page is full."""
    columns, filters = reviews.c, asked.wanted.filters
    shown = [columns[name] for name in Review.__struct_fields__ if name not in {"id", "state"}]
    one: Select[Any] = select(*shown, *STORED, revisions.c.xid).join_from(reviews, revisions, IS_CURRENT)
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


def among_candidates(asked: Asked, candidates: Sequence[UUID]) -> Select[Any]:
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
        of_tenant = of_tenant.add_columns(revisions.c.xid, columns.revision).join_from(reviews, revisions, IS_CURRENT)
        of_tenant = of_tenant.where(_IS_FINAL)
    among = of_tenant.limit(_bound(1)).lateral("among")
    place = [among.c[name] for name in _PLACES[asked.order]]
    chosen = _filtered(select(*place).join_from(given, among, true()), among.c, asked)
    chosen = _sorted(chosen.where(among.c.published_at.is_not(None)), among.c, asked, from_place=True)
    # Those that are looked up once more may be too many by what the order's index does not hold.
    return _whole(asked, (chosen if asked.needs_lookups else chosen.limit(asked.limit)).subquery("chosen"))


def _filtered(statement: Select[Any], columns: Any, asked: Asked) -> Select[Any]:
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


def _sorted(statement: Select[Any], columns: Any, asked: Asked, *, from_place: bool = False) -> Select[Any]:
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
