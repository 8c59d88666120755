"""What an error of the database means: it is transient, or the data are wrong."""

from collections.abc import Iterator
from traceback import walk_tb

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
        "25P03",  # idle in transaction for too long: this process had no time
        "25P04",  # transaction timeout
    }
)
NOT_STORABLE_STATES = frozenset(
    {
        "25006",  # read-only
        "53100",  # the disk is full
        "58030",  # the disk fails
    }
)
OUT_OF_TIME = "57014"
"""query_canceled: a statement took longer than its deadline."""
UNREADABLE_TEXT = "22021"
"""character_not_in_repertoire: a text with NUL."""
FAREWELL_UNNOTICED = "cannot switch to state"
"""What the driver says of a statement on a connection that the server has ended with a message, before the end of the
stream has come too. It has no class of its own."""
OF_NOTHING = "'NoneType' object has no attribute"
"""What Python says where the driver goes on with a statement whose connection was cut between two of its steps, as our
own deadlines do: the driver has looked at the connection only before the first one."""
MAX_CAUSES = 5
"""How many errors are followed, each to the one that it was raised from."""


class LaterVersionError(Exception):
    """A row has a form that only a later version of this code can read: while it is rolled out, or after a step back.

    It is transient: whoever waits tries again, and reaches a process of that version. Nothing is set aside as wrong.
    """


def root(error: BaseException) -> BaseException:
    """Return the driver's own error behind SQLAlchemy's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig.__cause__
        return cause if cause is not None else error.orig
    return error


def is_transient(error: BaseException) -> bool:
    """Return whether the same work with the same data may succeed a moment later.

    Such errors are: no connection, a lost one, no free one, a server that stops, starts or is out of resources, a
    deadline that has passed, a schema that has changed under a statement, and rows of a later version. No other place
    decides this.
    """
    return any(map(_is_transient, _causes(error)))


def stores_nothing(error: BaseException) -> bool:
    """Return whether the database answers, and can store nothing now: its disk is full or fails, or it is read-only."""
    return any(getattr(cause, "sqlstate", None) in NOT_STORABLE_STATES for cause in _causes(error))


def is_out_of_time(error: BaseException) -> bool:
    """Return whether the database stopped a statement at its deadline: it has too much to do, or was asked too much."""
    return any(getattr(cause, "sqlstate", None) == OUT_OF_TIME for cause in _causes(error))


def is_unreadable_text(error: BaseException) -> bool:
    """Return whether the database refused a text for its characters, which is the caller's mistake."""
    return any(getattr(cause, "sqlstate", None) == UNREADABLE_TEXT for cause in _causes(error))


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, asyncpg.InternalClientError):
        return isinstance(error, asyncpg.OutdatedSchemaCacheError) or str(error).startswith(FAREWELL_UNNOTICED)
    if isinstance(error, asyncpg.PostgresError):
        return _is_transient_answer(error)
    if isinstance(error, asyncpg.InterfaceError):
        # The driver's error about a wrong value has the same base class as that about a lost connection.
        return not isinstance(error, ValueError)
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    if isinstance(error, OSError):
        # About a socket or a deadline; an error about a file of ours names the file.
        return error.filename is None
    return isinstance(error, (PoolTimeoutError, LaterVersionError)) or _is_of_a_cut_connection(error)


def _is_of_a_cut_connection(error: BaseException) -> bool:
    """Return whether a line of the driver found no connection: none of ours, nor one that the driver has called."""
    if not (isinstance(error, AttributeError) and str(error).startswith(OF_NOTHING)):
        return False
    steps = [frame for frame, _ in walk_tb(error.__traceback__)]
    return bool(steps) and str(steps[-1].f_globals.get("__name__")).partition(".")[0] == asyncpg.__name__


def _is_transient_answer(error: asyncpg.PostgresError) -> bool:
    # The first execution after a migration fails, and the driver then forgets the old schema.
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return True
    state = error.sqlstate or ""
    return state[:2] in TRANSIENT_CLASSES or state in TRANSIENT_STATES


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.orig if isinstance(cause, DBAPIError) and cause.orig is not None else cause.__cause__
