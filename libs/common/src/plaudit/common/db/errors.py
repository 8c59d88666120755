"""What a failure of the database means: something is merely away, or the data are at fault."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

AWAY_CLASSES = frozenset(
    {
        "08",  # connection exceptions
        "40",  # serialization failures and deadlocks, and commits of unknown outcome
        "53",  # out of connections, memory or disk
        "57",  # shutting down, starting up, statement cancelled by its deadline
        "58",  # system errors
    }
)
LOCK_NOT_AVAILABLE = "55P03"
READ_ONLY_TRANSACTION = "25006"


def root(error: BaseException) -> BaseException:
    """Return the driver's own error behind SQLAlchemy's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig.__cause__
        return cause if cause is not None else error.orig
    return error


def is_away(error: BaseException) -> bool:
    """Say whether the same work may well succeed a moment later, with the same data."""
    cause = root(error)
    if isinstance(cause, asyncpg.PostgresError):
        state = cause.sqlstate or ""
        return state[:2] in AWAY_CLASSES or state in {LOCK_NOT_AVAILABLE, READ_ONLY_TRANSACTION}
    if isinstance(cause, asyncpg.InterfaceError):
        # The driver's complaint about a value shares a base with a lost connection.
        return not isinstance(cause, ValueError)
    return isinstance(cause, (OSError, TimeoutError, PoolTimeoutError))
