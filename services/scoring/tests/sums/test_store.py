"""Adding to the sums, and reading what was added, on a real database."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import permutations
from uuid import UUID

import asyncpg
import pytest

from plaudit.common.db import Database, Role, SqlTx, Tx
from plaudit.scoring.profiles.domain import RECENT, TRUST
from plaudit.scoring.scores.store import sums_of
from plaudit.scoring.sums import store
from plaudit.scoring.sums.domain.decay import NO_SUMS, Sums, merge
from plaudit.scoring.sums.domain.fold import Deltas, OneStar
from plaudit.scoring.sums.domain.kept import BLOCK_US, NOTHING_KEPT, KeptSums, kept_share
from plaudit.scoring.sums.domain.parts import KeptPart, merge_for, parts_for
from plaudit_testing.runtime import until
from plaudit_testing.scored import MOMENT_US, kept, row_of, scored

pytestmark = pytest.mark.postgres

OTHER_SOURCE_ID = "01956d00-0000-7000-8000-000000000002"
# Of the sums of many rows, in the order of `KeptSums`.
NUMBERS = ", ".join(["0"] * len(KeptSums._fields))
ONE_STAR = (5, 1, 5.0, 7, 5.0, 1.0, 1.0, 10.0, 4.0, 2.0)
SEVERAL_STARS = (1, 0, 0, 0, 1, 6.0, 7, *(6.0, 2.0, 1.0, 0.0, 0.0, 0.0, 1.0), *(12.0, 8.0, 2.0, 0.0, 0.0, 0.0, 2.0))


def added(*reviews, partition=0, sign=1) -> Deltas:
    return kept(*((None, review) if sign > 0 else (review, None) for review in reviews), partition=partition)


async def kept_of(tx: SqlTx, prefix: str = "acme") -> list[KeptPart]:
    return (await sums_of(tx, "default", [prefix])).get(prefix, [])


async def rows_of(tx: SqlTx, prefix: str = "acme") -> list[tuple[int, Sums]]:
    """The sums of the trust profile, each with its landmark."""
    return [(part.landmark, part.sums) for part in parts_for(await kept_of(tx, prefix), TRUST.half_life_us)]


async def add_by_id(tx: Tx, one_star: Mapping[int, OneStar], several_stars: Mapping[int, Sequence[float]]) -> None:
    """Add to rows of the table that there is."""
    table_file = await tx.raw.fetchval("SELECT pg_relation_filenode('sums')")
    await store.add_by_id(tx, table_file, one_star, several_stars)


def assert_same_sums(one: Sums, other: Sums) -> None:
    assert one.counts == other.counts
    assert one == pytest.approx(other, rel=1e-14)


async def test_what_is_added_is_read_again_bit_for_bit(worker_tx: Tx) -> None:
    await store.add(worker_tx, kept((None, scored(4.3, MOMENT_US + 1))))

    for prefix in ("acme", "acme/berlin"):
        [part] = await kept_of(worker_tx, prefix)
        assert (part.block, part.kept) == kept_share(4.3, MOMENT_US + 1)
        assert all(isinstance(count, int) for count in part.kept.counts)


async def test_nothing_to_add_asks_the_database_nothing() -> None:
    await store.add(None, {})  # type: ignore[arg-type]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_batches_may_be_added_in_any_order(worker_tx: Tx, order: tuple[int, ...]) -> None:
    one, two, three = scored(5), scored(2.5, MOMENT_US - 10**12), scored(1, MOMENT_US + 10**12)
    batches = [added(one, two), added(two, sign=-1), added(three)]

    for number in order:
        await store.add(worker_tx, batches[number])

    ((_, sums),) = await rows_of(worker_tx)
    assert_same_sums(sums, merge([row_of(5), row_of(1, MOMENT_US + 10**12)]).sums)


async def test_sources_and_partitions_are_kept_apart_and_read_as_one(worker_tx: Tx) -> None:
    await store.add(worker_tx, added(scored(5), partition=0))
    await store.add(worker_tx, added(scored(4), partition=7))
    await store.add(worker_tx, added(scored(1, source_id=OTHER_SOURCE_ID), partition=7))

    kept = await worker_tx.raw.fetch("SELECT source_id::text, partition FROM sums WHERE prefix = 'acme' ORDER BY 1, 2")
    assert [row["partition"] for row in kept] == [0, 7, 7]
    ((_, sums),) = await rows_of(worker_tx)
    assert_same_sums(sums, merge([row_of(5), row_of(4), row_of(1)]).sums)


async def test_the_ids_are_those_of_the_rows_however_keys_sort_and_sources_are_spelt(worker_tx: Tx) -> None:
    draw = random.Random(1)
    sources = [str(UUID(int=draw.getrandbits(128))) for _ in range(8)]
    prefixes = ["a", "a-b", "a.b", "a/b", "a_b", "a0", "ab", "a/b-c", "a/b/c"]
    keys = {
        (tenant, prefix, source if number % 3 else source.upper(), traits, partition, block)
        for tenant in ("one", "One", "\u00e4", "\uffff", "\U0001d504")
        for prefix in prefixes
        for number, source in enumerate(sources)
        for traits, partition, block in ((1, 0, -1), (0, 0, 1), (1, 10, 0), (10, 9, 2))
    }
    first, second = dict(list(dict.fromkeys(keys).items())[::2]), dict.fromkeys(keys)
    known = (await store.add(worker_tx, {key: [*NOTHING_KEPT] for key in first})).ids
    again = (await store.add(worker_tx, {key: [*NOTHING_KEPT] for key in second})).ids

    assert again.keys() == second.keys()
    assert known == {key: again[key] for key in first}
    rows = await worker_tx.raw.fetch("SELECT id, tenant_id, prefix, source_id, traits, partition, block FROM sums")
    assert {(*row[1:3], str(row[3]), *row[4:]): row[0] for row in map(tuple, rows)} == {
        (tenant, prefix, source.lower(), *others): row_id for (tenant, prefix, source, *others), row_id in again.items()
    }


async def test_blocks_are_read_apart_and_merge(worker_tx: Tx) -> None:
    early, late = scored(5, BLOCK_US - 1), scored(3, BLOCK_US)
    await store.add(worker_tx, added(early, late))

    parts = await kept_of(worker_tx)

    assert sorted((part.block, part.kept) for part in parts) == [kept_share(5, BLOCK_US - 1), kept_share(3, BLOCK_US)]
    for profile in (TRUST, RECENT):
        merged = merge_for(profile, parts_for(parts, profile.half_life_us))
        expected = merge([row_of(5, BLOCK_US - 1, profile=profile), row_of(3, BLOCK_US, profile=profile)])
        assert merge([merged, (expected.landmark, NO_SUMS)]) == expected


async def test_the_newest_review_is_that_of_all_partitions_and_never_goes_back(worker_tx: Tx) -> None:
    await store.add(worker_tx, added(scored(5, MOMENT_US + 9), partition=0))
    await store.add(worker_tx, added(scored(5, MOMENT_US), partition=0))
    await store.add(worker_tx, added(scored(5, MOMENT_US + 5), partition=1))
    ids = [row["id"] for row in await worker_tx.raw.fetch("SELECT id FROM sums")]
    await add_by_id(worker_tx, {row_id: [row_id, *ONE_STAR] for row_id in ids}, {})

    [part] = await kept_of(worker_tx)
    assert part.kept.newest_us == MOMENT_US + 9


async def test_a_partitions_row_may_be_negative_until_the_other_one_is_added(worker_tx: Tx) -> None:
    await store.add(worker_tx, added(scored(5), partition=1, sign=-1))
    ((_, alone),) = await rows_of(worker_tx)
    assert (alone.n, alone.n5) == (-1, -1)
    assert alone.b < 0

    await store.add(worker_tx, added(scored(5), partition=0))

    ((_, together),) = await rows_of(worker_tx)
    assert together == NO_SUMS


async def test_two_writers_of_the_same_rows_wait_for_each_other_and_lose_nothing(worker: Database) -> None:
    subjects = [f"acme/shop-{number}" for number in range(50)]

    async def write(order: list[str], rating: float) -> None:
        for _ in range(5):
            async with worker.transaction() as tx:
                await store.add(tx, added(*(scored(rating, subject=subject) for subject in order)))

    await asyncio.gather(write(subjects, 5), write(subjects[::-1], 1))

    async with worker.transaction() as tx:
        ((_, whole),) = await rows_of(tx)
        assert whole.counts == (250, 0, 0, 0, 250)
        for subject in subjects:
            ((_, sums),) = await rows_of(tx, subject)
            assert sums.counts == (5, 0, 0, 0, 5)


async def test_the_table_has_its_comment_its_policies_and_its_grants(
    superuser: asyncpg.Connection,
) -> None:
    comment = await superuser.fetchval("SELECT obj_description('scoring.sums'::regclass)")
    policies = await superuser.fetch("SELECT polname FROM pg_policy WHERE polrelid = 'scoring.sums'::regclass")
    grants = await superuser.fetch(
        "SELECT grantee, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS privileges "
        "FROM information_schema.role_table_grants WHERE table_schema = 'scoring' AND table_name = 'sums' "
        "AND grantee IN ('plaudit_scoring_api', 'plaudit_scoring_worker') GROUP BY grantee"
    )

    assert "only the sum over a prefix has a meaning" in comment
    assert {row["polname"] for row in policies} == {"own_tenants", "all_tenants"}
    assert {row["grantee"]: row["privileges"] for row in grants} == {
        "plaudit_scoring_api": "SELECT",
        "plaudit_scoring_worker": "DELETE INSERT SELECT UPDATE",
    }


async def test_a_request_cannot_write_sums(resources) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with resources.database(Role.API).transaction("default") as tx:
            await store.add(tx, kept((None, scored())))


async def many_sums(superuser: asyncpg.Connection, every: int) -> list[int]:
    """Fill the table; return the ids of every n-th row."""
    await superuser.execute(
        "INSERT INTO scoring.sums "
        f"SELECT 'default', 'shop-' || n, gen_random_uuid(), 1, 0, 10, {NUMBERS} FROM generate_series(1, 20000) AS n"
    )
    await superuser.execute("VACUUM ANALYZE scoring.sums")
    ids = [row["id"] for row in await superuser.fetch("SELECT id FROM scoring.sums ORDER BY id")]
    return ids[::every]


@pytest.mark.parametrize("stars", [1, 2], ids=["one star", "several stars"])
async def test_many_rows_are_found_by_their_ids_and_updated_in_place(worker: Database, superuser, stars: int) -> None:
    ids = (await many_sums(superuser, 1))[:2000]
    one_star = {row_id: [row_id, *ONE_STAR] for row_id in ids}
    several_stars = {row_id: [*SEVERAL_STARS] for row_id in ids}

    async with worker.transaction() as tx:
        await add_by_id(tx, *((one_star, {}) if stars == 1 else ({}, several_stars)))
        seen = await tx.raw.fetchrow("SELECT * FROM pg_stat_xact_user_tables WHERE relid = 'scoring.sums'::regclass")
        total = await tx.raw.fetchrow(
            "SELECT sum(n1), sum(n5), sum(total), max(newest_us), sum(trust_a), sum(trust_b2), sum(trust_w1), "
            "sum(trust_w5), sum(recent_a), sum(recent_b2), sum(recent_w1), sum(recent_w5) FROM sums"
        )

    assert (seen["seq_scan"], seen["n_tup_upd"]) == (0, 2000)
    assert seen["n_tup_hot_upd"] > 500  # what has room in its page; an index on a column that changes would make it 0
    each = (0, 1, 5, 5, 1, 0, 1, 10, 4, 0, 2) if stars == 1 else (1, 1, 6, 6, 2, 1, 1, 12, 8, 2, 2)
    wanted = [2_000 * number for number in each]
    assert [*total] == [*wanted[:3], 7, *wanted[3:]]


async def test_an_id_that_is_not_there_is_noticed(worker_tx: Tx) -> None:
    ids = (await store.add(worker_tx, added(scored(5)))).ids
    known = {row_id: [row_id, *ONE_STAR] for row_id in (*ids.values(), 10**12)}
    with pytest.raises(store.RowsMissingError, match="UPDATE 2"):
        await add_by_id(worker_tx, known, {})


@pytest.mark.parametrize("every", [4, 10, 400])
@pytest.mark.parametrize("stars", [1, 2], ids=["one star", "several stars"])
async def test_no_row_is_read_that_is_not_added_to(worker: Database, superuser, every: int, stars: int) -> None:
    ids = await many_sums(superuser, every)
    one_star = {row_id: [row_id, *ONE_STAR] for row_id in ids}
    several_stars = {row_id: [*SEVERAL_STARS] for row_id in ids}
    async with worker.driver_transaction() as tx:
        await add_by_id(tx, *((one_star, {}) if stars == 1 else ({}, several_stars)))
        seen = await tx.raw.fetchrow("SELECT * FROM pg_stat_xact_user_tables WHERE relid = 'scoring.sums'::regclass")
    assert (seen["n_tup_upd"], seen["seq_tup_read"], seen["idx_tup_fetch"]) == (len(ids), 0, len(ids))


async def test_the_next_transaction_of_the_connection_may_join_as_it_likes(worker: Database, superuser) -> None:
    ids = await many_sums(superuser, 100)
    async with worker.driver_transaction() as tx:
        await add_by_id(tx, {row_id: [row_id, *ONE_STAR] for row_id in ids}, {})
        before = await tx.raw.fetchrow("SELECT pg_backend_pid(), current_setting('enable_hashjoin')")
    async with worker.driver_transaction() as tx:
        after = await tx.raw.fetchrow(
            "SELECT pg_backend_pid(), current_setting('enable_hashjoin'), current_setting('enable_mergejoin')"
        )
    assert (before[1], *after) == ("off", before[0], "on", "on")


@pytest.mark.parametrize("statement", [store._ADD_BY_ID, store._ADD_ONE_STAR_BY_ID])
async def test_the_arrays_of_additions_become_rows_that_are_not_stored_on_the_way(
    worker: Database, statement: str
) -> None:
    async with worker.driver_transaction() as tx:
        prepared = await tx.raw.prepare(statement)
        plan = json.dumps(await prepared.explain(0, *([] for _ in prepared.get_parameters()[1:])))
    assert '"ProjectSet"' in plan
    assert "Function Scan" not in plan


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def by_key(tx: Tx, ids: list[int]) -> None:
    rows = await tx.raw.fetch("SELECT * FROM sums WHERE id = ANY($1)", ids)
    found = {row["id"]: (row["tenant_id"], row["prefix"], str(row["source_id"]), 1, 0, 10) for row in rows}
    await store.add(tx, {found[row_id]: [*NOTHING_KEPT] for row_id in ids})


async def by_id_one_star(tx: Tx, ids: list[int]) -> None:
    await add_by_id(tx, {row_id: [row_id, *ONE_STAR] for row_id in ids}, {})


async def by_id_several_stars(tx: Tx, ids: list[int]) -> None:
    await add_by_id(tx, {}, {row_id: [*NOTHING_KEPT] for row_id in ids})


@pytest.mark.parametrize("write", [by_key, by_id_one_star, by_id_several_stars])
@pytest.mark.parametrize("count", [10, 2 * store.MANY_ROWS])
async def test_rows_are_locked_in_one_order_whoever_adds_to_them_so_that_two_writers_cannot_deadlock(
    worker: Database, superuser, write: Callable[[Tx, list[int]], Awaitable[None]], count: int
) -> None:
    await superuser.execute(
        "INSERT INTO scoring.sums "
        f"SELECT 'default', 'shop-' || lpad(n::text, 5, '0'), gen_random_uuid(), 1, 0, 10, {NUMBERS} "
        "FROM generate_series(1, $1::int) AS n",
        count,
    )
    ids = [row["id"] for row in await superuser.fetch("SELECT id FROM scoring.sums ORDER BY prefix")]
    assert ids == sorted(ids)
    middle = count // 2

    async def add() -> None:
        async with worker.driver_transaction() as tx:
            await tx.raw.execute("SET LOCAL lock_timeout = 0")
            await write(tx, ids[::-1])

    async def waits() -> bool:
        return bool(await superuser.fetchval(WAITING))

    async with worker.transaction() as holder:
        await holder.raw.execute("SELECT FROM sums WHERE id = $1 FOR UPDATE", ids[middle])
        adding = asyncio.create_task(add())
        await until(waits, "it has come to the row that is held")
        free = await superuser.fetch("SELECT id FROM scoring.sums ORDER BY id FOR UPDATE SKIP LOCKED")
    await adding
    assert [row["id"] for row in free] == ids[middle + 1 :]
