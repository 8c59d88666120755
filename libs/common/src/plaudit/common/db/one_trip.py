"""Transactions of one statement, for what can be decided before anything is read.

A transaction takes five trips to the server: begin, lock, read, write, commit. For a small group they cost more than
its rows. Where nearly everything is new, decisions may assume that all of it is: one statement names the tenants, locks
the order keys, checks the assumption and writes. Where the assumption is wrong, nothing is written, and the usual
transaction follows.

The check cannot see what was committed while the statement waited for its locks. Unique indexes see it: the statement
inserts and never updates, so it fails then, which is a wrong assumption too.

The policies of the tables read the tenants when their first row is looked at, which is after the statement has named
them. PostgreSQL does not promise that. With the setting read before, no row would be visible and none be let in: it is
empty at the start of each transaction.

Decisions need the time. It is the database's, carried on by our clock since the database told it last; a statement
whose time is wrong by more than `MAX_CLOCK_ERROR_SECONDS` writes nothing either.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from asyncpg import UniqueViolationError

from plaudit.common.db.database import Database, tenants_literal
from plaudit.common.db.order_locks import OrderKey, lock_numbers

MAX_CLOCK_ERROR_SECONDS: Final = 0.5
MAX_LEFT_OUT: Final = 63
"""Transactions that are not tried in one trip after misses in a row: 1, 3, 7 …, this many."""
NOW_AT: Final = 3
"""The number of the statement's parameter with the time that was decided with; those of the writer follow it."""

_STATEMENT = """
WITH opened AS MATERIALIZED ({begin_and_lock}),
checked AS MATERIALIZED (
    SELECT now, abs(extract(epoch FROM now - ${now_at}::timestamptz)) <= {max_error} AND {is_new} AS is_right
    FROM opened
),
allowed AS MATERIALIZED (SELECT FROM checked WHERE is_right),
{write}
SELECT now, is_right FROM checked
"""


class OneTrip:
    """Runs one writing statement as a transaction of its own, and knows when that is worth trying."""

    def __init__(self, database: Database, *, is_new: str, write: str) -> None:
        """Take the parts of the statement; their parameters begin at `NOW_AT`.

        Args:
            database: under any role; the statement names its tenants.
            is_new: the condition that the decisions assume. A unique index of what `write` inserts must cover each part
                of it: the condition does not see what was committed while the statement waited for its locks.
            write: WITH queries that insert. All their rows come from `allowed`, which has one row where the assumption
                holds and none otherwise: so nothing is written before the order keys are locked.
        """
        self._database = database
        self._statement = _STATEMENT.format(
            begin_and_lock=database.begin_and_lock,
            now_at=NOW_AT,
            max_error=MAX_CLOCK_ERROR_SECONDS,
            is_new=is_new,
            write=write,
        )
        self._told: tuple[datetime, float] | None = None
        """The database's time, and the event loop's when we read it."""
        self._back_off = 0
        """How many transactions the last miss has left out; 0 after a hit."""
        self._to_leave_out = 0
        """How many of them are still to come."""

    def now(self) -> datetime | None:
        """Return the time to decide with, or None if this transaction should take its usual trips.

        To be called once for each transaction that may be tried: after a miss it counts those that are left out.
        """
        if self._told is None:
            return None
        if self._to_leave_out:
            self._to_leave_out -= 1
            return None
        database_time, loop_time = self._told
        return database_time + timedelta(seconds=asyncio.get_running_loop().time() - loop_time)

    def learn(self, now: datetime) -> None:
        """Take the time that the database has just told in another transaction."""
        self._told = now, asyncio.get_running_loop().time()

    async def write(
        self, tenants: Iterable[str], order_keys: Iterable[OrderKey], now: datetime, *arguments: object
    ) -> bool:
        """Write what was decided at `now`, and commit; return False where the assumption is wrong: nothing is stored.

        Raises:
            ValueError: more than `MAX_KEYS_PER_TRANSACTION` keys.
            Exception: as `Database.driver_statement`. Whether it is stored is not known then.
        """
        opening = tenants_literal(tenants), lock_numbers(order_keys), now
        async with self._database.driver_statement() as raw:
            try:
                row = await raw.fetchrow(self._statement, *opening, *arguments)
            except UniqueViolationError:
                row = None
        if row is not None:
            self.learn(row["now"])
            if row["is_right"]:
                self._back_off = 0
                return True
        self._back_off = min(2 * self._back_off + 1, MAX_LEFT_OUT)
        self._to_leave_out = self._back_off
        return False
