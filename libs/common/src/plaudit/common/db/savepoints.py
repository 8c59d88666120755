"""A part of a transaction that can fail alone: what it wrote is undone, and the transaction goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from plaudit.common.db.errors import is_transient
from plaudit.common.db.tx import Tx


@asynccontextmanager
async def savepoint(tx: Tx) -> AsyncIterator[None]:
    """Undo what the block wrote where it fails on its data, and let the error through.

    A transient error is let through as it is: the connection may be lost, and the whole transaction is to be done anew.

    Args:
        tx: the open transaction, of either kind. Savepoints may lie within each other.
    """
    await tx.raw.execute("SAVEPOINT part")
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            await tx.raw.execute("ROLLBACK TO SAVEPOINT part")
            await tx.raw.execute("RELEASE SAVEPOINT part")
        raise
    await tx.raw.execute("RELEASE SAVEPOINT part")
