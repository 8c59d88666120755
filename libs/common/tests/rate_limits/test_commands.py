"""Within an hour a network may do a thing so often, and no more; the next hour begins anew."""

import contextlib
from datetime import UTC, datetime

import pytest

from plaudit.common import rate_limits
from plaudit.common.db import Database
from plaudit.common.rate_limits import PERIOD, Limit, LimitExceededError
from plaudit.common.rate_limits.domain import seconds_to_next_hour
from plaudit_testing.runtime import later

pytestmark = pytest.mark.postgres

LIMIT = Limit("vote", b"network", 2)


async def spend(database: Database, limit: Limit = LIMIT, tenant_id: str = "default", times: int = 1) -> None:
    for _ in range(times):
        async with database.transaction(tenant_id) as tx:
            await rate_limits.spend(tx, tenant_id, limit)


async def test_what_is_over_the_limit_is_refused_until_the_hour_is_over(api_database: Database) -> None:
    await spend(api_database, times=2)
    with pytest.raises(LimitExceededError) as refused:
        await spend(api_database)
    assert 1 <= refused.value.retry_after_seconds <= 3_601


async def test_other_kinds_networks_and_tenants_have_limits_of_their_own(api_database: Database) -> None:
    await spend(api_database, times=2)
    await spend(api_database, Limit("request", b"network", 2))
    await spend(api_database, Limit("vote", b"other", 2))
    await spend(api_database, tenant_id="acme")


async def test_what_rolls_back_is_not_counted(api_database: Database) -> None:
    for _ in range(5):
        with contextlib.suppress(ZeroDivisionError):
            async with api_database.transaction("default") as tx:
                await rate_limits.spend(tx, "default", LIMIT)
                raise ZeroDivisionError
    await spend(api_database, times=2)


async def test_the_next_hour_begins_anew(api_database: Database) -> None:
    await spend(api_database, times=2)
    async with api_database.transaction("default") as tx:
        await rate_limits.spend(later(tx, PERIOD), "default", LIMIT)


async def test_counts_are_purged_when_their_hour_is_over(api_database: Database, worker_database: Database) -> None:
    await spend(api_database)
    async with worker_database.transaction() as tx:
        assert await rate_limits.purge(later(tx, PERIOD), 10) == 0
        assert await rate_limits.purge(later(tx, 3 * PERIOD), 10) == 1


@pytest.mark.parametrize(("minute", "second", "seconds"), [(0, 0, 3_601), (59, 59, 2), (30, 0, 1_801)])
def test_a_refusal_says_when_the_next_hour_has_surely_begun(minute: int, second: int, seconds: int) -> None:
    assert seconds_to_next_hour(datetime(2026, 1, 2, 3, minute, second, tzinfo=UTC)) == seconds
