"""The board's own log: what happened to a wish, by whom, and the figures it then had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from plaudit.feedback_board.domain.priority import FORMULA_VERSION
from plaudit.feedback_board.domain.requests import Request


class Kind(StrEnum):
    """What happened. Each leaves in `detail` what it takes to make the board anew from the log."""

    CREATED = "request_created"
    """title, text, slug, subject, persona"""
    VOTED = "voted"
    """`person` of the entry"""
    VOTE_WITHDRAWN = "vote_withdrawn"
    """`person` of the entry"""
    STATUS_CHANGED = "status_changed"
    """previous_status, status, reason"""
    SIZED = "sized"
    """impact, effort_weeks; null when it was made unsized again"""
    REVIEW_LINKED = "review_linked"
    """review_id, review_subject"""
    REVIEW_UNLINKED = "review_unlinked"
    """review_id, review_subject"""
    RECOUNTED = "recounted"
    """nobody did anything: a review was removed or came back, or a mention left the window"""


PUBLIC_KINDS = (Kind.CREATED, Kind.STATUS_CHANGED, Kind.SIZED)
"""What the page of a wish tells of its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the log. `id` ascends with the order of events of one wish; 0 before it is stored."""

    kind: Kind
    at: datetime
    actor: str
    """`key:<public id>`, `public` for the pages, or `board` for what nobody did."""
    request_id: UUID
    person: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


def decimal_text(value: Decimal | None) -> str | None:
    """Return a decimal as text without an exponent or trailing zeros: `2`, `0.5`, `29.33`."""
    return None if value is None else format(value.normalize(), "f")


def figures(request: Request) -> dict[str, Any]:
    """Return a wish's figures with the inputs they came from, for the log."""
    return {
        "votes": request.votes,
        "reach": request.reach,
        "unidentified_mentions": request.unidentified_mentions,
        "linked_reviews": request.linked_reviews,
        "impact": decimal_text(request.impact),
        "effort_weeks": decimal_text(request.effort_weeks),
        "priority": decimal_text(request.priority),
        "formula_version": FORMULA_VERSION,
    }
