"""What the rules refuse, as problems, and what each problem of the board means."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from plaudit.common.http import Problem, conflict, not_found, unprocessable
from plaudit.common.http.problems import precondition_failed
from plaudit.feedback_board.domain.errors import (
    BoardError,
    BudgetSpentError,
    InvalidInputError,
    KeyReusedError,
    RevisionError,
    TransitionError,
    UnknownRequestError,
    UnknownReviewError,
    VotingClosedError,
)

PROBLEMS: Final = {
    "idempotency-key-reused": "The Idempotency-Key came with another request before. Use a new key for a new request.",
    "invalid-idempotency-key": "An Idempotency-Key has 1 to 255 printable characters and no space.",
    "sent-from-elsewhere": "A form of the public board counts only when the board's own page sent it.",
    "status-not-possible": "A request cannot go there from where it stands; the detail names where it can go.",
    "too-much-at-once": "A network's budget for this hour is spent. Come back after `Retry-After` seconds.",
    "unknown-review": "The board does not know the review. It may be on its way: try again in a moment.",
    "voting-closed": "The request was shipped or declined and takes no more votes.",
}
"""Slug → meaning and what to do, beyond what all services share."""

_MAKERS: Final[dict[type[BoardError], Callable[[str], Problem]]] = {
    UnknownRequestError: lambda _: not_found("request"),
    UnknownReviewError: lambda detail: Problem("unknown-review", 404, "Not found", detail),
    TransitionError: lambda detail: conflict("status-not-possible", detail),
    VotingClosedError: lambda detail: conflict("voting-closed", detail),
    RevisionError: precondition_failed,
    KeyReusedError: lambda detail: unprocessable("idempotency-key-reused", detail),
}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the rules refuse within the block into problems."""
    try:
        yield
    except BoardError as error:
        raise problem_of(error) from error


def problem_of(error: BoardError) -> Problem:
    """Return the problem that tells a client what the rules refuse."""
    match error:
        case InvalidInputError():
            named = {"in": "body", "pointer": f"/{error.field}", "code": "against_the_rules", "detail": str(error)}
            detail = "Some values are missing or against the rules; `errors` names each."
            return unprocessable("invalid-request", detail, [named])
        case BudgetSpentError():
            headers = {"Retry-After": str(error.retry_after_seconds)}
            return Problem("too-much-at-once", 429, "Too much at once", str(error), headers=headers)
        case _:
            return _MAKERS[type(error)](str(error))
