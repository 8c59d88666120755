"""What each failure of a batch means: retry it, split it, set its record aside, or stop. One pure table."""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from aiokafka.errors import KafkaError

from plaudit.common.db.errors import is_transient, root
from plaudit.common.kafka.fuse import FuseBlownError
from plaudit.common.kafka.positions import FencedError
from plaudit.common.kafka.subscription import InvalidRecordError, StaleMemoryError

HANDLER_TRIES = 5
"""How often a handler may raise on the same records before the one that it raises on is searched for."""
OVERLOAD_STATES = frozenset({"57014", "55P03", "53200"})
"""Statement cancelled by its deadline, lock not available in time, out of memory: fewer records may pass."""

MISSING_STATES = frozenset({"3F000", "42501", "42703", "42883", "42P01"})
"""A schema, privilege, column, function or table is missing: a migration has not run, or not to its end."""


class TooManyKeysError(Exception):
    """The records have more order keys than one transaction may lock."""


class Failure(Enum):
    """Why a transaction failed."""

    TRANSIENT = auto()
    """The same work may succeed later: no connection, no broker, a server that restarts, a table that is missing. No
    record is at fault."""
    OVERLOAD = auto()
    """Transient too, but fewer records at a time may succeed."""
    TOO_MANY_KEYS = auto()
    """More order keys than one transaction may lock."""
    INVALID = auto()
    """The handler says that a record will never be right."""
    RAISED = auto()
    """The handler raised, and may be tried again."""
    RAISED_TOO_OFTEN = auto()
    """The handler raised `HANDLER_TRIES` times."""
    FENCED = auto()
    """Another consumer has moved a partition."""
    FUSE_BLOWN = auto()
    """Too many records fail. A part that blows the fuse is split, so that the records before the one too many are
    committed: else a batch with more bad records than the fuse allows would blow it after every restart."""


class Content(Enum):
    """What the part of a batch that failed consists of."""

    SEVERAL = auto()
    """Several fetched records."""
    ONE = auto()
    """One record for the handler."""
    NOTHING_TO_HANDLE = auto()
    """One fetched record of which the handler gets nothing: it is invalid or already set aside."""


class Step(Enum):
    """What to do with the part."""

    RETRY = auto()
    SPLIT = auto()
    SET_ASIDE = auto()
    STOP = auto()


_R, _S, _A, _X = Step.RETRY, Step.SPLIT, Step.SET_ASIDE, Step.STOP
STEPS: Mapping[tuple[Failure, Content], Step] = MappingProxyType(
    {
        (failure, content): step
        for failure, steps in {
            # SEVERAL, ONE, NOTHING_TO_HANDLE
            Failure.TRANSIENT: (_R, _R, _R),
            Failure.OVERLOAD: (_S, _R, _R),
            Failure.TOO_MANY_KEYS: (_S, _A, _R),
            Failure.INVALID: (_S, _A, _R),
            Failure.RAISED: (_R, _R, _R),
            Failure.RAISED_TOO_OFTEN: (_S, _A, _R),
            Failure.FENCED: (_X, _X, _X),
            Failure.FUSE_BLOWN: (_S, _X, _X),
        }.items()
        for content, step in zip(Content, steps, strict=True)
    }
)
IMMEDIATE = frozenset({Failure.INVALID, Failure.TOO_MANY_KEYS, Failure.FUSE_BLOWN})
"""Failures that no waiting mends: the next step is taken at once."""


def classify(error: Exception, raised: int) -> Failure:
    """Say what kind of failure an error is.

    Args:
        error: what the transaction raised.
        raised: how often the handler has raised on these records before.
    """
    if isinstance(error, FencedError):
        return Failure.FENCED
    if isinstance(error, FuseBlownError):
        return Failure.FUSE_BLOWN
    if isinstance(error, InvalidRecordError):
        return Failure.INVALID
    if isinstance(error, TooManyKeysError):
        return Failure.TOO_MANY_KEYS
    state = getattr(root(error), "sqlstate", None)
    if is_transient(error) or isinstance(error, KafkaError | StaleMemoryError) or state in MISSING_STATES:
        return Failure.OVERLOAD if state in OVERLOAD_STATES else Failure.TRANSIENT
    return Failure.RAISED if raised + 1 < HANDLER_TRIES else Failure.RAISED_TOO_OFTEN
