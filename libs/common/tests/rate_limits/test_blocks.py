"""What processes take in blocks is never more than the limit, and it is written once for each block."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plaudit.common.db import Database
from plaudit.common.rate_limits import Blocks, Limit, LimitExceededError, blocks
from plaudit.common.rate_limits.domain import PERIOD
from plaudit_testing.runtime import later

pytestmark = pytest.mark.postgres

TENANT = "default"
LIMIT = Limit("badge", b"network", 1_000)
HOUR = datetime(2026, 1, 2, 3, tzinfo=UTC)


class Clocked:
    """A database whose transactions are counted, and whose clock stands at a minute of an hour."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.minute = 10.0
        self.opened = 0
        self.fails = 0

    def monotonic(self) -> float:
        """Seconds, that go as the database's clock does."""
        return self.minute * 60

    def transaction(self, *tenants: str) -> Any:
        """As a database's."""
        return _Transaction(self, self._database.transaction(*tenants))


class _Transaction:
    def __init__(self, clocked: Clocked, inner: Any) -> None:
        self._clocked, self._inner = clocked, inner

    async def __aenter__(self) -> Any:
        self._clocked.opened += 1
        tx = await self._inner.__aenter__()
        if self._clocked.fails:
            self._clocked.fails -= 1
            error = ConnectionError("the server is gone")
            await self._inner.__aexit__(type(error), error, None)
            raise error
        return later(tx, HOUR + timedelta(minutes=self._clocked.minute) - tx.now)

    async def __aexit__(self, *raised: object) -> Any:
        return await self._inner.__aexit__(*raised)


@pytest.fixture
def clocked(api_database: Database) -> Clocked:
    return Clocked(api_database)


def process(clocked: Any) -> Blocks:
    """What one process has in memory."""
    return Blocks(lambda: clocked, clocked.monotonic)


async def allowed(process: Blocks, limit: Limit = LIMIT, times: int = 1) -> int:
    """How many of so many uses at once are allowed."""
    outcomes = await asyncio.gather(*(process.spend(TENANT, limit) for _ in range(times)), return_exceptions=True)
    assert all(each is None or isinstance(each, LimitExceededError) for each in outcomes), outcomes
    return sum(each is None for each in outcomes)


async def test_a_block_is_one_write_and_the_rest_comes_from_memory(clocked: Clocked) -> None:
    one = process(clocked)
    for _ in range(blocks.MAX_USES):
        await one.spend(TENANT, LIMIT)
    assert clocked.opened == 1

    await one.spend(TENANT, LIMIT)
    assert clocked.opened == 2


async def test_those_who_ask_at_once_share_one_write(clocked: Clocked) -> None:
    assert await allowed(process(clocked), times=3 * blocks.MAX_USES) == 3 * blocks.MAX_USES
    assert clocked.opened == 3


@pytest.mark.parametrize("per_hour", [1, 7, 49, 50, 333, 1_000])
async def test_one_process_allows_the_limit_and_no_more(clocked: Clocked, per_hour: int) -> None:
    limit = Limit("badge", b"network", per_hour)

    assert await allowed(process(clocked), limit, per_hour + 100) == per_hour


async def test_two_processes_allow_never_more_and_at_most_a_block_fewer(clocked: Clocked) -> None:
    one, other = process(clocked), process(clocked)
    await other.spend(TENANT, LIMIT)

    found = await allowed(one, times=2_000)
    assert LIMIT.per_hour - blocks.MAX_USES <= found + 1 < LIMIT.per_hour
    assert found + 1 + await allowed(other, times=2_000) == LIMIT.per_hour


async def test_processes_that_ask_at_the_same_time_allow_the_limit_together(clocked: Clocked) -> None:
    processes = [process(clocked) for _ in range(4)]

    found = await asyncio.gather(*(allowed(each, times=600) for each in processes))

    assert sum(found) == LIMIT.per_hour


async def test_a_refusal_says_when_to_come_back_and_writes_nothing_until_then(clocked: Clocked) -> None:
    one = process(clocked)
    assert await allowed(one, times=1_100) == 1_000
    opened, clocked.minute = clocked.opened, 50.0

    with pytest.raises(LimitExceededError) as refused:
        await one.spend(TENANT, LIMIT)
    assert (refused.value.retry_after_seconds, clocked.opened) == (600, opened)


async def test_what_is_left_of_a_block_is_not_used_in_the_next_hour(clocked: Clocked) -> None:
    one = process(clocked)
    assert await allowed(one, times=5) == 5
    clocked.minute = 59.99
    await one.spend(TENANT, LIMIT)
    assert clocked.opened == 1

    clocked.minute = PERIOD / timedelta(minutes=1) + 1
    assert await allowed(one, times=1_100) == 1_000
    assert await allowed(process(clocked), times=10) == 0


async def test_other_kinds_networks_and_tenants_have_limits_of_their_own(clocked: Clocked) -> None:
    one = process(clocked)
    assert await allowed(one, times=1_001) == 1_000

    assert await allowed(one, Limit("other", b"network", 60), 60) == 60
    assert await allowed(one, Limit("badge", b"elsewhere", 60), 60) == 60
    await one.spend("acme", LIMIT)


async def test_memory_has_a_bound_and_what_falls_out_of_it_is_lost_and_not_counted_twice(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAX_HELD", 3)
    one = process(clocked)
    for number in range(8):
        await one.spend(TENANT, Limit("badge", b"%d" % number, 1_000))
    assert len(one._held) == 3

    assert await allowed(one, Limit("badge", b"0", 1_000), 1_100) == 1_000 - blocks.MAX_USES


async def test_whoever_waits_for_a_block_fails_as_it_does_and_the_next_one_takes_another(clocked: Clocked) -> None:
    one, clocked.fails = process(clocked), 1

    failed = await asyncio.gather(*(one.spend(TENANT, LIMIT) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in failed] == [ConnectionError] * 5
    assert clocked.opened == 1

    await one.spend(TENANT, LIMIT)


async def test_a_client_that_leaves_takes_the_block_from_nobody(clocked: Clocked) -> None:
    one = process(clocked)
    first, second = (asyncio.create_task(one.spend(TENANT, LIMIT)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    await second
    assert (first.cancelled(), clocked.opened) == (True, 1)


async def test_the_key_of_networks_is_read_once(clocked: Clocked) -> None:
    one = process(clocked)
    assert await one.network_key() == await one.network_key() != b""
    assert clocked.opened == 1
