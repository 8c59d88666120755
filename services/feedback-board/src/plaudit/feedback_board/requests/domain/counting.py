"""How a request's figures follow one vote, cast or taken back, without counting all of its mentions anew.

Both give what `domain.request.recounted` gives of the rows, as long as no mention has left the window of reach since
the request was counted (`is_due`); a property test compares them.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from plaudit.feedback_board.requests.domain.priority import priority
from plaudit.feedback_board.requests.domain.reach import counted_since, is_anonymous, leaves_at
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.trend import with_mention


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What the mentions that are left after a vote was taken back say."""

    newest_at: datetime | None
    oldest_counted_at: datetime | None
    trend: int


def is_due(request: Request, now: datetime) -> bool:
    """Return whether a mention may have left the window of reach since the request was counted."""
    return request.recount_at is not None and request.recount_at <= now


def with_vote(request: Request, person_key: str, at: datetime, *, has_review: bool) -> Request:
    """Return the request with one more vote.

    Args:
        request: as it was counted last, and not due.
        person_key: whose vote.
        at: when.
        has_review: whether the person also wrote a linked review that counts for reach.
    """
    reach = request.reach + (not has_review and not is_anonymous(person_key))
    leaves = leaves_at(at)
    return replace(
        _with_votes(request, person_key, 1),
        reach=reach,
        anonymous_reach=request.anonymous_reach + is_anonymous(person_key),
        last_mention_at=max(request.last_mention_at, at),
        recount_at=leaves if request.recount_at is None else min(request.recount_at, leaves),
        trend=with_mention(request.trend, at),
        priority=priority(request.sizing, reach),
    )


def without_vote(
    request: Request, person_key: str, voted_at: datetime, now: datetime, rest: Rest, *, has_review: bool
) -> Request:
    """Return the request without a vote that was taken back; `request` is not due, else as `with_vote`."""
    counted = voted_at > counted_since(now)
    reach = request.reach - (counted and not has_review and not is_anonymous(person_key))
    return replace(
        _with_votes(request, person_key, -1),
        reach=reach,
        anonymous_reach=request.anonymous_reach - (counted and is_anonymous(person_key)),
        last_mention_at=max(rest.newest_at or request.created_at, request.created_at),
        recount_at=None if rest.oldest_counted_at is None else leaves_at(rest.oldest_counted_at),
        trend=rest.trend,
        priority=priority(request.sizing, reach),
    )


def _with_votes(request: Request, person_key: str, more: int) -> Request:
    return replace(
        request,
        votes=request.votes + more,
        anonymous_votes=request.anonymous_votes + more * is_anonymous(person_key),
    )
