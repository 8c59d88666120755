"""A rebuild from the feed that dies, or that the database holds up, goes on, and nothing is lost or doubled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from plaudit.common.db import Database
from plaudit.common.failpoints import FailpointError
from plaudit.scoring.refills import commands
from plaudit.scoring.refills.domain import RefillProgress
from plaudit_testing.refilled import DAMAGES, Large, Product, without

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("point", "hit"),
    [
        ("refill_page_before_commit", 1),
        ("refill_page_before_commit", 3),
        ("refill_copy_before_commit", 1),
        ("refill_index_before_commit", 2),
        ("refill_sum_before_commit", 2),
        ("refill_sum_before_commit", 5),
        ("refill_cells_before_commit", 1),
        ("refill_last_before_commit", 1),
        ("refill_before_switch", 1),
        ("refill_switch_before_commit", 1),
    ],
)
async def test_wherever_it_dies_another_process_goes_on_and_nothing_is_lost_or_doubled(
    product: Product, armed: Callable[[str], None], point: str, hit: int
) -> None:
    right = await product.ledger()
    await product.superuser.execute(DAMAGES["entries are gone"])
    armed(f"{point}=raise@{hit}")

    with pytest.raises(FailpointError):
        await product.refill()
    read = await product.superuser.fetchval("SELECT sum(revisions) FROM scoring.refill_tenants")
    before = await product.ledger()
    await product.go_on(5)
    right = sorted(right + without(await product.ledger(), before), key=repr)
    await product.expire()
    told: list[RefillProgress] = []
    await product.refill(told.append)

    assert told[0].revisions >= read
    assert await product.ledger() == right
    await product.figures_are_right()


@pytest.mark.parametrize("hit", [1, 3, 6, 12])
async def test_what_comes_while_large_subjects_are_summed_is_in_their_tail_or_their_cells(
    large: Large, armed: Callable[[str], None], erase: Callable[[str], Awaitable[None]], hit: int
) -> None:
    """Among it an erasure, which takes topics out of days that are summed."""
    product = large.product
    right = await product.ledger()
    await product.superuser.execute(DAMAGES["entries are gone"])
    armed(f"refill_cells_before_commit=raise@{hit}")
    with pytest.raises(FailpointError):
        await product.refill()
    armed("")

    before = await product.ledger()
    await product.go_on(12)
    right = sorted(right + without(await product.ledger(), before), key=repr)
    await product.refill()

    assert await product.ledger() == right
    await large.are_right()
    await product.figures_are_right()

    armed(f"refill_cells_before_commit=raise@{hit}")
    with pytest.raises(FailpointError):
        await product.refill()
    armed("")
    await erase("r-3")
    await product.told.carry()
    await product.refill()

    await large.are_right()
    await product.figures_are_right()


async def test_no_request_reads_what_is_being_made(product: Product, armed: Callable[[str], None]) -> None:
    armed("refill_before_switch=raise")
    with pytest.raises(FailpointError):
        await product.refill()

    assert not await product.superuser.fetch(
        "SELECT FROM pg_roles WHERE rolname LIKE 'plaudit%\\_api' AND has_schema_privilege(rolname, 'scoring_anew', "
        "'USAGE')"
    )


async def test_a_step_that_the_database_cannot_take_now_is_taken_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill, times = commands.fill_some, 0

    async def slow(tx: Any) -> bool:
        nonlocal times
        times += 1
        done = await fill(tx)
        if times < 3:
            raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")
        return done

    monkeypatch.setattr(commands, "fill_some", slow)
    right = await product.ledger()
    await product.refill()

    assert times >= 3
    assert await product.ledger() == right
    await product.figures_are_right()


async def test_where_a_reader_keeps_it_waiting_it_tries_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch, tries = commands.switch, 0

    async def held_up(owner: Any, worker: Database, run_id: Any) -> bool:
        nonlocal tries
        tries += 1
        if tries > 1:
            return await switch(owner, worker, run_id)
        await owner.raw.execute("SET LOCAL lock_timeout = 100")
        async with product.worker.driver_transaction() as reading:
            await reading.raw.execute("LOCK TABLE half_lives IN EXCLUSIVE MODE")
            return await switch(owner, worker, run_id)

    monkeypatch.setattr(commands, "switch", held_up)
    await asyncio.wait_for(product.refill(), 60)

    assert tries == 2
