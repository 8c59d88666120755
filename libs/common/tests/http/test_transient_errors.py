import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from fastapi import APIRouter, Request
from sqlalchemy import QueuePool, text

from plaudit.common.db import Database, Role
from plaudit.common.http import create_app
from plaudit_local.servers.postgres import Postgres
from plaudit_testing.databases import migrated, settings_for
from plaudit_testing.runtime import until
from plaudit_testing.servers import restart
from plaudit_testing.serving import serving

pytestmark = pytest.mark.postgres

POOL_SIZE = 3
SHORT_SECONDS = 0.4

router = APIRouter(prefix="/v1")


@router.get("/raw")
async def by_the_driver(request: Request) -> int:
    async with request.app.state.resources.database(Role.API).transaction("default") as tx:
        return int(await tx.raw.fetchval("SELECT 1"))


@router.get("/sql")
async def by_sqlalchemy(request: Request) -> int:
    async with request.app.state.resources.database(Role.API).transaction("default") as tx:
        return int((await tx.sql.execute(text("SELECT 1"))).scalar_one())


@router.get("/slow")
async def slow(request: Request) -> str:
    async with request.app.state.resources.database(Role.API).transaction("default") as tx:
        await tx.raw.execute("SELECT pg_sleep(0.02)")
        await asyncio.sleep(0.02)
    return "done"


@router.get("/nul")
async def nul(request: Request) -> str:
    async with request.app.state.resources.database(Role.API).transaction("default") as tx:
        return str(await tx.raw.fetchval("SELECT $1::text", "a\0b"))


@asynccontextmanager
async def client_of(dsn: str) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    """A client of the application over this database."""
    database = Database(settings_for(dsn), "common", Role.API, pool_size=POOL_SIZE)
    resources = SimpleNamespace(database=lambda _role: database)
    app = create_app(title="t", service="t", description="", resources=resources, routers=[router], needs_key=False)
    async with serving(app) as client:
        yield client, database
    await database.close()


def connections_out(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


async def wait_for_success(client: httpx.AsyncClient, path: str) -> None:
    async def succeeds() -> bool:
        answer = await client.get(path)
        assert answer.status_code in {200, 503}, answer.text
        return answer.status_code == 200

    await until(succeeds, f"{path} answers again")


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["type"] == "/problems#unavailable"


async def test_a_database_that_dies_is_a_503_on_every_path_and_recovery_needs_no_restart(
    fresh_postgres: Postgres,
) -> None:
    migrated(fresh_postgres.dsn)
    async with client_of(fresh_postgres.dsn) as (client, database):
        paths = ["/v1/raw", "/v1/sql"]
        for path in paths:
            await asyncio.gather(*(client.get(path) for _ in range(POOL_SIZE)))
        under_way = asyncio.create_task(client.get("/v1/slow"))
        await until(lambda: connections_out(database) > 0, "a request that has begun")
        fresh_postgres.process.kill()
        assert_unavailable(await under_way)
        for path in paths * 3:
            assert_unavailable(await client.get(path))

        restart(fresh_postgres)
        for path in paths:
            await wait_for_success(client, path)
            answers = await asyncio.gather(*(client.get(path) for _ in range(POOL_SIZE * 3)))
            assert [answer.status_code for answer in answers] == [200] * POOL_SIZE * 3


async def test_a_pool_without_a_free_connection_is_a_503(common_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of(common_url) as (client, database):
        async with database.transaction(), database.transaction(), database.transaction():
            with monkeypatch.context() as patch:
                patch.setattr(database, "_open_timeout_seconds", SHORT_SECONDS)
                assert_unavailable(await client.get("/v1/raw"))
        assert (await client.get("/v1/raw")).status_code == 200


async def test_a_text_that_cannot_be_kept_is_a_422(common_url: str) -> None:
    async with client_of(common_url) as (client, _):
        answer = await client.get("/v1/nul")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems#unreadable-text")


async def test_clients_that_disconnect_at_any_moment_leave_no_connection_behind(common_url: str) -> None:
    async with client_of(common_url) as (client, database):

        async def leave_after(seconds: float) -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await client.get("/v1/slow")

        for _ in range(5):
            await asyncio.gather(*(leave_after(n / 200) for n in range(1, 30)))
        await until(lambda: connections_out(database) == 0, "all connections given back")
        answers = await asyncio.gather(*(client.get("/v1/raw") for _ in range(POOL_SIZE * 2)))
        async with database.transaction() as tx:
            open_transactions = await tx.raw.fetchval(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            )
    assert [answer.status_code for answer in answers] == [200] * POOL_SIZE * 2
    assert open_transactions == 0
