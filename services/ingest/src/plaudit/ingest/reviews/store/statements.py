"""How the pages of a list of reviews are asked for: statements that are built of filters, an order and a place.

Each reads the index of an order, or looks candidates up that another index has found; none of them runs here. They are
texts: to build them of objects took longer than all else that a request for a page needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from plaudit.common.db.subjects import is_within
from plaudit.ingest.reviews.domain.facts import IS_KNOWN, Bits, bits_asked, more_bits_asked
from plaudit.ingest.reviews.domain.filters import Wanted
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.words import search_query

_IS_FINAL: Final = "{0}.xid < pg_snapshot_xmin(pg_current_snapshot())"
_SORTED: Final = {
    Order.NEWEST: "{0}.published_at DESC, {0}.id DESC",
    Order.OLDEST: "{0}.published_at, {0}.id",
    Order.RATING: "{0}.rating, {0}.published_at DESC, {0}.id DESC",
    Order.CHANGED: "{0}.xid, {0}.id",
}
_ONE: Final = (
    "r.source_id, r.revision, r.version, r.removed, r.changed_at, r.rating, r.published_at, "
    "v.state, v.state_format, v.xid"
)
_CURRENT: Final = "reviews r JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision"


@dataclass(frozen=True, slots=True)
class Near:
    """How far an order's index is read at most."""

    entries: int
    lookups: int
    """Of the entries that pass, those that are looked up."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a list."""

    tenant_id: str
    wanted: Wanted
    order: Order
    after: Sequence[Any] | None
    limit: int
    first_xid: int | None = None
    """At or below the numbers of all transactions whose changes are asked for."""
    end_xid: int | None = None
    """Above all these numbers."""
    only_rating: float | None = None
    """The place's own, where nothing else is read; then the order is by publication alone."""
    above: float | None = None
    """Only better ratings than this: what comes behind the place's own."""

    @property
    def asks_publication(self) -> bool:
        """Whether the time of publication matters."""
        return self.wanted.filters.published_after is not None or self.wanted.filters.published_before is not None

    @property
    def sorted_by(self) -> Order:
        """By what the entries that are read are sorted."""
        return Order.NEWEST if self.only_rating is not None else self.order


@dataclass(slots=True)
class Statement:
    """A statement that is being written, and its parameters."""

    text: str = ""
    values: list[Any] = field(default_factory=list)

    def give(self, value: Any) -> str:
        """Add a parameter; return its name."""
        self.values.append(value)
        return f"${len(self.values)}"


def counting(asked: Asked, entries: int) -> Statement:
    """Return the statement that counts reviews up to the limit, among so many entries of an order's index at most.

    It also says whether all of the entries were known: one that is not passes every filter.
    """
    statement = Statement()
    read = f"{_entries(statement, asked)} LIMIT {entries}"
    passing = f"SELECT e.traits FROM ({read}) AS e {_where(_of_entry(statement, asked))} LIMIT {asked.limit}"
    is_known = f"coalesce(e.traits & {IS_KNOWN} <> 0, false)"
    statement.text = f"""
SELECT count(*) AS number, coalesce(bool_and({is_known}), true) AS are_known FROM ({passing}) AS e
"""
    return statement


def in_order(asked: Asked, near: Near | None) -> Statement:
    """Return the statement that reads the index of an order until a page is full; only its next entries if `near`."""
    statement = Statement()
    entries = _changes(statement, asked) if asked.order is Order.CHANGED else _entries(statement, asked)
    conditions = _of_entry(statement, asked)
    order = _SORTED[asked.sorted_by]
    if near is None:
        chosen = f"SELECT * FROM ({entries}) AS e {_where(conditions)}"
    else:
        chosen = f"""
SELECT * FROM ({entries} LIMIT {near.entries}) AS e {_where(conditions)}
ORDER BY {order.format("e")} LIMIT {near.lookups}
"""
    statement.text = _whole(statement, asked, f"({chosen})", order)
    return statement


def is_beyond(asked: Asked, near: Near) -> Statement:
    """Return the statement that says whether a near read ended before it had seen all entries of a rating."""
    statement = Statement()
    entries = _entries(statement, asked)
    passing = " AND ".join(_of_entry(statement, asked)) or "true"
    statement.text = f"""
SELECT count(*) > {near.entries} OR count(*) FILTER (WHERE {passing}) > {near.lookups} AS is_beyond
FROM ({entries} LIMIT {near.entries + 1}) AS e
"""
    return statement


def next_rating(asked: Asked) -> Statement:
    """Return the statement that finds the lowest rating above the one that was read, of those that are asked for."""
    statement = Statement()
    at_least, below = asked.wanted.ratings
    conditions = [
        f"r.tenant_id = {statement.give(asked.tenant_id)}",
        "r.published_at IS NOT NULL",
        *_compared(statement, ("r.rating >=", at_least), ("r.rating <", below), ("r.rating >", asked.above)),
    ]
    statement.text = f"SELECT r.rating FROM reviews r {_where(conditions)} ORDER BY r.rating LIMIT 1"
    return statement


def among_found(asked: Asked, query: str, more: Sequence[UUID], most: int, *, have_words: bool) -> Statement:
    """Return the statement that looks up what the index of words and marks finds, and sorts what is wanted.

    Args:
        asked: the page.
        query: of words and marks.
        more: what is not in that index yet.
        most: how many may be found; of more, nothing is looked up.
        have_words: whether what is found has all words that are asked for.
    """
    statement = Statement()
    found = f"""
found AS MATERIALIZED (
    SELECT review_id FROM searched_texts WHERE words @@ {statement.give(query)}::text::tsquery LIMIT {most + 1}
),
counted AS MATERIALIZED (SELECT count(*) AS number FROM found),
given AS MATERIALIZED (
    SELECT review_id FROM found WHERE (SELECT number FROM counted) <= {most}
    UNION SELECT * FROM unnest({statement.give(list(more))}::uuid[])
)"""
    return _among(statement, asked, found, have_words=have_words)


def among_changed(asked: Asked, most_read: int, most: int) -> Statement:
    """Return the statement that looks up what was changed in time, and sorts what is wanted.

    Args:
        asked: the page.
        most_read: how many changes may be in that time.
        most: how many of them may be looked up; where there are more, nothing is.
    """
    statement = Statement()
    conditions = _of_change(statement, asked)
    found = f"""
changes AS MATERIALIZED (SELECT * FROM ({_changes(statement, asked, from_place=False)} LIMIT {most_read + 1}) AS e),
found AS MATERIALIZED (SELECT DISTINCT e.id AS review_id FROM changes AS e {_where(conditions)} LIMIT {most + 1}),
read AS MATERIALIZED (SELECT count(*) AS number FROM changes),
counted AS MATERIALIZED (
    SELECT CASE WHEN read.number > {most_read} THEN {most + 1} ELSE (SELECT count(*) FROM found) END AS number FROM read
),
given AS MATERIALIZED (SELECT review_id FROM found WHERE (SELECT number FROM counted) <= {most})"""
    return _among(statement, asked, found)


def _among(statement: Statement, asked: Asked, given: str, *, have_words: bool = False) -> Statement:
    """Return the statement that looks reviews up, and sorts what is wanted, beside how many there were.

    What is stored of them is read only of those that the page shows.
    """
    order = _SORTED[asked.order]
    conditions = [
        f"r.tenant_id = {statement.give(asked.tenant_id)}",
        "r.id = given.review_id",
        *_of_review(statement, asked),
        *_behind(statement, asked, "r", "v"),
    ]
    if not have_words:
        conditions += _has_text(statement, asked, "r.id")
    place, rows = "r.id, r.revision, r.rating, r.published_at", "reviews r"
    if asked.order is Order.CHANGED:
        place, rows = f"{place}, v.xid", _CURRENT
        conditions.append(_IS_FINAL.format("v"))
    looked_up = f"SELECT {place} FROM {rows} {_where(conditions)} LIMIT 1"
    statement.text = f"""
WITH {given},
chosen AS MATERIALIZED (
    SELECT place.* FROM given CROSS JOIN LATERAL ({looked_up}) AS place
    ORDER BY {order.format("place")} LIMIT {asked.limit}
)
SELECT counted.number, chosen.id, one.* FROM counted LEFT JOIN (
    chosen CROSS JOIN LATERAL (SELECT {_ONE} FROM {_CURRENT} WHERE r.id = chosen.id LIMIT 1) AS one
) ON true ORDER BY {order.format("chosen")}
"""
    return statement


def _entries(statement: Statement, asked: Asked) -> str:
    """Return the statement of the entries of an order's index, from the place on."""
    filters, by_rating = asked.wanted.filters, asked.sorted_by is Order.RATING
    conditions = [f"r.tenant_id = {statement.give(asked.tenant_id)}", "r.published_at IS NOT NULL"]
    at_least, below = asked.wanted.ratings if by_rating else (None, None)
    after, before = (None, None) if by_rating else (filters.published_after, filters.published_before)
    conditions += _compared(
        statement,
        ("r.rating =", asked.only_rating),
        ("r.rating >=", at_least),
        ("r.rating <", below),
        ("r.rating >", asked.above),
        ("r.published_at >=", after),
        ("r.published_at <", before),
    )
    conditions += _behind(statement, asked, "r", "r")
    held = "r.id, r.published_at, r.rating, r.source_id, r.subject, r.removed, r.traits"
    return f"SELECT {held} FROM reviews r {_where(conditions)} ORDER BY {_SORTED[asked.sorted_by].format('r')}"


def _changes(statement: Statement, asked: Asked, *, from_place: bool = True) -> str:
    """Return the statement of all revisions in the order of commits, from the place on."""
    conditions = [f"c.tenant_id = {statement.give(asked.tenant_id)}", _IS_FINAL.format("c")]
    if not from_place:
        conditions.pop()
    conditions += _compared(statement, ("c.xid >=", asked.first_xid), ("c.xid <", asked.end_xid))
    if from_place and asked.after is not None:
        xid, review_id = asked.after
        conditions.append(f"(c.xid, c.review_id) > ({statement.give(xid)}, {statement.give(review_id)})")
    held = "c.review_id AS id, c.xid, c.revision, c.traits"
    return f"SELECT {held} FROM revisions c {_where(conditions)} ORDER BY c.xid, c.review_id"


def _behind(statement: Statement, asked: Asked, review: str, revision: str) -> list[str]:
    """Return the condition that something comes after the place."""
    if asked.after is None:
        return []
    names = {Order.CHANGED: [f"{revision}.xid", f"{review}.id"]}.get(
        asked.sorted_by, [f"{review}.published_at", f"{review}.id"]
    )
    place = list(asked.after)
    rating = place.pop(0) if asked.order is Order.RATING else None
    given = ", ".join(statement.give(each) for each in place)
    sign = ">" if asked.sorted_by in {Order.OLDEST, Order.CHANGED} else "<"
    later = f"({', '.join(names)}) {sign} ({given})"
    if rating is None or asked.only_rating is not None:
        return [later]
    at = statement.give(rating)
    return [f"({review}.rating > {at} OR ({review}.rating = {at} AND {later}))"]


def _whole(statement: Statement, asked: Asked, chosen: str, order: str) -> str:
    """Return the statement that reads the chosen reviews one by one in their order, until the page is full."""
    conditions = [
        f"r.tenant_id = {statement.give(asked.tenant_id)}",
        "r.id = chosen.id",
        *_of_review(statement, asked),
    ]
    if asked.order is Order.CHANGED:
        conditions.append("r.revision = chosen.revision")
    # The limit keeps the planner from joining whole tables.
    one = f"SELECT {_ONE} FROM {_CURRENT} {_where(conditions)} LIMIT 1"
    # Most have not the words: then no more of them is read.
    has_text = _where(_has_text(statement, asked, "passed.id"))
    return f"""
SELECT chosen.id, one.* FROM (SELECT * FROM {chosen} AS passed {has_text}) AS chosen
CROSS JOIN LATERAL ({one}) AS one ORDER BY {order.format("chosen")} LIMIT {asked.limit}
"""


def _of_entry(statement: Statement, asked: Asked) -> list[str]:
    """Return the conditions on what the index of an order holds. Some let others through."""
    if asked.order is Order.CHANGED:
        return _of_change(statement, asked)
    wanted, filters = asked.wanted, asked.wanted.filters
    at_least, below = wanted.ratings
    return [
        *_bits(statement, bits_asked(wanted)),
        *_compared(
            statement,
            ("e.removed =", wanted.removed),
            ("e.rating >=", at_least),
            ("e.rating <", below),
            ("e.published_at >=", filters.published_after),
            ("e.published_at <", filters.published_before),
        ),
        *_of_sources(statement, wanted, "e"),
    ]


def _of_change(statement: Statement, asked: Asked) -> list[str]:
    return _bits(statement, [*bits_asked(asked.wanted), *more_bits_asked(asked.wanted)])


def _bits(statement: Statement, asked: Iterable[Bits]) -> list[str]:
    """Return the conditions on the number of facts; where it is not known, they let everything through."""
    conditions = []
    for mask, values in asked:
        held = f"e.traits & {statement.give(mask)}::bigint"
        one = (
            f"= {statement.give(values[0])}::bigint"
            if len(values) == 1
            else f"= ANY({statement.give(values)}::bigint[])"
        )
        conditions.append(f"coalesce({held} {one} OR e.traits & {IS_KNOWN} = 0, true)")
    return conditions


def _of_sources(statement: Statement, wanted: Wanted, name: str) -> list[str]:
    conditions = []
    if wanted.filters.subject is not None:
        conditions.append(is_within(f"{name}.subject", f"{statement.give(wanted.filters.subject)}::text"))
    if wanted.source_ids is not None:
        conditions.append(f"{name}.source_id = ANY({statement.give(list(wanted.source_ids))}::uuid[])")
    if wanted.other_source_ids:
        conditions.append(f"{name}.source_id <> ALL({statement.give(list(wanted.other_source_ids))}::uuid[])")
    return conditions


def _of_review(statement: Statement, asked: Asked) -> list[str]:
    """Return all conditions, on the review itself."""
    wanted, filters = asked.wanted, asked.wanted.filters
    at_least, below = wanted.ratings
    is_told = "r.published_at IS NOT NULL"
    if asked.order is Order.CHANGED and not wanted.narrows:
        is_told = f"({is_told} OR r.erased_at IS NOT NULL)"
    conditions = [
        is_told,
        *_compared(
            statement,
            ("r.external_id =", filters.external_id),
            ("r.removed =", wanted.removed),
            ("r.kind =", filters.kind),
            ("r.severity =", filters.severity),
            ("r.language =", filters.language),
            ("r.verified =", filters.verified),
            ("r.origin =", filters.origin),
            ("r.rating >=", at_least),
            ("r.rating <", below),
            ("r.published_at >=", filters.published_after),
            ("r.published_at <", filters.published_before),
            ("r.changed_at >=", filters.changed_after),
            ("r.changed_at <", filters.changed_before),
        ),
        *_of_sources(statement, wanted, "r"),
    ]
    if wanted.has_answer is not None:
        conditions.append(f"r.answered_at IS {'NOT ' if wanted.has_answer else ''}NULL")
    looked_at, must = wanted.traits
    if looked_at:
        # Rows of before the column was there have none yet, but marks.
        has_marks = _has_words(statement, asked, "r.id", None, wanted.found_words)
        said = f"r.traits & {statement.give(looked_at)}::bigint = {statement.give(must)}::bigint"
        conditions.append(f"coalesce({said}, {has_marks})")
    return conditions


def _has_text(statement: Statement, asked: Asked, review_id: str) -> list[str]:
    """Return the condition that a review has the words that are asked for."""
    text = asked.wanted.filters.text
    return [] if text is None else [_has_words(statement, asked, review_id, text)]


def _has_words(
    statement: Statement, asked: Asked, review_id: str, text: str | None, marked: Sequence[Sequence[str]] = ()
) -> str:
    """Return the condition that a review has words and marks, of each group one; it is looked up for each row."""
    query = statement.give(search_query(asked.tenant_id, text, marked))
    return f"(SELECT s.words @@ {query}::text::tsquery FROM searched_texts s WHERE s.review_id = {review_id})"


def _compared(statement: Statement, *conditions: tuple[str, Any]) -> list[str]:
    """Return the conditions whose values are given."""
    return [f"{compared} {statement.give(value)}" for compared, value in conditions if value is not None]


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""
