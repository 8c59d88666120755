"""Sums that are made anew beside live hold every review once, whenever they take the place of the old ones."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from plaudit.common.contracts import REVIEWS, ReviewState
from plaudit.common.db import Database, Role
from plaudit.common.db.order_locks import lock
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import StaleMemoryError
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.rebuilds import commands, store
from plaudit.scoring.rebuilds.domain import Progress, RebuildStoppedError
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit_testing.review_events import pending_envelope, review_state

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = ("tenant_id", "prefix", "source_id", "traits", "partition", "block", "n1", "n2", "n3", "n4", "n5", "newest_us")
NUMBERS = ("total", "trust_a", "trust_b2", "trust_w5", "recent_a", "recent_b2", "recent_w1")


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that a short history takes many."""
    monkeypatch.setattr(commands, "STEP_ENTRIES", 4)


@pytest.fixture
def owner(resources: Any) -> Database:
    """Connections of the owner of the tables."""
    return resources.database(Role.OWNER)


async def rows(superuser: asyncpg.Connection) -> dict[tuple[Any, ...], list[Any]]:
    found = await superuser.fetch("SELECT * FROM scoring.sums")
    return {tuple(row[name] for name in KEY): [row[name] for name in NUMBERS] for row in found}


def near(found: dict[tuple[Any, ...], list[Any]]) -> dict[tuple[Any, ...], Any]:
    """Sums that make the same figures: each star's weight matters beside that of all stars."""
    return {
        key: [pytest.approx(each, rel=1e-9, abs=1e-9 * max(numbers[1], numbers[4])) for each in numbers]
        for key, numbers in found.items()
    }


class Reviews:
    """Reviews that come, are edited and are removed, of a group that knows rows, as the runner gives them."""

    def __init__(self, groups: Any, bus: Any, seed: int) -> None:
        self._groups, self._bus, self._chance = groups, bus, random.Random(seed)
        self._standing: dict[str, tuple[int, ReviewState]] = {}

    async def tell(self, count: int) -> None:
        chance = self._chance
        for _ in range(count):
            review_id, partition, before = str(uuid7()), chance.randrange(2), None
            if self._standing and chance.random() < 0.3:
                review_id = chance.choice(sorted(self._standing))
                partition, before = self._standing.pop(review_id)
            after = None
            if before is None or chance.random() < 0.5:
                subject = chance.choice(["acme", "acme/berlin", "globex/paris/shop-3"])
                after = review_state(
                    chance.choice([1.0, 5.0]), subject, rated_at=NOW - timedelta(days=chance.randrange(90))
                )
                self._standing[review_id] = partition, after
            try:
                await self._groups.tell(before, after, partition=partition, review_id=review_id)
            except StaleMemoryError:
                # The runner drops what a handler remembers, and gives it the batch again.
                self._bus._handlers.pop(LIVE.group)
                self._groups.sequences[partition] -= 1
                await self._groups.tell(before, after, partition=partition, review_id=review_id)


def nothing(_progress: Progress) -> None:
    pass


async def test_what_live_has_and_history_has_not_yet_is_summed_when_it_has(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5.0, "acme"))
    late = {"review_id": str(uuid7())}
    await groups.tell(None, review_state(1.0, "acme"), only="scoring-live", **late)
    async with worker.driver_transaction() as tx:
        while await commands.sum_some(tx):
            pass
    groups.sequences[0] -= 1
    await groups.tell(None, review_state(1.0, "acme"), only="scoring-history", **late)
    right = await rows(superuser)

    await rebuild(worker, owner, nothing)

    assert await rows(superuser) == near(right)


@pytest.mark.parametrize("seed", range(3))
async def test_while_reviews_come_nothing_is_lost_and_nothing_counts_twice(
    groups: Any, bus: Any, worker: Database, owner: Database, superuser: asyncpg.Connection, seed: int
) -> None:
    reviews = Reviews(groups, bus, seed)
    await reviews.tell(40)
    for _ in range(6):
        async with worker.driver_transaction() as tx:
            assert await commands.sum_some(tx)
        await reviews.tell(3)
    right = await rows(superuser)
    await superuser.execute("UPDATE scoring.sums SET n5 = n5 + 3, total = total + 1 WHERE prefix <> 'acme/berlin'")
    told: list[Progress] = []

    done = await rebuild(worker, owner, told.append)

    assert done.left == 0
    assert [each.summed for each in told] == sorted(each.summed for each in told)
    assert await rows(superuser) == near(right)
    assert await superuser.fetchval("SELECT count(*) FROM scoring.sums_anew") == 0

    await reviews.tell(30)
    after = await rows(superuser)
    await rebuild(worker, owner, nothing)
    assert await rows(superuser) == near(after)


async def test_a_rebuild_that_was_stopped_goes_on(
    groups: Any, bus: Any, worker: Database, owner: Database, superuser: asyncpg.Connection
) -> None:
    await Reviews(groups, bus, 5).tell(30)
    right = await rows(superuser)

    class Stopped(Exception):  # noqa: N818 - it stands for a signal
        pass

    def stop(progress: Progress) -> None:
        if progress.summed:
            raise Stopped

    with pytest.raises(Stopped):
        await rebuild(worker, owner, stop)
    told: list[Progress] = []
    await rebuild(worker, owner, told.append)

    assert told[0].summed > 4
    assert await rows(superuser) == near(right)


async def test_a_record_that_one_group_has_set_aside_stops_it(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    async with worker.transaction() as tx:
        await tx.raw.execute(
            """INSERT INTO dead_letters (id, consumer_group, topic, partition, record_offset, epoch, sequence,
            headers, value, order_keys, reason, error, tries)
            VALUES ($1, $2, $3, 0, 9, 1, 9, '[]', $4, '{}', 'failed', '', 5)""",
            uuid7(),
            LIVE.group,
            REVIEWS.name,
            pending_envelope(None, review_state(5, "acme")),
        )

    with pytest.raises(RebuildStoppedError, match="set a record aside"):
        await rebuild(worker, owner, nothing)
    assert await superuser.fetchval("SELECT count(*) FROM scoring.sums") == 1


async def test_two_cannot_make_sums_anew_at_once(groups: Any, worker: Database) -> None:
    await groups.tell(None, review_state(5, "acme"))

    async with worker.driver_transaction() as first, worker.driver_transaction() as second:
        await lock(first, [store.JOB_LOCK])
        with pytest.raises(RebuildStoppedError, match="another process"):
            await commands.sum_some(second)


async def test_where_history_is_behind_the_old_sums_stay(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    await groups.stand(LIVE.group, 0, 2)

    async with owner.driver_transaction() as tx:
        assert not await commands.switch(tx, worker)
    assert await superuser.fetchval("SELECT n5 FROM scoring.sums") == 1


async def test_requests_read_the_new_sums_and_see_their_tenants_alone(
    groups: Any, worker: Database, owner: Database, resources: Any, api: Any
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    await groups.tell(None, review_state(5, "acme"), tenant_id="other")
    await rebuild(worker, owner, nothing)

    assert (await api.get("/v1/scores/acme")).json()["count"] == 1
    async with resources.database(Role.API).transaction("other") as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM sums") == 1


async def test_what_was_marked_stays_marked_and_what_is_corrected_is_marked(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    await groups.tell(None, review_state(5, "globex"))
    await superuser.execute("DELETE FROM scoring.marks")
    await groups.tell(None, review_state(1, "acme"))
    await superuser.execute("UPDATE scoring.sums SET n5 = 7 WHERE prefix = 'globex'")
    await superuser.execute("SELECT setval(pg_get_serial_sequence('scoring.sums_anew', 'id'), 40)")

    await rebuild(worker, owner, nothing)

    marked = await superuser.fetch(
        "SELECT DISTINCT prefix FROM scoring.marks, unnest(row_ids) AS row_id JOIN scoring.sums ON id = row_id"
    )
    assert {row["prefix"] for row in marked} == {"acme", "globex"}
    assert await superuser.fetchval("SELECT count(*) FROM scoring.sums_anew") == 0


NAMES = """
SELECT t.relname AS of_table, c.relname AS name, substring(pg_get_indexdef(c.oid) FROM ' USING .*') AS what
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname ~ '^(tenant_)?sums(_anew)?$'
UNION ALL SELECT t, pg_get_serial_sequence('scoring.' || t, 'id'), '' FROM unnest(ARRAY['sums', 'sums_anew']) AS t
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid::regclass::text ~ '^scoring.(tenant_)?sums(_anew)?$'
ORDER BY 1, 2
"""


async def test_what_takes_the_place_has_the_names_that_a_migration_knows(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    before = await superuser.fetch(NAMES)
    assert len({row["of_table"] for row in before if not row["of_table"].startswith("scoring.")}) == 4

    for _ in range(2):
        await rebuild(worker, owner, nothing)
        assert await superuser.fetch(NAMES) == before


COMMENTS = """
SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum >= 0 WHERE c.relname = ANY($1)
UNION ALL SELECT relname, '', obj_description(oid, 'pg_class') FROM pg_class WHERE relname = ANY($1) ORDER BY 1, 2
"""


async def test_what_is_said_of_a_table_stays_with_its_name(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    await superuser.execute("COMMENT ON COLUMN scoring.sums.n5 IS 'it''s of the sums'")
    tables = ["sums", "sums_anew", "tenant_sums", "tenant_sums_anew"]
    before = await superuser.fetch(COMMENTS, tables)
    assert len({row[2] for row in before if not row[1]}) == 4

    for _ in range(2):
        await rebuild(worker, owner, nothing)
        assert await superuser.fetch(COMMENTS, tables) == before
