"""What the company itself does to a review: it answers it, and it settles it.

Neither has a version, for no platform tells it. What the platform tells later of the same answer changes nothing.
"""

from msgspec.structs import replace

from plaudit.common.text import clean
from plaudit.ingest.reviews.domain.decisions import DUPLICATE, Revised, RevisionType, Unchanged, revised
from plaudit.ingest.reviews.domain.state import Answer, Resolution, ReviewState, StoredReview


def answered(current: StoredReview, before: ReviewState, answer: Answer) -> Revised | Unchanged:
    """Return what becomes of a review when its answer is published.

    Where the platform has told the same answer already, there is nothing new; its time stays.

    Args:
        current: what is stored of the review.
        before: its state.
        answer: the answer, whose text is cleaned.
    """
    answer = replace(answer, text=clean(answer.text))
    told = before.answer
    if told is not None and told.state == answer.state and told.says_as(answer.text):
        return DUPLICATE
    return _next(current, replace(before, answer=answer), "review.answered")


def resolved(current: StoredReview, before: ReviewState, resolution: Resolution) -> Revised | Unchanged:
    """Return what becomes of a review when it is settled, or settled anew."""
    if before.resolution == resolution:
        return DUPLICATE
    return _next(current, replace(before, resolution=resolution), "review.resolved")


def _next(current: StoredReview, state: ReviewState, kind: RevisionType) -> Revised:
    return revised(current, replace(current, revision=current.revision + 1, state=state), kind)
