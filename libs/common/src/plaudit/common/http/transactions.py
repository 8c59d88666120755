"""The one place where a request opens its transaction. It commits when the endpoint returns, before the answer is sent.

An endpoint declares its principal first and then `TenantTx` to read, or `Work` to run commands. Whatever it raises
rolls the transaction back. When the commit fails, the answer is that failure: no 2xx is sent before the commit.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from plaudit.common.db import Role, SqlTx
from plaudit.common.outbox import SqlUnitOfWork


async def tenant_transaction(request: Request) -> AsyncIterator[SqlTx]:
    """Open the transaction of the principal's tenant, under the api role.

    Raises:
        RuntimeError: the endpoint does not declare its principal first.
    """
    principal = getattr(request.state, "principal", None)
    if principal is None:
        raise RuntimeError("declare the principal before the transaction: it says whose rows may be seen")
    database = request.app.state.resources.database(Role.API)
    async with database.transaction(principal.tenant_id) as tx:
        yield tx


TenantTx = Annotated[SqlTx, Depends(tenant_transaction, scope="function")]


async def unit_of_work(request: Request, tx: TenantTx) -> SqlUnitOfWork:
    """Return the request's transaction with the outbox and the source of ids, for commands."""
    resources = request.app.state.resources
    return SqlUnitOfWork(tx, resources.outbox, resources.ids)


Work = Annotated[SqlUnitOfWork, Depends(unit_of_work, scope="function")]
