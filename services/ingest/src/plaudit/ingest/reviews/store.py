"""Every statement that reads reviews and their revisions, and that which adds what the company did.

`hooks/store/` writes what platforms say, in the transaction of a group of deliveries.

Changes are listed in the order of commits: by the number of the writing transaction, and only below the snapshot's
xmin, below which every transaction has ended. What is listed there is final, and what commits later comes behind it.
So a reader that goes on from its last place misses nothing, however long a writer takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import eq, ge, lt
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, ColumnElement, Select, and_, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.errors import LaterVersionError
from plaudit.common.db.subjects import within
from plaudit.ingest.reviews.domain.decisions import NewRevision
from plaudit.ingest.reviews.domain.marks import mark, star_marks
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import ErasedReview, KnownReview, Review, ReviewState, Revision, StoredReview
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, decode_state, encode_state
from plaudit.ingest.reviews.domain.versions import PartVersions
from plaudit.ingest.reviews.domain.words import search_query, words
from plaudit.ingest.reviews.tables import Xid, reviews, revisions, searched_texts
from plaudit.ingest.sources.tables import sources

_STORED = (revisions.c.state, revisions.c.state_format)
_REVIEWS = select(*(reviews.c[name] for name in Review.__struct_fields__ if name != "state"), *_STORED).join(
    revisions, and_(revisions.c.review_id == reviews.c.id, revisions.c.revision == reviews.c.revision)
)
_REVISIONS = select(*(revisions.c[name] for name in Revision.__struct_fields__ if name != "state"), *_STORED)
_IS_FINAL = revisions.c.xid < func.pg_snapshot_xmin(func.pg_current_snapshot(), type_=Xid())
_MAX_CLOCK_DIFFERENCE: Final = timedelta(minutes=1)
"""By how much the times of two transactions may be in another order than their numbers."""
_PROBE = """
SELECT xid, known_at FROM revisions WHERE tenant_id = $1 AND xid >= $2 ORDER BY xid, review_id, revision LIMIT 1
"""
_BY_PUBLICATION: Final = frozenset({Order.NEWEST, Order.OLDEST})
NEAR_ROWS: Final = 4_000
"""How many reviews are looked at one by one before the index is asked: what one in fifty matches fills a page."""
MAX_NOT_INDEXED: Final = 2_000
_NOT_INDEXED = """
SELECT DISTINCT v.review_id FROM (
    SELECT v.review_id FROM revisions v
    WHERE v.tenant_id = $1 AND (v.xid, v.review_id, v.revision) > (
        coalesce((SELECT xid FROM review_text_positions WHERE tenant_id = $1), '0'),
        coalesce(
            (SELECT review_id FROM review_text_positions WHERE tenant_id = $1), '00000000-0000-0000-0000-000000000000'
        ),
        coalesce((SELECT revision FROM review_text_positions WHERE tenant_id = $1), 0)
    ) ORDER BY v.xid, v.review_id, v.revision LIMIT $2
) AS v
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
_NEWEST_XID = "SELECT coalesce((SELECT xid FROM revisions WHERE tenant_id = $1 ORDER BY xid DESC LIMIT 1), '0')"


@dataclass(frozen=True)
class Filters:
    """Which reviews a list holds; what is None does not restrict it. Times are half-open ranges."""

    subject: str | None = None
    source_id: UUID | None = None
    platform: str | None = None
    external_id: str | None = None
    kind: str | None = None
    severity: str | None = None
    language: str | None = None
    verified: bool | None = None
    origin: str | None = None
    topic: str | None = None
    persona: str | None = None
    check: bool | None = None
    rating_gte: float | None = None
    rating_lt: float | None = None
    published_after: datetime | None = None
    published_before: datetime | None = None
    changed_after: datetime | None = None
    changed_before: datetime | None = None
    answered: str | None = None
    """`true`, `false` or `unknown`: on a platform that does not tell, a review without an answer is unknown."""
    text: str | None = None
    removed: bool | None = None


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
    untold: frozenset[str] = frozenset(),
) -> list[Found]:
    """Return up to `limit` reviews in an order.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        filters: which of them. In the order of changes, removed ones are among them unless the filters say.
        after: the place after which they begin; None for the first.
        limit: how many.
        order: what they are sorted by.
        untold: the platforms that do not tell of answers.
    """
    if filters.text is not None and not words(filters.text):
        return []
    wanted = await _wanted(tx, tenant_id, filters, order, untold)
    is_plain = filters.text is None and not wanted.marked
    if order in _BY_PUBLICATION and not is_plain:
        found = await _fetched(tx, _near(tenant_id, wanted, order, after).limit(limit), order)
        if len(found) == limit:
            return found
    statement = _matching(reviews.c, tenant_id, wanted)
    restricted = statement if is_plain else await _by_index(tx, tenant_id, statement, wanted)
    return [] if restricted is None else await _fetched(tx, _ordered(restricted, order, after).limit(limit), order)


async def get(tx: SqlTx, tenant_id: str, review_id: UUID) -> Review | None:
    """Return one review; None also for a tombstone that never had a state."""
    statement = _REVIEWS.where(
        reviews.c.tenant_id == tenant_id, reviews.c.id == review_id, revisions.c.state.is_not(None)
    )
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else Review(**_values(row))


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


async def _fetched(tx: SqlTx, statement: Select[Any], order: Order) -> list[Found]:
    return [_found(row, order) for row in (await tx.sql.execute(statement)).mappings()]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Filters with what had to be looked up for them."""

    filters: Filters
    removed: bool | None
    source_ids: Sequence[UUID] | None = None
    """Only those of these sources."""
    other_source_ids: Sequence[UUID] = ()
    """None of these."""
    has_answer: bool | None = None
    first_xid: int | None = None
    marked: Sequence[Sequence[str]] = ()
    """Marks of the index: of each group, a review has one."""
    indexed: Sequence[Sequence[str]] = ()
    """Those of them that only the index knows."""

    @property
    def by_index_only(self) -> bool:
        """Whether the index must be asked: it alone knows words, and what they say."""
        return self.filters.text is not None or bool(self.indexed)


async def _wanted(tx: SqlTx, tenant_id: str, filters: Filters, order: Order, untold: frozenset[str]) -> _Wanted:
    removed = False if filters.removed is None and order is not Order.CHANGED else filters.removed
    of_platforms: dict[UUID, str] = {}
    if filters.platform is not None or (filters.answered in {"false", "unknown"} and untold):
        of_platforms = {source_id: platform for source_id, _, platform in await source_choices(tx, tenant_id)}
    silent = [source_id for source_id, platform in of_platforms.items() if platform in untold]
    source_ids = None if filters.source_id is None else [filters.source_id]
    if filters.platform is not None:
        on_platform = [source_id for source_id, platform in of_platforms.items() if platform == filters.platform]
        source_ids = on_platform if source_ids is None else [each for each in source_ids if each in on_platform]
    if filters.answered == "unknown":
        source_ids = silent if source_ids is None else [each for each in source_ids if each in silent]
    first_xid = None if filters.changed_after is None else await _first_xid(tx, tenant_id, filters.changed_after)
    has_answer = None if filters.answered is None else filters.answered == "true"
    others = silent if filters.answered == "false" else ()
    marked = _marked(filters, removed, source_ids, has_answer)
    indexed = _groups({"topic": filters.topic, "persona": filters.persona, "check": filters.check})
    return _Wanted(filters, removed, source_ids, others, has_answer, first_xid, [*marked, *indexed], indexed)


def _marked(
    filters: Filters, removed: bool | None, source_ids: Sequence[UUID] | None, has_answer: bool | None
) -> list[Sequence[str]]:
    singles = {
        "subject": filters.subject,
        "external": filters.external_id,
        "kind": filters.kind,
        "severity": filters.severity,
        "language": filters.language,
        "verified": filters.verified,
        "origin": filters.origin,
        "answered": has_answer,
        "removed": removed or None,
    }
    groups = _groups(singles)
    if source_ids is not None:
        groups.append([mark("source", source_id) for source_id in source_ids])
    if filters.rating_gte is not None or filters.rating_lt is not None:
        groups.append(star_marks(filters.rating_gte, filters.rating_lt))
    return groups


def _groups(singles: Mapping[str, object]) -> list[Sequence[str]]:
    return [[mark(name, value)] for name, value in singles.items() if value is not None]


def _near(tenant_id: str, wanted: _Wanted, order: Order, after: Sequence[Any] | None) -> Select[Any]:
    """Return the statement that looks at the next reviews in order only: what many of them match is found there."""
    filters, columns = wanted.filters, reviews.c
    near = select(reviews).where(columns.tenant_id == tenant_id, columns.published_at.is_not(None))
    for compare, value in ((ge, filters.published_after), (lt, filters.published_before)):
        if value is not None:
            near = near.where(compare(columns.published_at, value))
    near = _sorted_by_publication(near, columns, order, after).limit(NEAR_ROWS)
    among = near.subquery("near").c
    statement = _sorted_by_publication(_matching(among, tenant_id, wanted), among, order, None)
    return statement.where(_has_words(tenant_id, filters.text, wanted.indexed)) if wanted.by_index_only else statement


async def _by_index(tx: SqlTx, tenant_id: str, statement: Select[Any], wanted: _Wanted) -> Select[Any] | None:
    """Restrict a statement to what the index of words and marks finds, and to what it does not know of yet.

    Where that is too much, the index is left alone, unless words or what they say are searched: only the index knows
    them.
    """
    text = wanted.filters.text
    if search_query(tenant_id, text, wanted.marked) is None:
        return None
    is_found = _has_words(tenant_id, text, wanted.marked)
    if wanted.by_index_only:
        return statement.where(is_found)
    fresh = [row["review_id"] for row in await tx.raw.fetch(_NOT_INDEXED, tenant_id, MAX_NOT_INDEXED + 1)]
    if len(fresh) > MAX_NOT_INDEXED:
        return statement
    return statement.where(is_found | reviews.c.id.in_(fresh)) if fresh else statement.where(is_found)


def _has_words(tenant_id: str, text: str | None, marked: Sequence[Sequence[str]]) -> ColumnElement[bool]:
    query = cast(search_query(tenant_id, text, marked), TSQUERY)
    columns = searched_texts.c
    found = select(columns.review_id).where(columns.words.op("@@", is_comparison=True)(query))
    is_found: ColumnElement[bool] = revisions.c.review_id.in_(found)
    return is_found


def _matching(columns: Any, tenant_id: str, wanted: _Wanted) -> Select[Any]:
    """Return the statement of what filters ask of the reviews themselves.

    Args:
        columns: of the reviews, or of some of them.
        tenant_id: whose they are.
        wanted: the filters.
    """
    filters = wanted.filters
    statement = (
        select(*(columns[name] for name in Review.__struct_fields__ if name != "state"), *_STORED, revisions.c.xid)
        .join_from(
            columns.id.table,
            revisions,
            and_(revisions.c.review_id == columns.id, revisions.c.revision == columns.revision),
        )
        .where(columns.tenant_id == tenant_id, revisions.c.tenant_id == tenant_id, columns.published_at.is_not(None))
    )
    for column, compare, value in (
        (columns.removed, eq, wanted.removed),
        (columns.external_id, eq, filters.external_id),
        (columns.kind, eq, filters.kind),
        (columns.severity, eq, filters.severity),
        (columns.language, eq, filters.language),
        (columns.verified, eq, filters.verified),
        (columns.origin, eq, filters.origin),
        (columns.rating, ge, filters.rating_gte),
        (columns.rating, lt, filters.rating_lt),
        (columns.published_at, ge, filters.published_after),
        (columns.published_at, lt, filters.published_before),
        (columns.changed_at, ge, filters.changed_after),
        (columns.changed_at, lt, filters.changed_before),
    ):
        if value is not None:
            statement = statement.where(compare(column, value))
    if filters.subject is not None:
        statement = statement.where(within(columns.subject, filters.subject))
    if wanted.source_ids is not None:
        statement = statement.where(columns.source_id.in_(wanted.source_ids))
    if wanted.other_source_ids:
        statement = statement.where(columns.source_id.not_in(wanted.other_source_ids))
    if wanted.has_answer is not None:
        answered_at = columns.answered_at
        statement = statement.where(answered_at.is_not(None) if wanted.has_answer else answered_at.is_(None))
    if wanted.first_xid is not None:
        statement = statement.where(revisions.c.xid >= _xid(wanted.first_xid))
    return statement


def _ordered(statement: Select[Any], order: Order, after: Sequence[Any] | None) -> Select[Any]:
    if order in _BY_PUBLICATION:
        return _sorted_by_publication(statement, reviews.c, order, after)
    if order is Order.RATING:
        return _sorted_by_rating(statement, after)
    place = tuple_(revisions.c.xid, revisions.c.review_id)
    statement = statement if after is None else statement.where(place > tuple_(_xid(after[0]), after[1]))
    return statement.where(_IS_FINAL).order_by(revisions.c.xid, revisions.c.review_id)


def _sorted_by_publication(
    statement: Select[Any], columns: Any, order: Order, after: Sequence[Any] | None
) -> Select[Any]:
    place = tuple_(columns.published_at, columns.id)
    if order is Order.NEWEST:
        statement = statement if after is None else statement.where(place < tuple(after))
        return statement.order_by(columns.published_at.desc(), columns.id.desc())
    statement = statement if after is None else statement.where(place > tuple(after))
    return statement.order_by(columns.published_at, columns.id)


def _sorted_by_rating(statement: Select[Any], after: Sequence[Any] | None) -> Select[Any]:
    columns = reviews.c
    if after is not None:
        rating, *rest = after
        is_later = tuple_(columns.published_at, columns.id) < tuple(rest)
        # The first condition says the same as the second does in part: an index begins there.
        statement = statement.where(
            columns.rating >= rating, (columns.rating > rating) | ((columns.rating == rating) & is_later)
        )
    return statement.order_by(columns.rating, columns.published_at.desc(), columns.id.desc())


def _xid(number: int) -> BindParameter[int]:
    return BindParameter(None, number, type_=Xid(), unique=True)


async def _first_xid(tx: SqlTx, tenant_id: str, known_since: datetime) -> int:
    """Return a number at or below those of all transactions that wrote revisions since a time, and close to them.

    Numbers rise with time, so it is searched by halving; what is close to the time is left to the times themselves.
    """
    since = known_since - _MAX_CLOCK_DIFFERENCE if known_since.year > 1 else known_since
    low, high = 0, 1 + await tx.raw.fetchval(_NEWEST_XID, tenant_id)
    while low < high:
        middle = (low + high) // 2
        row = await tx.raw.fetchrow(_PROBE, tenant_id, middle)
        if row is None or row["known_at"] >= since:
            high = middle
        else:
            low = row["xid"] + 1
    return low
