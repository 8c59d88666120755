import asyncio
import json
import socket
from typing import Annotated, Literal

import asyncpg
import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy import exc as sqlalchemy_errors
from starlette.exceptions import HTTPException

from plaudit.common.db.errors import is_transient
from plaudit.common.http.errors import problem_of
from plaudit.common.http.problems import Problem, ProblemError, not_found, unprocessable


def wrapped(error: Exception) -> Exception:
    """An error of the driver as SQLAlchemy passes it on."""
    outer = sqlalchemy_errors.DBAPIError("SELECT", None, error)
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connection refused"),
        ConnectionResetError(104, "Connection reset by peer"),
        FileNotFoundError(2, "No such file or directory"),
        socket.gaierror(-2, "Name or service not known"),
        TimeoutError(),
        sqlalchemy_errors.TimeoutError("QueuePool limit reached"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.TooManyConnectionsError("too many clients already"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.SerializationError("could not serialize access"),
        wrapped(asyncpg.ConnectionDoesNotExistError("gone")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_transient_error_of_the_database_is_a_503_that_says_when_to_come_back(error: Exception) -> None:
    problem = problem_of(error)
    assert problem.status == 503
    assert int(problem.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a mistake of ours"),
        FileNotFoundError(2, "No such file or directory", "template.html"),
        asyncpg.DataError("invalid input for query argument"),
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.UndefinedTableError("no such table"),
        wrapped(asyncpg.UniqueViolationError("duplicate key")),
        asyncpg.InterfaceError.__subclasses__()[0]("a wrong option"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_mistake_of_ours_is_a_500_that_tells_nothing_of_it(error: Exception) -> None:
    problem = problem_of(error)
    assert problem.status == 500
    assert str(error) not in problem.body().decode()
    assert not is_transient(error)


def test_a_text_that_the_database_cannot_keep_is_the_callers_to_correct() -> None:
    problem = problem_of(wrapped(asyncpg.CharacterNotInRepertoireError('invalid byte sequence for encoding "UTF8"')))
    assert (problem.status, problem.slug) == (422, "unreadable-text")


def test_a_validation_error_points_at_each_value_and_repeats_none() -> None:
    error = RequestValidationError(
        [
            {
                "type": "missing",
                "loc": ("body", "author", "a/b~c", 0),
                "msg": "Field required",
                "input": {"x": "SECRET"},
            },
            {"type": "int_parsing", "loc": ("query", "limit"), "msg": "Input should be an integer", "input": "SECRET"},
        ]
    )
    body = json.loads(problem_of(error).body("req-1"))
    assert body["status"] == 422
    assert body["instance"] == "req-1"
    assert body["errors"] == [
        {"in": "body", "pointer": "/author/a~1b~0c/0", "code": "missing", "detail": "`0` is missing."},
        {"in": "query", "pointer": "/limit", "code": "int_parsing", "detail": "Input should be an integer."},
    ]
    assert "SECRET" not in str(body)


def test_a_kind_that_there_is_not_is_told_which_there_are_and_not_repeated() -> None:
    class One(BaseModel):
        kind: Literal["one"]

    class Two(BaseModel):
        kind: Literal["two"]

    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Annotated[One | Two, Field(discriminator="kind")]).validate_python({"kind": "SECRET" * 1_000})
    [error] = refused.value.errors()
    problem = problem_of(RequestValidationError([{**error, "loc": ("body", "rule")}]))
    [told] = json.loads(problem.body("req-1"))["errors"]
    assert told["detail"] == "`rule` needs a 'kind' of 'one', 'two'."


def test_a_value_that_is_missing_is_named_and_so_is_a_body() -> None:
    missing = [{"type": "missing", "loc": loc, "msg": "Field required"} for loc in (("query", "from"), ("body",))]
    problem = problem_of(RequestValidationError(missing))
    assert [error.detail for error in problem.errors] == ["`from` is missing.", "The body is missing."]


def test_what_the_framework_refuses_keeps_its_status_and_headers() -> None:
    problem = problem_of(HTTPException(405, headers={"Allow": "GET"}))
    assert (problem.slug, problem.status, problem.headers) == ("method-not-allowed", 405, {"Allow": "GET"})
    assert problem.detail == "Use one that the header `Allow` names."


def test_a_problem_has_the_members_of_rfc_9457_and_none_that_are_empty() -> None:
    assert json.loads(not_found("review").body()) == {
        "type": "/problems#not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no such review.",
    }
    with_errors = unprocessable(
        "off-scale", "5 is above 3", [ProblemError("body", "/rating", "above", "too much")]
    ).response("req-1")
    assert with_errors.media_type == "application/problem+json"
    assert json.loads(bytes(with_errors.body))["errors"] == [
        {"in": "body", "pointer": "/rating", "code": "above", "detail": "too much"}
    ]


def test_a_problem_can_be_logged_by_its_slug() -> None:
    assert "not-found" in str(not_found("review"))
    assert isinstance(not_found("review"), Problem)


async def test_a_pool_without_a_free_connection_is_a_transient_error() -> None:
    async def times_out() -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError) as caught:
        await times_out()
    assert is_transient(caught.value)


def test_what_is_no_uuid_is_told_so_without_how_the_library_reads_it() -> None:
    said = "Input should be a valid UUID, invalid character: found `n` at 0"
    error = {"loc": ("path", "review_id"), "type": "uuid_parsing", "msg": said}
    problem = problem_of(RequestValidationError([error]))
    [shown] = problem.errors
    assert shown.detail == "Input should be a UUID such as 0199e0a4-6f1c-7b1a-9d57-1f0e2a6c33b1."
