"""One open transaction, as it is given to commands and stores. Only the code that opened it commits it."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction."""

    raw: asyncpg.Connection
    """The driver's connection, for statements over arrays."""
    now: datetime
    """The time of the transaction: the database's, plus an offset that only test settings allow."""


@dataclass(frozen=True, slots=True)
class SqlTx(Tx):
    """An open transaction that also takes statements that are built with SQLAlchemy."""

    sql: AsyncConnection
