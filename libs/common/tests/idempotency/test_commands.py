"""A repeat under the same key gets the first answer, for 24 hours and within its own tenant."""

from datetime import timedelta

import asyncpg
import pytest

from plaudit.common import idempotency
from plaudit.common.db import Database
from plaudit.common.idempotency import IdempotencyKey, KeyReusedError
from plaudit_testing.runtime import later

pytestmark = pytest.mark.postgres

KEY = IdempotencyKey("k", b"fingerprint")
ANSWER = '{"id": 1}'


async def kept(database: Database, tenant_id: str = "default") -> None:
    async with database.transaction(tenant_id) as tx:
        await idempotency.keep(tx, tenant_id, KEY, ANSWER)


async def test_a_new_key_has_no_answer(api_database: Database) -> None:
    async with api_database.transaction("default") as tx:
        assert await idempotency.find(tx, "default", KEY) is None


async def test_a_repeat_finds_the_answer_that_was_kept(api_database: Database) -> None:
    await kept(api_database)
    async with api_database.transaction("default") as tx:
        assert await idempotency.find(tx, "default", KEY) == ANSWER


async def test_a_key_that_comes_with_another_request_is_refused(api_database: Database) -> None:
    await kept(api_database)
    async with api_database.transaction("default") as tx:
        with pytest.raises(KeyReusedError, match="Use a new key"):
            await idempotency.find(tx, "default", IdempotencyKey("k", b"other"))


async def test_an_answer_is_kept_once(api_database: Database) -> None:
    await kept(api_database)
    with pytest.raises(asyncpg.UniqueViolationError):
        await kept(api_database)


async def test_a_key_of_one_tenant_is_unknown_to_another(api_database: Database) -> None:
    await kept(api_database, "acme")
    async with api_database.transaction("default") as tx:
        assert await idempotency.find(tx, "default", KEY) is None
        assert await idempotency.find(tx, "acme", KEY) is None
    assert idempotency.order_key("acme", "k") != idempotency.order_key("default", "k")


async def test_an_answer_is_purged_after_24_hours_and_not_before(
    api_database: Database, worker_database: Database
) -> None:
    await kept(api_database)
    async with worker_database.transaction() as tx:
        assert await idempotency.purge(later(tx, timedelta(hours=23)), 10) == 0
    async with api_database.transaction("default") as tx:
        assert await idempotency.find(tx, "default", KEY) == ANSWER
    async with worker_database.transaction() as tx:
        assert await idempotency.purge(later(tx, timedelta(hours=25)), 10) == 1
    async with api_database.transaction("default") as tx:
        assert await idempotency.find(tx, "default", KEY) is None
