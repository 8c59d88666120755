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

import pytest

from plaudit.common.db import Role
from plaudit.ingest.reviews import store
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.marks import marks
from plaudit.ingest.reviews.domain.order import Order
from plaudit.ingest.reviews.domain.state import Kind, Origin, RawRating, ReviewState
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, encode_state
from plaudit.ingest.reviews.domain.traits import TRAITS
from plaudit.ingest.reviews.store import listing, statements
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.domain import SourceRef
from plaudit_testing.running_ingest import DEFAULT, Ingest

pytestmark = pytest.mark.postgres

REVIEWS: Final = 100_000
LIMIT: Final = 51
BOUNDS: Final = {
    "NEAR_ROWS": 4_000,
    "NEAR_LOOKUPS": 3_000,
    "FEW": 300,
    "FEW_WITH_LOOKUPS": 600,
    "MAX_CANDIDATES": 2_000,
}
"""The product's bounds for a twentieth of the reviews that they are made for."""
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
    CASE WHEN answered THEN published_at END, changed_at, verified, origin, language,
    {delivery} * delivery::int + {new_user} * new_user::int
FROM drawn
""",
    """
INSERT INTO ingest.revisions
    (tenant_id, review_id, revision, delivery_id, type, known_at, state, state_format, removed, xid)
SELECT 'default', id, 1, id, 'review.created', changed_at, '\\x{state}', {state_format}, removed, xid::text::xid8
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
async def many(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """Many reviews, whose columns know nothing of each other."""
    for name, value in BOUNDS.items():
        monkeypatch.setattr(statements if name.startswith("NEAR") else listing, name, value)
    bits = {name.partition("=")[2]: 1 << place for place, name in enumerate(TRAITS)}
    values = {
        "delivery": bits["delivery"],
        "new_user": bits["new_user"],
        "state": encode_state(_state()).hex(),
        "state_format": STATE_FORMAT,
    }
    await ingest.superuser.execute(SOURCES)
    await ingest.superuser.execute(DRAWN.replace("$1", f"'{NOW.isoformat()}'").replace("$2", str(REVIEWS)))
    for statement in STORED:
        await ingest.superuser.execute(statement.format(**values) if "{" in statement else statement)
    return ingest


def _state() -> ReviewState:
    source = SourceRef(id=str(UUID(int=1)), name="S1", platform="native", created_at=NOW)
    raw = RawRating(value=5.0, min=1.0, max=5.0)
    times, verified = (NOW, NOW, NOW), True
    return ReviewState("acme", Kind.STARS, 5.0, raw, verified, Origin.ORGANIC, Severity.NORMAL, source, "r-1", *times)


@asynccontextmanager
async def reading(ingest: Ingest) -> AsyncIterator[tuple[Any, dict[str, int]]]:
    """A transaction, and at its end how many rows of whole tables and entries of indexes it has read."""
    read: dict[str, int] = {}
    async with ingest.resources.database(Role.API).transaction(DEFAULT) as tx:
        yield tx, read
        rows = await tx.raw.fetch(READ)
        read["rows of whole tables"] = sum(row["whole"] for row in rows)
        read["entries of indexes"] = sum(row["entries"] for row in rows)


@pytest.mark.timeout(600)
async def test_any_two_filters_in_any_order_read_no_whole_table(many: Ingest) -> None:
    found: dict[str, dict[str, int]] = {}
    singles = [(name, Filters(**given)) for name, given in FILTERS.items()]
    pairs = [
        (f"{one} and {other}", Filters(**{**first, **second}))
        for (one, first), (other, second) in combinations(FILTERS.items(), 2)
        if first.keys().isdisjoint(second)
    ]
    # The oldest first are read as the newest first are, from the other end.
    for order in (Order.NEWEST, Order.RATING, Order.CHANGED):
        for name, filters in [*singles, *pairs]:
            async with reading(many) as (tx, read):
                await store.page(tx, DEFAULT, filters, None, LIMIT, order=order, silent=frozenset({UUID(int=3)}))
            found[f"{order} {name}"] = read
    whole = {name: read for name, read in found.items() if read["rows of whole tables"]}
    assert whole == {}


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
    assert {name: entries for name, entries in dearer.items() if entries > _NEXT_ENTRIES} == {}


async def test_where_only_deleted_sources_are_silent_their_few_reviews_are_found_without_reading_all_others(
    many: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_CANDIDATES", 50)  # so the order is read to its end
    await many.superuser.execute(MOVED, min(DELETED), UUID("00000000-0000-7000-8000-000000000007"))
    found = {}
    for order in (Order.NEWEST, Order.RATING):
        async with reading(many) as (tx, read):
            page = await store.page(tx, DEFAULT, Filters(answered="unknown"), None, LIMIT, order=order, silent=DELETED)
        assert len(page) == 1
        found[order] = _entries(read)
    assert {order: entries for order, entries in found.items() if entries > _NEXT_ENTRIES} == {}


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


_NEXT_ENTRIES: Final = BOUNDS["NEAR_ROWS"] + 4 * BOUNDS["NEAR_LOOKUPS"]
"""What is read at most where a page is looked for among the next entries first, each looked up in three tables."""


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
