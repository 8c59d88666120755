"""What each failure of a batch means, as a table."""

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError

from plaudit.common.kafka.failures import HANDLER_TRIES, STEPS, Content, Failure, Step, TooManyKeysError, classify
from plaudit.common.kafka.fuse import FuseBlownError
from plaudit.common.kafka.positions import FencedError
from plaudit.common.kafka.subscription import InvalidRecordError, StaleMemoryError

RETRY, SPLIT, SET_ASIDE, STOP = Step.RETRY, Step.SPLIT, Step.SET_ASIDE, Step.STOP


@pytest.mark.parametrize(
    ("failure", "several", "one", "nothing_to_handle"),
    [
        (Failure.TRANSIENT, RETRY, RETRY, RETRY),
        (Failure.OVERLOAD, SPLIT, RETRY, RETRY),
        (Failure.TOO_MANY_KEYS, SPLIT, SET_ASIDE, RETRY),
        (Failure.INVALID, SPLIT, SET_ASIDE, RETRY),
        (Failure.RAISED, RETRY, RETRY, RETRY),
        (Failure.RAISED_TOO_OFTEN, SPLIT, SET_ASIDE, RETRY),
        (Failure.FENCED, STOP, STOP, STOP),
        (Failure.FUSE_BLOWN, SPLIT, STOP, STOP),
    ],
)
def test_each_failure_has_one_next_step(failure: Failure, several: Step, one: Step, nothing_to_handle: Step) -> None:
    assert [STEPS[failure, content] for content in Content] == [several, one, nothing_to_handle]


def test_the_table_is_complete() -> None:
    assert set(STEPS) == {(failure, content) for failure in Failure for content in Content}


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (FencedError(), Failure.FENCED),
        (FuseBlownError(), Failure.FUSE_BLOWN),
        (InvalidRecordError(), Failure.INVALID),
        (TooManyKeysError(), Failure.TOO_MANY_KEYS),
        (ConnectionRefusedError(), Failure.TRANSIENT),
        (TimeoutError(), Failure.TRANSIENT),
        (StaleMemoryError(), Failure.TRANSIENT),
        (KafkaConnectionError(), Failure.TRANSIENT),
        (asyncpg.DeadlockDetectedError(), Failure.TRANSIENT),
        (asyncpg.QueryCanceledError(), Failure.OVERLOAD),
        (asyncpg.LockNotAvailableError(), Failure.OVERLOAD),
        (asyncpg.OutOfMemoryError(), Failure.OVERLOAD),
        (asyncpg.TooManyConnectionsError(), Failure.TRANSIENT),
        (asyncpg.UndefinedTableError(), Failure.TRANSIENT),
        (asyncpg.UndefinedColumnError(), Failure.TRANSIENT),
        (asyncpg.UndefinedFunctionError(), Failure.TRANSIENT),
        (asyncpg.InvalidSchemaNameError(), Failure.TRANSIENT),
        (asyncpg.InsufficientPrivilegeError(), Failure.TRANSIENT),
        (asyncpg.PostgresSyntaxError(), Failure.RAISED),
        (asyncpg.CheckViolationError(), Failure.RAISED),
        (ValueError(), Failure.RAISED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
def test_an_error_is_of_one_kind(error: Exception, failure: Failure) -> None:
    assert classify(error, raised=0) is failure


def test_a_handler_may_raise_so_often_before_its_record_is_searched_for() -> None:
    kinds = [classify(ValueError(), raised) for raised in range(HANDLER_TRIES)]
    assert kinds == [Failure.RAISED] * (HANDLER_TRIES - 1) + [Failure.RAISED_TOO_OFTEN]


def test_however_often_a_handler_has_raised_a_transient_error_stays_transient() -> None:
    assert classify(ConnectionRefusedError(), raised=100) is Failure.TRANSIENT
    assert classify(asyncpg.UndefinedTableError(), raised=100) is Failure.TRANSIENT
