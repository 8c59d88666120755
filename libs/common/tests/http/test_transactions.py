"""A request's one transaction: committed before the answer leaves, rolled back by whatever is raised."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from structlog.testing import capture_logs

from plaudit.common.db import Database, Role, Tx, lock
from plaudit.common.http import DriverTx, Principal, TenantTx, Work, conflict, create_app, read_apart
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.process import Resources
from plaudit_testing.databases import TESTING, settings_for
from plaudit_testing.runtime import count_event, counting_topic, until
from plaudit_testing.runtime_fixtures import testing_url, worker_database
from plaudit_testing.serving import serving

__all__ = ["testing_url", "worker_database"]

pytestmark = pytest.mark.postgres

INSERT = "INSERT INTO things (tenant_id, id) VALUES ($1, $2)"
TOPIC = counting_topic("test.transactions.v1")
KEY = "one that many wait for"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def acme(request: Request) -> Principal:
    request.state.principal = Principal("acme", "key", frozenset())
    return request.state.principal


Caller = Annotated[Principal, Depends(acme)]
router = APIRouter()


@router.post("/things/{number}", status_code=201)
async def add(number: int, principal: Caller, tx: TenantTx) -> str:
    await tx.raw.execute(INSERT, principal.tenant_id, number)
    return "added"


@router.post("/events/{number}", status_code=201)
async def emit(number: int, principal: Caller, work: Work) -> str:
    await work.tx.raw.execute(INSERT, principal.tenant_id, number)
    await work.emit(count_event(TOPIC, f"{number}", 1))
    return "emitted"


@router.post("/refused/{number}")
async def refused(number: int, principal: Caller, tx: TenantTx) -> None:
    await tx.raw.execute(INSERT, principal.tenant_id, number)
    raise conflict("no", "after it was written")


@router.post("/broken/{number}")
async def broken(number: int, principal: Caller, tx: TenantTx) -> None:
    await tx.raw.execute(INSERT, principal.tenant_id, number)
    raise ValueError("after it was written")


@router.post("/instead/{number}")
async def instead(number: int, principal: Caller, tx: TenantTx) -> None:
    await tx.raw.execute(INSERT, principal.tenant_id, number)
    raise AnswerInsteadError(PlainTextResponse("sign in first", 401))


@router.post("/long/{number}", status_code=201)
async def long(number: int, principal: Caller, tx: TenantTx) -> str:
    await tx.raw.execute(INSERT, principal.tenant_id, number)
    await tx.raw.execute("SET LOCAL statement_timeout = 20")
    await tx.raw.execute("SELECT pg_sleep(60)")
    return "after a minute"


@router.post("/cut/{number}", status_code=201)
async def cut(number: int, principal: Caller, tx: TenantTx) -> str:
    await tx.raw.execute(INSERT, principal.tenant_id, number)
    tx.raw.terminate()
    return "written, and then the connection is gone"


@router.post("/foreign/{number}")
async def foreign(number: int, _principal: Caller, tx: TenantTx) -> None:
    await tx.raw.execute(INSERT, "stranger", number)


@router.post("/unknown/{number}")
async def unknown(number: int, tx: TenantTx) -> None:
    await tx.raw.execute(INSERT, "acme", number)


@router.post("/driver/things/{number}", status_code=201)
async def add_by_driver(number: int, principal: Caller, tx: DriverTx) -> str:
    await tx.raw.execute(INSERT, principal.tenant_id, number)
    return "added"


@router.post("/driver/foreign/{number}")
async def foreign_by_driver(number: int, _principal: Caller, tx: DriverTx) -> None:
    await tx.raw.execute(INSERT, "stranger", number)


@router.post("/driver/unknown/{number}")
async def unknown_by_driver(number: int, tx: DriverTx) -> None:
    await tx.raw.execute(INSERT, "acme", number)


async def counted_twice(request: Request, tx: Tx) -> list[int]:
    """How many things there are, before and after another one is committed."""
    before = await tx.raw.fetchval("SELECT count(*) FROM things")
    async with request.app.state.resources.database(Role.WORKER).transaction() as other:
        await other.raw.execute(INSERT, "acme", 7)
    return [before, await tx.raw.fetchval("SELECT count(*) FROM things")]


@router.get("/counted")
async def counted(request: Request, _principal: Caller, tx: TenantTx) -> list[int]:
    return await counted_twice(request, tx)


@router.get("/driver/counted")
async def counted_by_driver(request: Request, _principal: Caller, tx: DriverTx) -> list[int]:
    return await counted_twice(request, tx)


@router.get("/apart/counted")
async def counted_apart(request: Request, principal: Caller) -> list[int]:
    return await read_apart(
        request.app.state.resources.database(Role.API), principal.tenant_id, partial(counted_twice, request)
    )


@router.post("/counted")
async def counted_in_a_command(request: Request, _principal: Caller, tx: TenantTx) -> list[int]:
    return await counted_twice(request, tx)


@router.get("/written")
async def write_while_asked(principal: Caller, tx: TenantTx) -> None:
    await tx.raw.execute(INSERT, principal.tenant_id, 8)


@router.post("/locked", status_code=201)
async def wait_for_a_lock(_principal: Caller, tx: TenantTx) -> str:
    await lock(tx, [KEY])
    return "had it"


@router.get("/asked")
async def ask(_principal: Caller, tx: TenantTx) -> int:
    number: int = await tx.raw.fetchval("SELECT 1")
    return number


@pytest.fixture
async def client(testing_url: str) -> AsyncIterator[httpx.AsyncClient]:
    resources = Resources(settings_for(testing_url), TESTING)
    app = create_app(title="t", service=TESTING, description="", resources=resources, routers=[router])
    async with serving(app) as client:
        yield client
    await resources.close()


async def numbers(database: Database, table: str = "things", column: str = "id") -> list[Any]:
    async with database.transaction() as tx:
        return [row[0] for row in await tx.raw.fetch(f"SELECT {column} FROM {table} ORDER BY 1")]


async def test_what_was_answered_2xx_is_committed(client: httpx.AsyncClient, worker_database: Database) -> None:
    assert (await client.post("/things/1")).status_code == 201
    assert await numbers(worker_database) == [1]


async def test_the_drivers_transaction_is_the_principals_own_too(
    client: httpx.AsyncClient, worker_database: Database
) -> None:
    assert (await client.post("/driver/things/1")).status_code == 201
    assert (await client.post("/driver/foreign/2")).status_code == 500
    assert (await client.post("/driver/unknown/3")).status_code == 500
    assert await numbers(worker_database) == [1]


async def test_events_are_committed_with_the_unit_of_work(client: httpx.AsyncClient, worker_database: Database) -> None:
    assert (await client.post("/events/1")).status_code == 201
    assert await numbers(worker_database) == [1]
    assert await numbers(worker_database, "outbox", "topic") == [TOPIC.name]


@pytest.mark.parametrize(("path", "status"), [("refused", 409), ("broken", 500), ("instead", 401)])
async def test_whatever_is_raised_rolls_back(
    client: httpx.AsyncClient, worker_database: Database, path: str, status: int
) -> None:
    assert (await client.post(f"/{path}/1")).status_code == status
    assert await numbers(worker_database) == []


async def test_a_commit_that_the_database_refuses_is_a_500(
    client: httpx.AsyncClient, worker_database: Database, testing_url: str
) -> None:
    admin = await asyncpg.connect(testing_url)
    await admin.execute("ALTER TABLE testing.things ADD UNIQUE (tenant_id) DEFERRABLE INITIALLY DEFERRED")
    await admin.close()
    assert (await client.post("/things/1")).status_code == 201
    assert (await client.post("/things/2")).status_code == 500, "the constraint is checked at the commit"
    assert await numbers(worker_database) == [1]


async def test_a_connection_lost_before_the_commit_is_a_503(
    client: httpx.AsyncClient, worker_database: Database
) -> None:
    answer = await client.post("/cut/1")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert await numbers(worker_database) == []


async def test_what_takes_the_database_too_long_is_a_503_that_says_to_ask_for_less(
    client: httpx.AsyncClient, worker_database: Database
) -> None:
    answer = await client.post("/long/1")

    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert "Ask for less at once" in answer.json()["detail"]
    assert await numbers(worker_database) == []


async def test_a_transaction_is_the_principals_own(client: httpx.AsyncClient, worker_database: Database) -> None:
    assert (await client.post("/foreign/1")).status_code == 500, "row level security refuses another tenant's row"
    assert await numbers(worker_database) == []


async def test_without_a_principal_no_transaction_is_opened(
    client: httpx.AsyncClient, worker_database: Database
) -> None:
    with capture_logs() as lines:
        assert (await client.post("/unknown/1")).status_code == 500
    assert "declare the principal" in str(lines[0]["exc_info"])
    assert await numbers(worker_database) == []


@pytest.mark.parametrize("path", ["/counted", "/driver/counted", "/apart/counted"])
async def test_whoever_asks_is_answered_of_one_instant(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).json() == [0, 0]


async def test_a_command_sees_what_was_committed_while_it_ran(client: httpx.AsyncClient) -> None:
    assert (await client.post("/counted")).json() == [0, 1]


async def test_asking_writes_nothing(client: httpx.AsyncClient, worker_database: Database) -> None:
    assert (await client.get("/written")).status_code >= 500
    assert (await client.head("/written")).status_code >= 500
    assert await numbers(worker_database) == []


async def test_however_many_wait_for_one_lock_whoever_asks_is_answered(
    client: httpx.AsyncClient, worker_database: Database, testing_url: str
) -> None:
    most = settings_for(testing_url).database_pool_size
    async with worker_database.transaction() as holder, asyncio.TaskGroup() as group:
        await lock(holder, [KEY])
        waiting = [group.create_task(client.post("/locked")) for _ in range(most + 2)]

        async def all_wait_that_may() -> bool:
            return bool(await holder.raw.fetchval(WAITING) == most // 2)

        await until(all_wait_that_may, "half of the connections wait")
        answers = [await client.get("/asked") for _ in range(most)]

        assert [each.json() for each in answers] == [1] * most
        assert await holder.raw.fetchval(WAITING) == most // 2
        await holder.sql.commit()
    # Who has waited for longer than a lock may take is told to come again.
    assert {each.result().status_code for each in waiting} <= {201, 503}
