"""The page that an act past its budget gets: all words are kept, and there are two ways on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.responses import Response

from plaudit.common.pages.languages import Language
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.board.pages.frame import board_path, page
from plaudit.feedback_board.settings import Act
from plaudit.feedback_board.visitors.domain.proof import new_challenge
from plaudit.feedback_board.visitors.pages import PROOF_SCRIPT, BoardResources, Visit

OF_NETWORK: Final = "Too much came from your network within this hour."
OF_PERSON: Final = "You did this often within this hour."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An act that its budget did not take."""

    act: Act
    action: str
    """Where its form goes again."""
    fields: Mapping[str, str]
    """Of the form, which nobody reads."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """What was typed, by its field: it can be read and copied."""
    path: str
    """Of the page that the form was on, below that of the board."""
    intent: Mapping[str, str]
    """The fields of `Intent`, so that signing in does it; empty where it does not."""
    target: str = ""
    """Where links open, of a form in a frame."""


def over_budget(
    incoming: Request,
    visit: Visit,
    parts: BoardResources,
    language: Language,
    now: datetime,
    error: LimitExceededError,
    refused: Refused,
) -> Response:
    """Answer an act past its budget.

    Args:
        incoming: the request of HTTP that it answers.
        visit: who acts.
        parts: of the service.
        language: of the page.
        now: the time.
        error: when the budget begins again.
        refused: what was not done.
    """
    answer = page(
        incoming,
        visit,
        parts,
        language,
        "over_budget.html",
        path=refused.path,
        target=refused.target,
        is_unlisted=True,
        status_code=HTTPStatus.TOO_MANY_REQUESTS,
        proof_script="" if visit.person else PROOF_SCRIPT,
        reason=OF_PERSON if visit.person else OF_NETWORK,
        minutes=-(-error.retry_after_seconds // 60),
        challenge="" if visit.person else new_challenge(visit.tenant_key, refused.act, now),
        bits=parts.settings.proof_of_work_bits,
        sends_mails=bool(parts.settings.smtp_host),
        refused=refused,
        back=f"{board_path(visit.tenant_id)}{refused.path}",
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Retry-After"] = str(error.retry_after_seconds)
    return answer
