"""The one place where a request opens its transaction. It commits when the endpoint returns, before the answer is sent.

An endpoint declares its principal first and then `TenantTx` to read, or `Work` to run commands. `DriverTx` reads in
less time, with statements that are texts. Whatever it raises rolls the transaction back. When the commit fails, the
answer is that failure: no 2xx is sent before the commit.

A request that asks (GET or HEAD) reads of one instant, however many statements its answer takes, and can write nothing:
parts that are read one after the other add up, whatever is committed meanwhile.

An answer that is streamed outlives that transaction; it reads each of its parts by `read_apart`, each of one instant;
the parts of a list by `list_apart`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request

from plaudit.common.db import Database, Role, SqlTx, Tx
from plaudit.common.http.auth import SAFE_METHODS, Principal
from plaudit.common.outbox import SqlUnitOfWork

Read = TypeVar("Read")
Row = TypeVar("Row")

_reading: Final[set[asyncio.Task[object]]] = set()
"""What is being read; the loop itself does not keep tasks."""


async def tenant_transaction(request: Request) -> AsyncIterator[SqlTx]:
    """Open the transaction of the principal's tenant, under the api role.

    Raises:
        RuntimeError: the endpoint does not declare its principal first.
    """
    database = _database(request)
    opened = database.snapshot if request.method in SAFE_METHODS else database.change
    async with opened(_tenant_id(request)) as tx:
        yield tx


TenantTx = Annotated[SqlTx, Depends(tenant_transaction, scope="function")]


async def driver_transaction(request: Request) -> AsyncIterator[Tx]:
    """Open the transaction of the principal's tenant on the bare driver, under the api role.

    Raises:
        RuntimeError: as `tenant_transaction`.
    """
    database = _database(request)
    opened = database.driver_snapshot if request.method in SAFE_METHODS else database.driver_transaction
    async with opened(_tenant_id(request)) as tx:
        yield tx


DriverTx = Annotated[Tx, Depends(driver_transaction, scope="function")]


def _database(request: Request) -> Database:
    database: Database = request.app.state.resources.database(Role.API)
    return database


def _tenant_id(request: Request) -> str:
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        raise RuntimeError("declare the principal before the transaction: it says whose rows may be seen")
    return principal.tenant_id


async def unit_of_work(request: Request, tx: TenantTx) -> SqlUnitOfWork:
    """Return the request's transaction with the outbox and the source of ids, for commands."""
    resources = request.app.state.resources
    return SqlUnitOfWork(tx, resources.outbox, resources.ids)


Work = Annotated[SqlUnitOfWork, Depends(unit_of_work, scope="function")]


async def read_apart(database: Database, tenant_id: str, read: Callable[[SqlTx], Awaitable[Read]]) -> Read:
    """Read a part of an answer that is streamed, in a transaction of its own.

    It comes to its end even if the client leaves meanwhile: a statement that is cancelled costs its connection.
    """

    async def whole() -> Read:
        async with database.snapshot(tenant_id) as tx:
            return await read(tx)

    task = asyncio.create_task(whole())
    _reading.add(task)
    task.add_done_callback(_reading.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_take_result)
        raise


async def list_apart(
    database: Database,
    tenant_id: str,
    first: Sequence[Row],
    read_after: Callable[[Row, SqlTx], Awaitable[Sequence[Row]]],
    rows: int,
) -> AsyncIterator[Sequence[Row]]:
    """Yield the parts of a list that is streamed, until one is not full.

    Args:
        database: of the service, under the api role.
        tenant_id: whose rows are read.
        first: the part that the request's own transaction has read, so that it refuses before the answer begins.
        read_after: reads what follows a row.
        rows: of a full part.
    """
    found = first
    yield found
    while len(found) == rows:
        found = await read_apart(database, tenant_id, partial(read_after, found[-1]))
        yield found


def _take_result(task: asyncio.Task[Read]) -> None:
    """Take what was read, or the error, which nobody waits for any more."""
    if not task.cancelled():
        task.exception()
