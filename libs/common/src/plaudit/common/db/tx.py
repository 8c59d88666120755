"""One open transaction, as it is given to commands and stores. Only the code that opened it commits it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(slots=True, eq=False)
class Tx:
    """An open transaction."""

    raw: asyncpg.Connection
    """The driver's connection, for statements over arrays."""
    now: datetime
    """The time of the transaction: the database's, plus an offset that only test settings allow.

    It is when the transaction began or, after `lock`, when it had its order locks: what it writes happened after what
    those wrote for whom it waited.
    """
    waited: timedelta = field(default=timedelta(), init=False)
    """From the beginning to its order locks."""

    def has_waited(self, waited: timedelta) -> None:
        """Move the time to when the order locks were there."""
        self.now += waited - self.waited
        self.waited = waited


@dataclass(slots=True, eq=False)
class SqlTx(Tx):
    """An open transaction that also takes statements that are built with SQLAlchemy."""

    sql: AsyncConnection
