"""What a failure of the database means: something is merely away, or the data are at fault."""

from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

TRANSIENT_CLASSES = frozenset(
    {
        "08",  # connection exceptions
        "40",  # serialization failures and deadlocks, and commits of unknown outcome
        "53",  # out of connections, memory or disk
        "57",  # shutting down, starting up, statement cancelled by its deadline
        "58",  # system errors
    }
)
TRANSIENT_STATES = frozenset(
    {
        "55P03",  # lock not available
        "25006",  # read-only: a standby, until it is promoted
        "25P03",  # idle in transaction for too long: it was this process that had no time
        "25P04",  # transaction timeout
    }
)
UNREADABLE_TEXT = "22021"
"""character_not_in_repertoire: a text with NUL."""
MAX_CAUSES = 5
"""Of an error, followed from each one to what it was raised from."""


def root(error: BaseException) -> BaseException:
    """Return the driver's own error behind SQLAlchemy's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig.__cause__
        return cause if cause is not None else error.orig
    return error


def is_transient(error: BaseException) -> bool:
    """Say whether the same work may well succeed a moment later, with the same data.

    So it is with no connection, no free one, a server that stops or starts or is out of resources, a deadline that
    has passed, and a schema that has changed under a statement. The only place that tells this from a mistake.
    """
    return any(map(_is_transient, _causes(error)))


def is_unreadable_text(error: BaseException) -> bool:
    """Say whether the database refused a text for its characters: the caller's mistake, not ours."""
    return any(getattr(cause, "sqlstate", None) == UNREADABLE_TEXT for cause in _causes(error))


def _is_transient(error: BaseException) -> bool:
    # The first execution fails after a migration, and makes the driver forget what it knew of the old schema.
    if isinstance(error, asyncpg.InvalidCachedStatementError | asyncpg.OutdatedSchemaCacheError):
        return True
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in TRANSIENT_CLASSES or state in TRANSIENT_STATES
    if isinstance(error, asyncpg.InterfaceError):
        # The driver's complaint about a value shares a base with a lost connection.
        return not isinstance(error, ValueError)
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    if isinstance(error, OSError):
        # A socket that is not there, or a deadline; an error about a file of ours names it.
        return error.filename is None
    return isinstance(error, PoolTimeoutError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.orig if isinstance(cause, DBAPIError) and cause.orig is not None else cause.__cause__
