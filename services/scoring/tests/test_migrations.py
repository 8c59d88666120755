"""What the migration to sums of all profiles does to a ledger that is there already."""

import random
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType

import asyncpg
import pytest

from plaudit.common.db import Database
from plaudit.scoring.history.domain import Happened
from plaudit.scoring.history.store import kept_at
from plaudit.scoring.profiles.domain import BUILT_IN
from plaudit.scoring.scores.domain import FOR_EVER
from plaudit.scoring.scores.store import sums_of
from plaudit_testing.explained import DAYS, START, lived
from plaudit_testing.scored import MOMENT_US, SOURCE_ID, read_for

pytestmark = pytest.mark.postgres


def migration(name: str) -> ModuleType:
    return import_module(f"plaudit.scoring.migrations.versions.{name}")


OLD_LEDGER = next(
    each for each in migration("0001_accumulators_and_ledger").STATEMENTS if "TABLE scoring.ledger" in each
)
UPGRADE = migration("0006_sums_of_all_profiles").STATEMENTS
REVIEWS = [f"01956d00-0000-7000-8000-00000000010{number}" for number in range(4)]

# review, sequence, sign, revision, subject, kind, rating, rated on, known on
ENTRIES = [
    (0, 1, 1, 1, "acme/berlin", "stars", 1.0, 1, 5),
    (0, 4, -1, 2, "acme/berlin", "stars", 1.0, 1, 7),
    (0, 4, 1, 2, "acme/berlin", "stars", 4.0, 3, 7),
    (1, 2, 1, 1, "acme", "nps", 4.6, 2, 2),
    (2, 3, 1, 1, "globex", "stars", 5.0, 2, 2),
    (2, 5, -1, 2, "globex", "stars", 5.0, 2, 8),
    (3, 6, 1, 3, "acme/berlin", "thumbs", 5.0, 4, 9),
]


def on_day(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


async def upgraded(superuser: asyncpg.Connection) -> None:
    """The ledger as it was, these entries in it, and then the migration."""
    await superuser.execute("DROP TABLE scoring.sums, scoring.ledger")
    await superuser.execute(OLD_LEDGER)
    await superuser.execute("CREATE TABLE scoring.sums (); CREATE TABLE scoring.unscored_subjects ()")
    await superuser.executemany(
        "INSERT INTO scoring.ledger VALUES ('default', 0, 1, $2, $3, $1, $4, $5, $6, $7, $8, true, 'organic', $9, $10)",
        [
            (REVIEWS[review], sequence, sign, revision, subject, SOURCE_ID, kind, rating, on_day(rated), on_day(known))
            for review, sequence, sign, revision, subject, kind, rating, rated, known in ENTRIES
        ],
    )
    for statement in UPGRADE:
        await superuser.execute(statement)


async def test_an_entry_takes_effect_when_its_rating_was_given_or_when_it_was_known(superuser) -> None:
    await upgraded(superuser)

    rows = await superuser.fetch(
        "SELECT sequence, sign, extract(day FROM valid_at)::int AS day FROM scoring.ledger ORDER BY sequence, sign"
    )
    assert [tuple(row) for row in rows] == [
        (1, 1, 1), (2, 1, 2), (3, 1, 2), (4, -1, 3), (4, 1, 3), (5, -1, 8), (6, 1, 4),
    ]  # fmt: skip


async def test_the_sums_are_those_of_the_ledger(superuser, worker: Database) -> None:
    await upgraded(superuser)
    await superuser.execute("GRANT SELECT ON scoring.sums, scoring.ledger TO plaudit_scoring_worker")

    async with worker.transaction() as tx:
        found = await sums_of(tx, "default", ["acme", "acme/berlin", "globex"], by_source=True)
        for prefix, count in (("acme", 2), ("acme/berlin", 2), ("globex", 0)):
            computed = await kept_at(tx, "default", prefix, FOR_EVER, FOR_EVER)
            for profile in BUILT_IN.values():
                ours, theirs = (read_for(profile, parts, MOMENT_US) for parts in (found[prefix], computed))
                assert (ours.count, ours.distribution) == (count, theirs.distribution)
                assert ours.value == pytest.approx(theirs.value, rel=1e-9)


async def test_live_goes_on_where_history_stands(superuser) -> None:
    position = "INSERT INTO scoring.positions VALUES ($1, 'reviews.v1', 0, gen_random_uuid(), $2, 1, $2, $3)"
    letter = (
        "INSERT INTO scoring.dead_letters VALUES (gen_random_uuid(), $1, 'reviews.v1', 0, $2, 1, $2, NULL, '{}', NULL, "
        "'{}', 'failed', 'of ' || $1, 5)"
    )
    for group, place, parked in (("scoring-live", 9, 0), ("scoring-history", 7, 1), ("other", 3, 0)):
        await superuser.execute(position, group, place, parked)
        await superuser.execute(letter, group, place - 1)

    await upgraded(superuser)

    places = await superuser.fetch("SELECT consumer_group, sequence, parked FROM scoring.positions ORDER BY 1")
    assert [tuple(row) for row in places] == [("other", 3, 0), ("scoring-history", 7, 1), ("scoring-live", 7, 1)]
    letters = await superuser.fetch("SELECT consumer_group, sequence, error FROM scoring.dead_letters ORDER BY 1")
    assert [tuple(row) for row in letters] == [
        ("other", 2, "of other"),
        ("scoring-history", 6, "of scoring-history"),
        ("scoring-live", 6, "of scoring-history"),
    ]


WHY = migration("0015_why").STATEMENTS


async def test_entries_that_are_there_are_told_what_happened_by_those_beside_them(superuser, worker: Database) -> None:
    await upgraded(superuser)
    await superuser.execute(
        """INSERT INTO scoring.ledger SELECT 'default', 0, 1, 7, other, review_id, 4,
        CASE WHEN other > 0 THEN 'globex' ELSE subject END, source_id, rating, rated_at, known_at + interval '1 day',
        traits, valid_at FROM scoring.ledger, (VALUES (-1), (1)) AS signs (other) WHERE sequence = 6"""
    )
    await superuser.execute("DROP TABLE scoring.moves, scoring.summed_prefixes, scoring.changed_days, scoring.sources")

    for statement in WHY:
        await superuser.execute(statement)

    rows = await superuser.fetch(
        "SELECT sequence, sign, happened, topics, other_star, other_traits, other_subject FROM scoring.ledger "
        "ORDER BY sequence, sign"
    )
    assert [tuple(row) for row in rows] == [
        (1, 1, Happened.LATE, None, None, None, None),
        (2, 1, Happened.NEW, None, None, None, None),
        (3, 1, Happened.NEW, None, None, None, None),
        (4, -1, Happened.EDITED, None, 4, 1, None),
        (4, 1, Happened.EDITED, None, 1, 1, None),
        (5, -1, Happened.REMOVED, None, None, None, None),
        (6, 1, Happened.LATE, None, None, None, None),
        (7, -1, Happened.MOVED, None, 5, 7, "globex"),
        (7, 1, Happened.MOVED, None, 5, 7, "acme/berlin"),
    ]


NAMES = """
SELECT t.relname AS of_table, c.relname AS name FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname ~ '^(tenant_)?sums(_anew)?$'
UNION ALL SELECT t, split_part(pg_get_serial_sequence('scoring.' || t, 'id'), '.', 2)
FROM unnest(ARRAY['sums', 'sums_anew']) AS t ORDER BY 1, 2
"""


async def test_sums_that_were_made_anew_before_get_back_the_names_of_their_indexes(superuser) -> None:
    before = await superuser.fetch(NAMES)
    for table in ("sums", "tenant_sums"):
        for old, new in ((table, "other"), (f"{table}_anew", table), ("other", f"{table}_anew")):
            await superuser.execute(f"ALTER TABLE scoring.{old} RENAME TO {new}")
    assert await superuser.fetch(NAMES) != before

    for _ in range(2):
        for statement in migration("0019_names_of_sums").STATEMENTS:
            await superuser.execute(statement)
        assert await superuser.fetch(NAMES) == before


BOUNDS = migration("0026_pasts_of_changed_reviews").STATEMENTS


async def test_what_reviews_may_have_been_is_worked_out_of_the_entries_that_are_there(bus, superuser) -> None:
    chance = random.Random(26)
    for known_at in [START + timedelta(days=chance.randrange(DAYS)) for _ in range(60)]:
        await lived(bus, chance, known_at)
    query = """SELECT sequence, sign, lowest, highest, newest_before, first_shown_at FROM scoring.ledger
        ORDER BY partition, epoch, sequence, sign"""
    told = await superuser.fetch(query)
    await superuser.execute(
        """ALTER TABLE scoring.ledger DROP COLUMN lowest, DROP COLUMN highest, DROP COLUMN newest_before,
            DROP COLUMN first_shown_at;
        CREATE INDEX ledger_changed_again ON scoring.ledger (tenant_id, known_at)"""
    )

    for statement in BOUNDS:
        await superuser.execute(statement)

    assert await superuser.fetch(query) == told
    assert sum(row["lowest"] is not None for row in told) > 60
