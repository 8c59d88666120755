"""Telling a database that is away or too busy from a mistake of ours."""

from typing import Final

import asyncpg
from sqlalchemy import exc as sqlalchemy_errors

_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    sqlalchemy_errors.TimeoutError,
    ConnectionError,
    TimeoutError,
)
_UNREADABLE_TEXT: Final = "22021"
"""SQLSTATE character_not_in_repertoire: a text with NUL."""
MAX_CAUSES: Final = 5


def is_database_away(error: BaseException) -> bool:
    """Say whether trying again later may help: no connection, no free one, shut down, out of resources, timed out."""
    return any(
        # The driver's complaint about a value is a mistake of ours, though it shares a base with a lost connection.
        (isinstance(cause, _AWAY) and not isinstance(cause, ValueError))
        # A socket that is not there; an error about a file of ours names it.
        or (isinstance(cause, OSError) and cause.filename is None)
        or (isinstance(cause, sqlalchemy_errors.DBAPIError) and cause.connection_invalidated)
        for cause in _causes(error)
    )


def is_unreadable_text(error: BaseException) -> bool:
    """Say whether the database refused a text for its characters: the caller's mistake, not ours."""
    return any(getattr(cause, "sqlstate", None) == _UNREADABLE_TEXT for cause in _causes(error))


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < MAX_CAUSES:
        causes.append(cause)
        cause = cause.orig if isinstance(cause, sqlalchemy_errors.DBAPIError) and cause.orig else cause.__cause__
    return causes
