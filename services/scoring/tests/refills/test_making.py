"""A ledger that was damaged is made anew from ingest's feed while reviews come, and every figure is right again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.history.domain import LedgerEntry
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills import commands
from plaudit.scoring.refills.domain import FEED_EPOCH, RefillProgress
from plaudit.scoring.refills.jobs import steps
from plaudit_testing.refilled import DAMAGES, TABLES, Large, Product, without, without_topics

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("damage", DAMAGES)
async def test_while_reviews_come_the_ledger_is_as_it_was_and_every_figure_is_right(
    product: Product, beside_pages: Callable[..., None], damage: str
) -> None:
    right = await product.ledger()
    await product.superuser.execute(DAMAGES[damage])
    assert await product.ledger() != right
    pages = 0

    async def reviews_come(_after: str | None) -> None:
        """Now and then a group is behind."""
        nonlocal pages, right
        pages += 1
        before = await product.ledger()
        await product.world.go_on(2)
        await product.told.publish(1)
        await product.told.take(LIVE if pages % 2 else HISTORY)
        await product.told.carry()
        right = sorted(right + without(await product.ledger(), before), key=repr)

    beside_pages(after=reviews_come)
    told: list[RefillProgress] = []
    done = await product.refill(told.append)

    assert pages > 4
    assert (done.refused, done.tenants_read, done.records_left) == (0, 1, 0)
    assert [each.revisions for each in told] == sorted(each.revisions for each in told)
    assert await product.ledger() == right
    await product.figures_are_right()
    assert await product.superuser.fetchval("SELECT count(*) FROM scoring.ledger WHERE epoch = $1", FEED_EPOCH) > 0
    for table in TABLES:
        assert await product.superuser.fetchval(f"SELECT count(*) FROM scoring.{table}") == 0

    await product.go_on(20)
    await product.figures_are_right()


TOO_LATE = "UPDATE scoring.ledger SET valid_at = known_at + interval '400 days'"


@pytest.mark.parametrize(
    "damage",
    [DAMAGES["entries are gone"], DAMAGES["entries are wrong"], DAMAGES["all is gone"], TOO_LATE],
    ids=["entries are gone", "entries are wrong", "all is gone", "entries take effect too late"],
)
async def test_what_comes_meanwhile_is_told_what_its_review_was_before_as_if_nothing_had_been_damaged(
    product: Product, beside_pages: Callable[..., None], damage: str
) -> None:
    """Whatever the present ledger, which is damaged, made of it."""
    await product.superuser.execute(damage)

    async def reviews_come(_after: str | None) -> None:
        await product.go_on(4)

    beside_pages(after=reviews_come)
    await product.refill()

    told = {
        (UUID(each.told.change.review_id), each.told.change.revision, each.sign): past_of(each)
        for each in product.told.entries()
    }
    assert await pasts(product) == told
    await product.go_on(40)  # what comes next goes on from there
    assert (await pasts(product)).items() >= told.items()
    assert len({past[0] for past in told.values()}) > 4


def past_of(entry: LedgerEntry) -> tuple[Any, ...]:
    return (entry.happened, entry.lowest, entry.highest, entry.newest_before, entry.first_shown_at, entry.valid_at)


async def pasts(product: Product) -> dict[Any, tuple[Any, ...]]:
    """Which entry, in terms of its review → what happened to that, what it may have been, and since when."""
    rows = await product.superuser.fetch(
        """SELECT review_id, revision, sign, happened, lowest, highest, newest_before, first_shown_at,
            valid_at
        FROM scoring.ledger"""
    )
    return {tuple(row)[:3]: tuple(row)[3:] for row in rows}


async def test_what_was_erased_does_not_come_back_and_what_was_shown_before_stays(
    product: Product, erase: Callable[[str], Awaitable[None]]
) -> None:
    """Of some of them the ledger is damaged: of these nothing is known any more, and nothing is made up."""
    await erase("r-1")
    await erase("r-2")
    await product.told.carry()
    right = await product.ledger()
    [lost] = await product.ingest.rows(
        "SELECT id FROM ingest.reviews WHERE source_id IS NOT NULL AND erased_at IS NOT NULL ORDER BY id LIMIT 1"
    )
    await product.superuser.execute("DELETE FROM scoring.ledger WHERE review_id = $1 AND sign = 1", lost["id"])
    await product.superuser.execute(
        "DELETE FROM scoring.ledger WHERE sequence % 3 = 0 AND review_id NOT IN (SELECT id FROM ingest.reviews "
        "WHERE erased_at IS NOT NULL)"
    )

    await product.refill()

    assert await product.ledger() == [entry for entry in right if entry[3] != lost["id"]]
    await product.figures_are_right()


async def test_a_review_that_is_erased_while_its_feed_is_read_is_taken_away_once(
    product: Product, beside_pages: Callable[..., None], erase: Callable[[str], Awaitable[None]]
) -> None:
    pages = 0

    async def some_are_erased(_after: str | None) -> None:
        nonlocal pages
        pages += 1
        if pages in (1, 4):
            await erase(f"r-{pages}")
            await product.told.carry()

    beside_pages(after=some_are_erased)
    before = without_topics(await product.ledger())
    await product.refill()

    entries = without_topics(await product.ledger())
    assert without(before, entries) == []
    assert {entry[2] for entry in without(entries, before)} <= {-1}
    await product.figures_are_right()


async def test_an_erasure_that_does_not_come_by_the_bus_is_waited_for_and_then_it_goes_on(
    product: Product, beside_pages: Callable[..., None], erase: Callable[[str], Awaitable[None]]
) -> None:
    async def some_are_erased_while_the_relay_stands_still(after: str | None) -> None:
        if after is None:
            for external_id in ("r-5", "r-6", "r-7", "r-8", "r-9"):
                await erase(external_id)

    beside_pages(after=some_are_erased_while_the_relay_stands_still)
    with pytest.raises(RebuildStoppedError, match="were erased while the feed was read"):
        await product.refill()
    await product.told.carry()
    await product.expire()
    await product.refill()

    await product.figures_are_right()


async def test_tenants_without_a_key_keep_their_ledger(product: Product, world_of: Any, feed_of: Any) -> None:
    other = world_of(await product.ingest.source("other"), 9)
    await other.go_on(20)
    await product.told.carry()
    right = await product.ledger()
    await product.superuser.execute("DELETE FROM scoring.ledger WHERE tenant_id = 'default'")

    await product.refill()
    assert await product.ledger() == right

    product.feed = await feed_of("default", "other")
    await product.superuser.execute("DELETE FROM scoring.ledger WHERE tenant_id = 'other'")
    await product.refill()
    assert await product.ledger() == right
    await product.figures_are_right()


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_is_made_of_large_subjects_is_there_when_the_new_ledger_is(large: Large, damage: str) -> None:
    product = large.product
    await product.superuser.execute(DAMAGES[damage])

    await product.refill()

    await large.are_right()
    await product.figures_are_right()
    await product.go_on(10)
    await large.are_right()
    await large.carry_on()
    await large.are_right()
    await product.figures_are_right()


async def test_under_traffic_that_never_ends_it_comes_to_its_end(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each step, something has come."""
    monkeypatch.setattr(commands, "FEW_RECORDS", 4)
    step, right, steps_taken = steps._step, await product.ledger(), 0

    async def step_under_traffic(*arguments: Any) -> Any:
        nonlocal right, steps_taken
        steps_taken += 1
        before = await product.ledger()
        await product.go_on(1)
        right = sorted(right + without(await product.ledger(), before), key=repr)
        return await step(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(steps, "_step", step_under_traffic)
        await asyncio.wait_for(product.refill(), 120)

    assert steps_taken > 10
    assert await product.ledger() == right
    await product.figures_are_right()


async def test_the_new_tables_are_as_well_guarded_and_found_as_the_old_ones(product: Product) -> None:
    """Rights, row security, checks, indexes by name, and what the tables are for."""
    statement = """
        WITH tables AS (
            SELECT c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE nspname = 'scoring' AND relkind = 'r'
        )
        SELECT relname, 'table', concat_ws(' ', relowner::regrole, relacl, relrowsecurity, relforcerowsecurity,
            reloptions, obj_description(tables.oid, 'pg_class'))
        FROM tables
        UNION ALL SELECT relname, 'column', concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull,
            attcollation, attacl, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
        FROM tables JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        UNION ALL SELECT relname, 'index', pg_get_indexdef(indexrelid)
        FROM tables JOIN pg_index ON indrelid = tables.oid
        UNION ALL SELECT relname, 'policy', concat_ws(' ', polname, polcmd, pg_get_expr(polqual, polrelid),
            pg_get_expr(polwithcheck, polrelid), polroles::regrole[])
        FROM tables JOIN pg_policy ON polrelid = tables.oid
        UNION ALL SELECT relname, 'constraint', conname || ' ' || pg_get_constraintdef(k.oid)
        FROM tables JOIN pg_constraint AS k ON conrelid = tables.oid
        ORDER BY 1, 2, 3
    """
    before = [tuple(row) for row in await product.superuser.fetch(statement)]
    await product.refill()

    assert [tuple(row) for row in await product.superuser.fetch(statement)] == before
    assert not await product.superuser.fetch(
        "SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname = 'scoring_anew'"
    )
