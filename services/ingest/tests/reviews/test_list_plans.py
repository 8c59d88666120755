"""Any two filters, in any order, read no whole table, and a page far down reads no more than the first one.

What is counted is what the executed plans really read: entries of indexes, and rows of tables.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import combinations
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from plaudit.common.db import Role, Tx
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.marks import marks
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import Answer, Kind, Origin, RawRating, ReviewState
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, encode_state
from plaudit.ingest.reviews.store import listing
from plaudit.ingest.reviews.store.statements import Near
from plaudit.ingest.sorting.domain.findings import Findings
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.domain import SourceRef
from plaudit_testing.running_ingest import DEFAULT, Ingest

pytestmark = pytest.mark.postgres

REVIEWS: Final = 100_000
SOME: Final = 4_000
LIMIT: Final = 51
NEXT: Final = Near(entries=1_000, lookups=200)
NEAR: Final = Near(entries=4_000, lookups=400)
NEAR_WORDS: Final = Near(entries=10_000, lookups=2_000)
MAX_FOUND: Final = 1_500
MAX_FOUND_WORDS: Final = 1_500
MAX_CHANGES: Final = 3_000
"""The product's bounds for a part of the reviews that they are made for."""
MAX_ENTRIES: Final = 25_000
"""Entries of all indexes that a page may read: the bounds of each way, and some for each review that is looked up."""
NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
FILTERS: Final[dict[str, dict[str, Any]]] = {
    "subject": {"subject": "acme/shop-3"},
    "subject above": {"subject": "acme"},
    "source": {"source_id": UUID(int=2)},
    "platform": {"platform": "yelp"},
    "external id": {"external_id": "r-7"},
    "kind": {"kind": "nps"},
    "severity": {"severity": "drastic"},
    "language": {"language": "it"},
    "verified": {"verified": True},
    "origin": {"origin": "incentivised"},
    "topic": {"topic": "delivery"},
    "persona": {"persona": "new_user"},
    "check": {"check": False},
    "ratings": {"rating_lt": 4.5},
    "published after": {"published_after": NOW - timedelta(days=300)},
    "published before": {"published_before": NOW - timedelta(days=3)},
    "changed after": {"changed_after": NOW - timedelta(minutes=20)},
    "changed before": {"changed_before": NOW - timedelta(minutes=20)},
    "answered": {"answered": "true"},
    "not answered": {"answered": "false"},
    "unknown": {"answered": "unknown"},
    "rare word": {"text": "kayak"},
    "frequent word": {"text": "friendly"},
    "removed": {"removed": True},
}
SILENT: Final = frozenset({UUID(int=3)})
SOURCES: Final = """
INSERT INTO ingest.sources (tenant_id, id, name, platform, subject, secret)
SELECT 'default', ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 'S' || n,
    CASE WHEN n = 3 THEN 'yelp' ELSE 'native' END, 'acme', 's' FROM generate_series(1, 10) AS n
"""
# Each column is drawn apart from the others, and always the same.
DRAWN: Final = """
CREATE TEMPORARY TABLE drawn AS
SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
    ('00000000-0000-0000-0000-' || lpad(to_hex(1 + d[1] % 10), 12, '0'))::uuid AS source_id,
    'acme/shop-' || d[2] % 50 AS subject, CASE WHEN d[3] % 12 = 0 THEN 'nps' ELSE 'stars' END AS kind,
    CASE WHEN d[4] % 5 > 1 THEN 5.0 ELSE 1 + d[4] % 5 END::float8 AS rating,
    CASE WHEN d[4] % 5 > 1 THEN 'normal' WHEN d[5] % 10 = 0 THEN 'drastic' ELSE 'negative' END AS severity,
    (ARRAY['en', 'en', 'en', 'de', 'it'])[1 + d[6] % 5] AS language, d[7] % 3 > 0 AS verified,
    CASE WHEN d[8] % 30 = 0 THEN 'incentivised' ELSE 'organic' END AS origin,
    $1::timestamptz - d[9] % 63000000 * interval '1 s' AS published_at, d[10] % 100 = 0 AS removed,
    d[11] % 3 = 0 AND d[1] % 10 <> 2 AS answered, d[12] % 12 = 0 AS delivery, d[13] % 25 = 0 AS new_user,
    d[14] % 200 = 0 AS kayak, d[15] % 5 = 0 AS friendly,
    $1::timestamptz - (100000 - n) * interval '1 s' AS changed_at, 3 + n / 200 AS xid
FROM generate_series(1, $2::int) AS n,
LATERAL (SELECT array_agg(abs(hashint8extended(n, seed))) AS d FROM generate_series(1, 15) AS seed) AS draws
"""
STORED: Final = (
    "DO $$ BEGIN WHILE pg_current_xact_id()::text::bigint < 600 LOOP COMMIT; END LOOP; END $$",
    """
INSERT INTO ingest.reviews (tenant_id, source_id, external_id, id, revision, removed, partition_key, subject, kind,
    rating, severity, published_at, answered_at, changed_at, verified, origin, language, traits)
SELECT 'default', source_id, 'r-' || n, id, 1, removed, 'default/acme', subject, kind, rating, severity, published_at,
    CASE WHEN answered THEN published_at END, changed_at, verified, origin, language, {facts}
FROM drawn
""",
    """
INSERT INTO ingest.revisions
    (tenant_id, review_id, revision, delivery_id, type, known_at, state, state_format, removed, xid, traits)
SELECT 'default', id, 1, id, 'review.created', changed_at, '\\x{state}', {state_format}, removed, xid::text::xid8,
    {facts}
FROM drawn
""",
    """
INSERT INTO ingest.review_texts
SELECT 'default', id, array_to_tsvector(ARRAY(SELECT 'default:' || word FROM unnest(array_remove(ARRAY[
    'w' || n, CASE WHEN kayak THEN 'kayak' END, CASE WHEN friendly THEN 'friendly' END,
    '#source=' || source_id, '#external=r-' || n, '#kind=' || kind, '#severity=' || severity, '#language=' || language,
    '#verified=' || initcap(verified::text), '#origin=' || origin, '#answered=' || initcap(answered::text),
    '#removed=' || initcap(removed::text), '#stars=' || rating::int, '#subject=acme', '#subject=' || subject,
    '#check=False', CASE WHEN delivery THEN '#topic=delivery' END, CASE WHEN new_user THEN '#persona=new_user' END
], NULL)) AS word)) FROM drawn
""",
    """
INSERT INTO ingest.review_text_positions SELECT 'default', xid::text::xid8, id, 1 FROM drawn ORDER BY n DESC LIMIT 1
""",
    "VACUUM (ANALYZE) ingest.reviews, ingest.revisions, ingest.review_texts",
)
READ: Final = """
SELECT relname AS name, seq_tup_read AS whole, 0 AS entries
FROM pg_stat_xact_user_tables WHERE schemaname = 'ingest' AND relname IN ('reviews', 'revisions', 'review_texts')
UNION ALL
SELECT indexrelid::regclass::text, 0, pg_stat_get_xact_tuples_returned(indexrelid) FROM pg_index
WHERE indrelid = ANY('{ingest.reviews, ingest.revisions, ingest.review_texts}'::regclass[])
"""


@pytest.fixture
def count() -> int:
    """How many reviews there are."""
    return REVIEWS


@pytest.fixture
async def many(ingest: Ingest, count: int, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Many reviews, whose columns know nothing of each other."""
    for name in ("NEXT", "NEAR", "NEAR_WORDS", "MAX_FOUND", "MAX_FOUND_WORDS", "MAX_CHANGES"):
        monkeypatch.setattr(listing, name, globals()[name])
    values = {"facts": _facts(), "state": encode_state(_state()).hex(), "state_format": STATE_FORMAT}
    await ingest.superuser.execute(SOURCES)
    await ingest.superuser.execute(DRAWN.replace("$1", f"'{NOW.isoformat()}'").replace("$2", str(count)))
    for statement in STORED:
        await ingest.superuser.execute(statement.format(**values) if "{" in statement else statement)
    return ingest


def _state(**changes: Any) -> ReviewState:
    raw = RawRating(value=5.0, min=1.0, max=5.0)
    times, verified = (NOW, NOW, NOW), False
    state = ReviewState(
        "acme", Kind.STARS, 5.0, raw, verified, Origin.ORGANIC, Severity.NORMAL, _source(1), "r-1", *times
    )
    return msgspec.structs.replace(state, **changes)


def _source(number: int) -> SourceRef:
    return SourceRef(id=str(UUID(int=number)), name=f"S{number}", platform="native", created_at=NOW)


def _facts() -> str:
    """Return the number of a drawn review in SQL: what each of its values adds to the number of a plain one."""
    answer = Answer(text="", published_at=NOW, state="published")
    columns: dict[str, dict[str, dict[str, Any]]] = {
        "kind": {"'nps'": {"kind": Kind.NPS}},
        "severity": {f"'{each.value}'": {"severity": each} for each in Severity},
        "origin": {"'incentivised'": {"origin": Origin.INCENTIVISED}},
        "language": {f"'{each}'": {"language": each} for each in ("en", "de", "it")},
        "rating": {each: {"rating": float(each)} for each in ("1", "2", "5")},
        "source_id": {f"'{UUID(int=number)}'::uuid": {"source": _source(number)} for number in range(1, 11)},
        "verified": {"true": {"verified": True}},
        "answered": {"true": {"answer": answer}},
        "delivery": {"true": {"found": Findings(topics=("delivery",))}},
        "new_user": {"true": {"found": Findings(personas=("new_user",))}},
    }
    plain = _state().traits
    added = [
        f"CASE {column} {' '.join(f'WHEN {value} THEN {_state(**has).traits - plain}' for value, has in each.items())} "
        "ELSE 0 END"
        for column, each in columns.items()
    ]
    return " + ".join([f"{plain}::bigint", *added])


@asynccontextmanager
async def reading(ingest: Ingest) -> AsyncIterator[tuple[Any, dict[str, int]]]:
    """A transaction, and at its end how many rows of whole tables and entries of indexes it has read."""
    read: dict[str, int] = {}
    async with ingest.resources.database(Role.API).transaction(DEFAULT) as tx:
        before = await _read_so_far(tx)
        yield tx, read
        # What the connection has counted may be of earlier transactions too.
        read |= {name: count - before[name] for name, count in (await _read_so_far(tx)).items()}


async def _read_so_far(tx: Tx) -> dict[str, int]:
    rows = await tx.raw.fetch(READ)
    return {
        "rows of whole tables": sum(row["whole"] for row in rows),
        "entries of indexes": sum(row["entries"] for row in rows),
    }


def asked_filters() -> list[tuple[str, Filters]]:
    """Each filter, and each two."""
    singles = [(name, Filters(**given)) for name, given in FILTERS.items()]
    pairs = [
        (f"{one} and {other}", Filters(**{**first, **second}))
        for (one, first), (other, second) in combinations(FILTERS.items(), 2)
        if first.keys().isdisjoint(second)
    ]
    return [*singles, *pairs]


@pytest.mark.timeout(600)
async def test_any_two_filters_in_any_order_read_no_whole_table_and_few_entries(many: Ingest) -> None:
    found: dict[str, dict[str, int]] = {}
    # The oldest first are read as the newest first are, from the other end.
    for order in (Order.NEWEST, Order.RATING, Order.CHANGED):
        for name, filters in asked_filters():
            async with reading(many) as (tx, read):
                await store.page(tx, DEFAULT, filters, None, LIMIT, order=order, silent=SILENT)
            found[f"{order} {name}"] = read
    assert {name: read for name, read in found.items() if read["rows of whole tables"]} == {}
    entries = sorted(((read["entries of indexes"], name) for name, read in found.items()), reverse=True)
    assert [each for each in entries if each[0] > MAX_ENTRIES] == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [SOME])
async def test_every_way_finds_the_same_reviews(many: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    none, all_of_them = Near(entries=0, lookups=0), Near(entries=2 * SOME, lookups=2 * SOME)
    never, ever = ({"MAX_FOUND": most, "MAX_FOUND_WORDS": most} for most in (-1, 2 * SOME))
    plain = {"FEW_WITH_WORDS": -1, "MAX_GATHERED": 2 * SOME}
    ways: dict[str, dict[str, Any]] = {
        "in order": {"NEXT": all_of_them, **plain},
        "a part in order": {
            "NEXT": Near(entries=1_500, lookups=150),
            "NEAR": all_of_them,
            "NEAR_WORDS": all_of_them,
            **never,
        },
        "looked up": {"NEXT": none, "NEAR": none, "NEAR_WORDS": none, **ever},
        "looked up, with words looked for in each": {
            "NEXT": none,
            "NEAR": none,
            "NEAR_WORDS": none,
            "MAX_GATHERED": -1,
            **ever,
        },
        "few words at once": {"FEW_WITH_WORDS": 2 * SOME, **ever},
        "to the end": {**plain, "NEXT": none, "NEAR": none, "NEAR_WORDS": none, **never, "MAX_CHANGES": 0},
    }
    asked = asked_filters()
    singles, pairs = asked[: len(FILTERS)], asked[len(FILTERS) :]
    for number, order in enumerate(Order):
        # Each two filters in one of the orders.
        for name, filters in (*singles, *pairs[number :: len(Order)]):
            found: dict[str, list[Any]] = {}
            for way, bounds in ways.items():
                for bound, value in bounds.items():
                    monkeypatch.setattr(listing, bound, value)
                first = await _page(many, order, filters, None)
                second = await _page(many, order, filters, first[-1].place) if first else []
                found[way] = [each.place for each in (*first, *second)]
            assert all(each == found["in order"] for each in found.values()), (order, name)
            assert len(set(found["in order"])) == len(found["in order"])


async def _page(ingest: Ingest, order: Order, filters: Filters, after: Any) -> list[store.Found]:
    async with ingest.resources.database(Role.API).driver_transaction(DEFAULT) as tx:
        return await store.page(tx, DEFAULT, filters, after, LIMIT, order=order, silent=SILENT)


async def test_a_page_far_down_reads_no_more_than_the_first(many: Ingest) -> None:
    for order in Order:
        place, counts = None, []
        for share in (0.0, 0.5):
            place = (await _place(many, order, share)) if share else None
            async with reading(many) as (tx, read):
                page = await store.page(tx, DEFAULT, Filters(verified=True), place, LIMIT, order=order)
            assert len(page) == LIMIT
            counts.append(read["entries of indexes"])
        assert counts[1] <= counts[0] + 1_000, order


DELETED: Final = frozenset(UUID(int=1_000 + number) for number in range(1_000))
"""Sources without a review: statistics know nothing of them."""
MOVED: Final = """
WITH moved AS (UPDATE ingest.reviews SET answered_at = NULL, removed = false, source_id = $1 WHERE id = $2)
UPDATE ingest.review_texts SET words = array_to_tsvector(
    tsvector_to_array(words) || ARRAY['default:#source=' || $1, 'default:#answered=False', 'default:#removed=False'])
WHERE review_id = $2
"""


async def test_a_thousand_deleted_sources_cost_no_whole_table_and_the_next_entries_at_most(many: Ingest) -> None:
    few = frozenset({UUID(int=3)})
    found: dict[str, list[dict[str, int]]] = {}
    for order in (Order.NEWEST, Order.RATING, Order.CHANGED):
        for answered in ("unknown", "false"):
            for more in ({}, {"text": "kayak"}, {"rating_lt": 2.0}, {"language": "it"}):
                filters, pages, counts = Filters(answered=answered, **more), [], []
                for silent in (few, few | DELETED):
                    async with reading(many) as (tx, read):
                        page = await store.page(tx, DEFAULT, filters, None, LIMIT, order=order, silent=silent)
                    pages.append([each.place for each in page])
                    counts.append(read)
                assert pages[0] == pages[1] != [], (order, filters)
                found[f"{order} {answered} {more}"] = counts
    assert [name for name, counts in found.items() if any(read["rows of whole tables"] for read in counts)] == []
    dearer = {name: _entries(counts[1]) - _entries(counts[0]) for name, counts in found.items()}
    assert {name: entries for name, entries in dearer.items() if entries > MAX_ENTRIES} == {}


async def test_where_only_deleted_sources_are_silent_their_few_reviews_are_found_without_reading_all_others(
    many: Ingest,
) -> None:
    await many.superuser.execute(MOVED, min(DELETED), UUID("00000000-0000-7000-8000-000000000007"))
    found = {}
    for order in (Order.NEWEST, Order.RATING):
        async with reading(many) as (tx, read):
            page = await store.page(tx, DEFAULT, Filters(answered="unknown"), None, LIMIT, order=order, silent=DELETED)
        assert len(page) == 1
        found[order] = _entries(read)
    assert {order: entries for order, entries in found.items() if entries > MAX_ENTRIES} == {}


async def test_to_find_the_sources_that_were_deleted_takes_one_entry_for_each(many: Ingest) -> None:
    fill = import_module("plaudit.ingest.migrations.versions.0023_sources_that_were_deleted").FILL
    await many.superuser.execute("DELETE FROM ingest.sources WHERE id = $1", UUID(int=2))
    async with many.superuser.transaction():
        await many.superuser.execute(fill)
        rows = await many.superuser.fetch(READ)
    assert sum(row["whole"] for row in rows) == 0
    assert sum(row["entries"] for row in rows) <= 20
    kept = await many.rows("SELECT tenant_id, source_id FROM ingest.deleted_sources")
    assert [tuple(row) for row in kept] == [(DEFAULT, UUID(int=2))]


def _entries(read: dict[str, int]) -> int:
    return read["entries of indexes"]


async def _place(ingest: Ingest, order: Order, share: float) -> tuple[Any, ...]:
    column = {Order.CHANGED: "v.xid", Order.RATING: "r.rating"}.get(order, "r.published_at")
    [row] = await ingest.rows(
        f"SELECT r.rating, r.published_at, r.id, v.xid FROM ingest.reviews r "
        f"JOIN ingest.revisions v ON v.review_id = r.id ORDER BY {column}, r.published_at DESC, r.id DESC "
        f"OFFSET {int(REVIEWS * share)} LIMIT 1"
    )
    names = {Order.CHANGED: ("xid", "id"), Order.RATING: ("rating", "published_at", "id")}
    return tuple(row[name] for name in names.get(order, ("published_at", "id")))


def test_the_marks_of_the_seeded_reviews_are_those_of_the_product() -> None:
    names = {mark.partition("=")[0] for mark in marks(_state(), removed=False)}
    assert names <= {part.strip("'").partition("=")[0] for part in STORED[3].replace("'", " ' ").split() if "#" in part}
