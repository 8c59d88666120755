"""Which failures may pass by themselves, whatever they come wrapped in: the one place that says so."""

import socket

import asyncpg
import pytest
from sqlalchemy import exc as sqlalchemy_errors

from plaudit.common.db.errors import is_out_of_time, is_transient, is_unreadable_text, root, stores_nothing


def wrapped(error: Exception) -> Exception:
    """An error of the driver as SQLAlchemy passes it on: its own, with the driver's behind it."""
    adapted = Exception(str(error))
    adapted.__cause__ = error
    return sqlalchemy_errors.DBAPIError("SELECT", None, adapted)


def raised_from(cause: Exception) -> Exception:
    error = RuntimeError("the positions could not be loaded")
    error.__cause__ = cause
    return error


def of_state(sqlstate: str) -> asyncpg.PostgresError:
    error = asyncpg.PostgresError("whatever the server's language calls it")
    error.sqlstate = sqlstate
    return error


TRANSIENT = [
    ConnectionRefusedError(111, "Connection refused"),
    ConnectionResetError(104, "Connection reset by peer"),
    FileNotFoundError(2, "No such file or directory"),  # the socket's folder
    socket.gaierror(-2, "Name or service not known"),
    TimeoutError(),
    sqlalchemy_errors.TimeoutError("QueuePool limit reached"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.TooManyConnectionsError("too many clients already"),
    asyncpg.OutOfMemoryError("out of shared memory"),
    asyncpg.DiskFullError("could not extend file"),
    asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.SerializationError("could not serialize access"),
    asyncpg.StatementCompletionUnknownError("the commit's outcome is unknown"),
    asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
    asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"),
    asyncpg.InvalidCachedStatementError("cached statement plan is invalid"),
    asyncpg.OutdatedSchemaCacheError("the schema has changed"),
    asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
    of_state("25P04"),
    of_state("58030"),
]
AT_FAULT = [
    ValueError("a mistake of ours"),
    FileNotFoundError(2, "No such file or directory", "template.html"),
    PermissionError(13, "Permission denied", "/etc/shadow"),
    asyncpg.DataError("invalid input for query argument"),
    asyncpg.ClientConfigurationError("a wrong option"),
    asyncpg.InternalClientError("unhandled standard data type"),
    asyncpg.ProtocolError("insufficient data in buffer"),
    asyncpg.UniqueViolationError("duplicate key"),
    asyncpg.CheckViolationError("violates check constraint"),
    asyncpg.InsufficientPrivilegeError("new row violates row-level security policy"),
    asyncpg.UndefinedTableError("no such table"),
    asyncpg.FeatureNotSupportedError("not supported"),
    asyncpg.RaiseError("raised by a trigger"),
    asyncpg.NumericValueOutOfRangeError("out of range"),
    of_state("54000"),
    of_state(""),
]


def name_of(error: Exception) -> str:
    return f"{type(error).__name__}-{getattr(error, 'sqlstate', '') or ''}"


@pytest.mark.parametrize("error", TRANSIENT, ids=name_of)
def test_what_may_pass_by_itself_is_transient_however_it_is_wrapped(error: Exception):
    assert is_transient(error)
    assert is_transient(wrapped(error))
    assert is_transient(raised_from(error))
    assert is_transient(raised_from(wrapped(error)))


@pytest.mark.parametrize("error", AT_FAULT, ids=name_of)
def test_what_a_retry_does_not_mend_is_not_transient_however_it_is_wrapped(error: Exception):
    assert not is_transient(error)
    assert not is_transient(wrapped(error))
    assert not is_transient(raised_from(error))


def test_a_connection_lost_under_a_statement_is_transient_whatever_the_driver_says():
    said = sqlalchemy_errors.DBAPIError("SELECT", None, Exception("protocol error"), connection_invalidated=True)
    assert is_transient(said)
    assert is_transient(raised_from(said))


def test_a_chain_of_causes_is_followed_for_some_steps_only():
    error: Exception = TimeoutError()
    for _ in range(10):
        error = raised_from(error)
    assert not is_transient(error)
    loop = RuntimeError()
    loop.__cause__ = loop
    assert not is_transient(loop)


def test_the_root_is_the_drivers_own_error():
    error = asyncpg.UniqueViolationError("duplicate key")
    assert root(wrapped(error)) is error
    assert root(error) is error
    assert root(plain := ValueError()) is plain


def test_a_text_that_cannot_be_kept_is_the_callers_to_correct():
    error = asyncpg.CharacterNotInRepertoireError('invalid byte sequence for encoding "UTF8": 0x00')
    assert is_unreadable_text(error)
    assert is_unreadable_text(wrapped(error))
    assert not is_transient(wrapped(error))
    assert not is_unreadable_text(asyncpg.DataError("invalid input"))


def test_a_database_without_room_or_read_only_stores_nothing():
    states = {"53100", "58030", "25006"}
    for error in TRANSIENT:
        assert stores_nothing(error) is (getattr(error, "sqlstate", None) in states)
        assert stores_nothing(wrapped(error)) is stores_nothing(error)
    assert sum(map(stores_nothing, TRANSIENT)) == len(states)
    assert not any(map(stores_nothing, AT_FAULT))


@pytest.mark.parametrize("wrap", [lambda error: error, wrapped, raised_from])
def test_a_statement_that_was_stopped_at_its_deadline_is_told_from_a_lock_that_was_not_free(wrap):
    assert is_out_of_time(wrap(asyncpg.QueryCanceledError("canceling statement due to statement timeout")))
    assert not is_out_of_time(wrap(asyncpg.LockNotAvailableError("canceling statement due to lock timeout")))
