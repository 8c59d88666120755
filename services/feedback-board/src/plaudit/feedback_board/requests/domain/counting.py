"""How a request's figures follow one vote, cast or taken back, without counting all of its mentions anew.

Both give what `domain.request.recounted` gives of the rows, as long as no mention has left the window of reach since
the request was counted (`is_due`); a property test compares them.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from plaudit.feedback_board.requests.domain.priority import FORMULA_VERSION
from plaudit.feedback_board.requests.domain.reach import counted_since, is_anonymous, leaves_at
from plaudit.feedback_board.requests.domain.request import Request, weighed
from plaudit.feedback_board.requests.domain.trend import with_mention
from plaudit.feedback_board.requests.domain.weighing import NO_PERSONA, Strata, Weighing


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """Who casts a vote or takes it back, and what else the figures depend on."""

    person_key: str
    has_review: bool = False
    """Whether the person also wrote a linked review that counts for reach."""
    stratum: str = NO_PERSONA
    """As it was when the request was counted."""

    @property
    def is_anonymous(self) -> bool:
        """Whether this is a visitor who did not sign in."""
        return is_anonymous(self.person_key)

    @property
    def counts_by_vote_alone(self) -> bool:
        """Whether this person counts for reach, and for the vote alone."""
        return not self.has_review and not self.is_anonymous


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What the mentions that are left after a vote was taken back say."""

    newest_at: datetime | None
    oldest_counted_at: datetime | None
    trend: int


def is_due(request: Request, now: datetime) -> bool:
    """Return whether a request must be counted anew before a step.

    So it is when a mention may have left the window of reach since, or it was counted for another formula.
    """
    if request.formula_version != FORMULA_VERSION:
        return True
    return request.recount_at is not None and request.recount_at <= now


def with_vote(request: Request, voter: Voter, at: datetime, weighing: Weighing) -> Request:
    """Return the request with one more vote; `request` is as it was counted last, and not due."""
    leaves = leaves_at(at)
    counted = replace(
        _with_votes(request, voter, 1),
        anonymous_reach=request.anonymous_reach + voter.is_anonymous,
        last_mention_at=max(request.last_mention_at, at),
        recount_at=leaves if request.recount_at is None else min(request.recount_at, leaves),
        trend=with_mention(request.trend, at),
    )
    return weighed(counted, _with_people(request.strata, voter, int(voter.counts_by_vote_alone)), weighing)


def without_vote(
    request: Request, voter: Voter, voted_at: datetime, now: datetime, rest: Rest, weighing: Weighing
) -> Request:
    """Return the request without a vote that was taken back; `request` is not due, else as `with_vote`."""
    is_counted = voted_at > counted_since(now)
    left = replace(
        _with_votes(request, voter, -1),
        anonymous_reach=request.anonymous_reach - (is_counted and voter.is_anonymous),
        last_mention_at=max(rest.newest_at or request.created_at, request.created_at),
        recount_at=None if rest.oldest_counted_at is None else leaves_at(rest.oldest_counted_at),
        trend=rest.trend,
    )
    fewer = int(is_counted and voter.counts_by_vote_alone)
    return weighed(left, _with_people(request.strata, voter, -fewer), weighing)


def _with_votes(request: Request, voter: Voter, more: int) -> Request:
    return replace(
        request,
        votes=request.votes + more,
        anonymous_votes=request.anonymous_votes + more * voter.is_anonymous,
    )


def _with_people(strata: Strata, voter: Voter, more: int) -> Strata:
    """Return the people by persona with some more, or fewer, of the voter's; a stratum of nobody is none."""
    people = {**strata, voter.stratum: strata.get(voter.stratum, 0) + more}
    return {stratum: number for stratum, number in people.items() if number}
