"""The purge job deletes what has served its time from both tables, as a worker may."""

from datetime import timedelta

import pytest

from plaudit.common import idempotency, purge, rate_limits
from plaudit.common.db import Database
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.rate_limits import Limit
from plaudit_testing.runtime import later
from plaudit_testing.runtime_fixtures import api_database, testing_url, worker_database

__all__ = ["api_database", "testing_url", "worker_database"]

pytestmark = pytest.mark.postgres


async def test_a_turn_deletes_old_keys_and_counts_and_nothing_else(
    api_database: Database, worker_database: Database
) -> None:
    async with api_database.transaction("default") as tx:
        for age_hours in (1, 25):
            then = later(tx, -timedelta(hours=age_hours))
            await idempotency.keep(then, "default", IdempotencyKey(f"{age_hours}", b""), "{}")
            await rate_limits.spend(then, "default", Limit("vote", b"", 1))
    job = purge.PurgeJob(worker_database)
    assert await job.turn() == 2
    assert await job.turn() == 0
