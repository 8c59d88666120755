"""What an exception becomes when it reaches the edge of a service: a problem, never its own text.

What a domain refuses becomes a problem by one table of the service, given to `create_app(refusals=…)`: endpoints
catch nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from plaudit.common.db.database import STATEMENT_TIMEOUT_MS
from plaudit.common.db.errors import is_out_of_time, is_transient, is_unreadable_text
from plaudit.common.http.problems import (
    Problem,
    ProblemError,
    against_rule,
    bad_request,
    internal_error,
    method_not_allowed,
    not_found,
    too_much_at_once,
    unavailable,
    unprocessable,
)
from plaudit.common.idempotency import KeyReusedError
from plaudit.common.rate_limits import LimitExceededError
from plaudit.common.refusals import rule_in_words

Refusals = Mapping[type[Exception], Callable[[Any], Problem]]
"""Error of a domain → maker of its problem. A subclass without an entry of its own gets that of its base."""


class AnswerInsteadError(Exception):
    """Ends a request with another answer than its endpoint's, and rolls its transaction back."""

    def __init__(self, response: Response) -> None:
        """Take the answer."""
        super().__init__(f"answered {response.status_code}")
        self.response = response


def _limit_exceeded(error: LimitExceededError) -> Problem:
    return too_much_at_once(str(error), error.retry_after_seconds)


_RULES: Final = {"uuid_parsing": "Input should be a UUID such as 0199e0a4-6f1c-7b1a-9d57-1f0e2a6c33b1"}
"""Of rules whose words in the library tell how it reads a value: type of the error → words."""

COMMON_REFUSALS: Final[Refusals] = {
    KeyReusedError: lambda error: unprocessable("idempotency-key-reused", str(error)),
    LimitExceededError: _limit_exceeded,
}
"""What features of the common library refuse."""


def raised(error: Exception) -> Exception:
    """Return the original error where the framework has wrapped an error of reading the body in a 400."""
    if isinstance(error, HTTPException) and isinstance(error.__cause__, (Problem, ClientDisconnect)):
        return error.__cause__
    return error


def problem_of(error: Exception, refusals: Refusals = COMMON_REFUSALS) -> Problem:
    """Return the problem that tells a client about an exception."""
    if isinstance(error, Problem):
        return error
    for kind in type(error).__mro__:
        if kind in refusals:
            return refusals[kind](error)
    if isinstance(error, RequestValidationError):
        return _invalid(error.errors())
    if isinstance(error, HTTPException):
        return _of_status(error.status_code, error.detail, error.headers)
    return _unexpected(error)


def _unexpected(error: Exception) -> Problem:
    if is_out_of_time(error):
        return unavailable(
            f"The database was stopped after {STATEMENT_TIMEOUT_MS // 1_000} seconds, and nothing was stored. Ask for "
            "less at once, such as a shorter time, or try again: it may have much to do."
        )
    if is_transient(error):
        return unavailable("The database does not answer or has no time. Perhaps nothing was stored; try again.")
    if is_unreadable_text(error):
        return unprocessable("unreadable-text", "A text has a character that cannot be stored, such as NUL.")
    return internal_error()


def _of_status(status: int, detail: str, headers: Mapping[str, str] | None) -> Problem:
    """Return the problem of an error that the framework found before it called our code."""
    if status == HTTPStatus.NOT_FOUND:
        return not_found("address")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return method_not_allowed(headers)
    phrase = HTTPStatus(status).phrase
    slug = phrase.lower().replace(" ", "-").replace("'", "")
    return Problem(slug, status, phrase, "" if detail == phrase else detail, headers=headers)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    if any(error["type"] == "json_invalid" for error in errors):
        return bad_request("malformed-json", "The body is not JSON.")
    return unprocessable(
        "invalid-request",
        "Some values are missing or against the rules; `errors` names each.",
        [_one_error(error) for error in errors],
    )


def _one_error(error: Mapping[str, Any]) -> ProblemError:
    """Return the place, the rule, and the rule in words, but never the value."""
    place, *path = error["loc"]
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
    return against_rule(place, pointer, error["type"], _rule(error, f"`{path[-1]}`" if path else f"the {place}"))


def _rule(error: Mapping[str, Any], name: str) -> str:
    """Return the rule in words. On a page they stand alone, so those of a value that is missing name it."""
    if error["type"] == "missing":
        return f"{name} is missing."
    if error["type"] == "union_tag_invalid":
        # The library's words quote what was given.
        return f"{name} needs a {error['ctx']['discriminator']} of {error['ctx']['expected_tags']}"
    return _RULES.get(error["type"]) or rule_in_words(error["msg"])
