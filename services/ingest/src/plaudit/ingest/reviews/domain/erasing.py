"""What becomes of a review that is erased, and of what a platform says of it later: nothing of it comes back."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import UNSET
from msgspec.structs import replace

from plaudit.ingest.reviews.domain.decisions import Change, Revised
from plaudit.ingest.reviews.domain.instructions import CreateReview, EditReview, Instruction
from plaudit.ingest.reviews.domain.state import ReviewState, StoredReview

ERASED_ID = "erased"
"""In place of the id on the platform, in what the bus is told of an erased review."""


def erase(current: StoredReview, now: datetime) -> Revised:
    """Return the last revision of a review: nothing is known of it but that it was erased.

    What the public saw before is told as figures alone, so that whoever counted it can subtract it.
    """
    stored = replace(current, revision=current.revision + 1, removed=True, state=None, erased_at=now)
    seen = None if current.removed or current.state is None else figures(current.state)
    return Revised(
        stored,
        "review.erased",
        Change(review_id=current.review_id, revision=stored.revision, before=seen, after=None),
    )


def unseen(stored: StoredReview, now: datetime) -> Revised:
    """Return the tombstone of a review that comes after its author was erased, and that nobody has seen."""
    return Revised(replace(stored, removed=True, state=None, erased_at=now), "review.erased", None)


def figures(state: ReviewState) -> ReviewState:
    """Return what counts of a review, without a word of its author."""
    return replace(
        state,
        external_id=ERASED_ID,
        title=None,
        text=None,
        language=None,
        person=None,
        tags=(),
        url=None,
        answer=None,
        text_cut=False,
        resolution=None,
        found=None,
    )


def author_of(instruction: Instruction) -> str | None:
    """Return the person key of the author that an instruction names."""
    if not isinstance(instruction, (CreateReview, EditReview)) or instruction.content.person is UNSET:
        return None
    return instruction.content.person


def is_of_erased(instruction: Instruction, erased: Mapping[str, datetime], received_at: datetime) -> bool:
    """Return whether an instruction tells what a person wrote before the person was erased.

    Args:
        instruction: what the platform says.
        erased: person → when the person was erased.
        received_at: stands for a time of publication that the platform does not tell.
    """
    person = author_of(instruction)
    if person is None or person not in erased or not isinstance(instruction, (CreateReview, EditReview)):
        return False
    stated_at = instruction.content.published_at
    return (received_at if stated_at is UNSET else stated_at) <= erased[person]
