"""A review's life: what of each revision matters to answers, and from it how the review stood when.

The life is a set of revisions. What follows from it is computed from all of them, so neither the order in which they
came nor a repetition makes a difference.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.contracts.subjects import is_subject
from plaudit.scoring.answers.domain.review import PUBLISHED, AnswerableChange, AnswerableReview
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, STAR_KINDS
from plaudit.scoring.sums.domain.decay import star_of, unix_us

FIRST_REVISION: Final = 1
NEGATIVE_STARS: Final = 2
"""A review of so many stars, or fewer, is negative."""
RAISED_BY: Final = 1.0
"""A negative review is raised when its rating is so much higher than it was when it was answered."""
_ROUNDING: Final = 1e-9
"""Ratings are decimal, and their differences are not exact."""
BEGINNING_US: Final = -(2**62)
FOR_EVER_US: Final = 2**62


class State(msgspec.Struct, frozen=True, array_like=True):
    """What of a review's published state matters to answers."""

    subject: str
    source_id: UUID
    published_us: int
    rating: float
    answered_us: int | None
    """When its answer was published; None without a published one."""

    @property
    def unanswered(self) -> "State":
        """The state, whatever its answer is."""
        return msgspec.structs.replace(self, answered_us=None)


class Revision(msgspec.Struct, frozen=True, array_like=True):
    """A revision that changed what matters to answers."""

    number: int
    effect_us: int
    """When it took effect where the review stands, as far as anybody tells it."""
    state: State | None
    """None where the public does not see the review."""


class Stand(msgspec.Struct, frozen=True):
    """How a review stood from an instant until another."""

    from_us: int
    until_us: int
    state: State
    """With the time of the first of its answers, which may lie ahead: until then it waits. Its time of publication is
    that from which it waits, or waited: where it was restored before it was answered, the last restoration."""
    is_raised: bool | None
    """Whether its rating is higher than when it was answered; None where it has no answer, or was not negative then."""


class _Answered(msgspec.Struct):
    """A time without a break in which a review has an answer, as far as it is told."""

    answered_us: int
    """When the first of its answers was published."""
    until_us: int = FOR_EVER_US


def revision_of(change: AnswerableChange, known_at: datetime) -> Revision | None:
    """Return what a change is to answers; None where it changes nothing that matters to them.

    Only reviews of stars and thumbs count: what customers answer in surveys is not answered in public.

    Args:
        change: as it is told.
        known_at: when it was recorded.

    Raises:
        ValueError: the rating is off the scale, the subject is none, or the source's id is no UUID.
    """
    before, after = (state_of(each) for each in (change.before, change.after))
    if change.after is not None and after is None:
        return None
    if before == after and change.revision != FIRST_REVISION:
        return None
    return Revision(change.revision, _took_effect_us(change, known_at), after)


def state_of(review: AnswerableReview | None) -> State | None:
    """Return what of a state matters; None where the public does not see it, or its kind has no stars.

    Raises:
        ValueError: as `revision_of`.
    """
    if review is None or review.kind not in STAR_KINDS:
        return None
    if not MIN_RATING <= review.rating <= MAX_RATING:
        raise ValueError(f"rating {review.rating} is off the scale of {MIN_RATING:g} to {MAX_RATING:g}")
    if not is_subject(review.subject):
        raise ValueError(f"{review.subject[:64]!r} is no subject")
    answer = review.answer
    return State(
        subject=review.subject,
        source_id=UUID(review.source.id),
        published_us=unix_us(review.published_at),
        rating=review.rating,
        answered_us=unix_us(answer.published_at) if answer is not None and answer.state == PUBLISHED else None,
    )


def stands_of(life: Sequence[Revision]) -> list[Stand]:
    """Return how a review stood, from its first revision on.

    Of a review whose first revision was not seen nothing is told: of those that were published with it, only the ones
    that changed since would be known, and these are the answered ones.

    Args:
        life: revisions in the order of their numbers.
    """
    if not life or life[0].number != FIRST_REVISION:
        return []
    turns = list(_turns(life))
    answered = _answered(life)
    restored = [at_us for (_, gone), (at_us, state) in pairwise(turns) if gone is None and state is not None]
    stands: list[Stand] = []
    for (from_us, state), (until_us, _) in pairwise([*turns, (FOR_EVER_US, None)]):
        if state is not None:
            for stand in _cut(from_us, until_us, state, turns, answered, restored):
                last = stands[-1] if stands else None
                if last is not None and _is_continued(last, stand):
                    stands[-1] = msgspec.structs.replace(last, until_us=stand.until_us)
                else:
                    stands.append(stand)
    return stands


def _took_effect_us(change: AnswerableChange, known_at: datetime) -> int:
    """Return when a change took effect where the review stands.

    A review stands from its publication, and a rating that is given anew from then. Of all else, such as a removal,
    nobody tells when it happened: it counts from when it was known.
    """
    before, after = change.before, change.after
    if after is not None and change.revision == FIRST_REVISION:
        return unix_us(after.published_at)
    if before is not None and after is not None and after.rated_at > before.rated_at:
        return unix_us(after.rated_at)
    return unix_us(known_at)


def _turns(life: Sequence[Revision]) -> Iterator[tuple[int, State | None]]:
    """Yield when the review was another one than before, but for its answer; none before the one it follows."""
    at_us, last = BEGINNING_US, None
    for revision in life:
        state = None if revision.state is None else revision.state.unanswered
        if state != last:
            at_us = max(at_us, revision.effect_us)
            yield at_us, state
        last = state


def _answered(life: Sequence[Revision]) -> list[_Answered]:
    """Return the times with an answer, in their order.

    An answer that replaces another goes on with it. One that is taken away ends, as far as anybody tells, when that was
    known; of a review that nobody sees, nothing is told.
    """
    found: list[_Answered] = []
    is_answered = False
    for revision in life:
        if revision.state is None:
            continue
        answered_us = revision.state.answered_us
        if answered_us is None:
            if is_answered:
                found[-1].until_us = revision.effect_us
        elif is_answered:
            found[-1].answered_us = min(found[-1].answered_us, answered_us)
        else:
            found.append(_Answered(answered_us))
        is_answered = answered_us is not None
    return found


def _cut(
    from_us: int,
    until_us: int,
    state: State,
    turns: Sequence[tuple[int, State | None]],
    answered: Sequence[_Answered],
    restored: Sequence[int],
) -> Iterator[Stand]:
    """Yield the parts of a stretch without a turn, cut where an answer was taken away."""
    for each in answered:
        end_us = min(until_us, each.until_us)
        if from_us < end_us:
            waiting = _waiting(state, restored, min(from_us, each.answered_us))
            yield _stand(from_us, end_us, waiting, each.answered_us, turns)
            from_us = end_us
    if from_us < until_us:
        yield Stand(from_us, until_us, _waiting(state, restored, from_us), None)


def _waiting(state: State, restored: Sequence[int], by_us: int) -> State:
    """Return a state with the time from which the review waits, as far as that was by an instant.

    Nobody can answer a review that is not to be seen: it waits from its last restoration.
    """
    since_us = max((each for each in restored if each <= by_us), default=state.published_us)
    if since_us <= state.published_us:
        return state
    return msgspec.structs.replace(state, published_us=since_us)


def _stand(
    from_us: int, until_us: int, state: State, answered_us: int, turns: Sequence[tuple[int, State | None]]
) -> Stand:
    then = _rating_at(answered_us, turns)
    is_raised = state.rating - then >= RAISED_BY - _ROUNDING if star_of(then) <= NEGATIVE_STARS else None
    return Stand(from_us, until_us, msgspec.structs.replace(state, answered_us=answered_us), is_raised)


def _rating_at(at_us: int, turns: Sequence[tuple[int, State | None]]) -> float:
    """Return the rating at an instant; where the review was not to be seen, the last before, or else the first."""
    ratings = [(turn_us, state.rating) for turn_us, state in turns if state is not None]
    before = [rating for turn_us, rating in ratings if turn_us <= at_us]
    return before[-1] if before else ratings[0][1]


def _is_continued(last: Stand, stand: Stand) -> bool:
    """Return whether a stand goes on as another one ended, but for a rating that makes no difference."""
    return last.until_us == stand.from_us and (last.is_raised, _place(last.state)) == (
        stand.is_raised,
        _place(stand.state),
    )


def _place(state: State) -> tuple[str, UUID, int, int | None]:
    return state.subject, state.source_id, state.published_us, state.answered_us
