"""What becomes of a review when a platform says something about it: the rules of order, versions and removal.

A *revision* is written for everything that is stored. An *event* is published only when what the public sees changes;
its `before` and `after` are what the public saw and what it sees. So a removal has no `after`, and nothing that
happens to a removed review has an event until it is restored.

- Of two versions the higher one counts. A version at or below the stored one is stale; without versions, the order of
  receipt counts.
- A removal of an unknown review leaves a tombstone. A creation with a higher version makes the review visible; a
  creation with a lower version, or without an order to compare, is stored and the review stays removed.
- A repeated creation is an edit, or nothing new if it says the same. It makes a removed review visible only with a
  higher version: a late copy must not bring back what was taken down.
- An edit of an unknown review creates it. An edit of a removed one is stored, and the review stays removed.
- A restoration brings back the last state as it is, its `rated_at` included. Without a state it is quarantined, and
  its sender is told to send the review.
- Nothing that is said of an erased review changes anything.
- An instruction that changes nothing but the version is stored without an event, so that older versions stay stale.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.common.contracts.subjects import first_segment
from plaudit.ingest.reviews.domain.content import differ_in_answer_only, first_state, next_state, with_answer
from plaudit.ingest.reviews.domain.instructions import (
    AnswerReview,
    CreateReview,
    EditReview,
    Instruction,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.scales import OffScaleError
from plaudit.ingest.reviews.domain.state import ReviewState, StoredReview
from plaudit.ingest.sources.domain import Source

RevisionType = Literal[
    "review.created",
    "review.edited",
    "review.answered",
    "review.answer_removed",
    "review.removed",
    "review.restored",
    "review.erased",
]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What the public sees before and after a revision; None where it sees no review."""

    review_id: str
    revision: int
    before: ReviewState | None
    after: ReviewState | None


class Revised(msgspec.Struct, frozen=True):
    """There is a new revision. `change` is what its event says; None if there is no event."""

    stored: StoredReview
    type: RevisionType
    change: Change | None


class NewRevision(Revised, frozen=True, kw_only=True):
    """A new revision with what it came with, as it is written and published."""

    tenant_id: str
    source_id: str
    delivery_id: str
    known_at: datetime
    traceparent: str | None
    tracestate: str | None = None


class Unchanged(msgspec.Struct, frozen=True):
    """There is nothing to write: a newer version is stored already, or the same content."""

    reason: Literal["stale", "duplicate", "erased"]


Decision = Revised | Unchanged | Quarantined

STALE = Unchanged("stale")
DUPLICATE = Unchanged("duplicate")
ERASED = Unchanged("erased")
"""The review was erased: nothing is stored of it again, not even the bytes that tell of it."""


def decide(
    current: StoredReview | None, instruction: Instruction, source: Source, received_at: datetime, new_review_id: str
) -> Decision:
    """Return what becomes of a review.

    Args:
        current: what is stored of it; None if nothing.
        instruction: what the platform says.
        source: where it comes from.
        received_at: when its delivery was received, in UTC.
        new_review_id: the review's id if nothing is stored of it.
    """
    if current is not None and current.erased_at is not None:
        return ERASED
    if isinstance(instruction, (CreateReview, EditReview)):
        try:
            return _write(current, instruction, source, received_at, new_review_id)
        except OffScaleError as error:
            return Quarantined(str(error))
    if isinstance(instruction, RemoveReview):
        return _remove(current, instruction, source, new_review_id)
    return _change(current, instruction, received_at)


def _change(current: StoredReview | None, instruction: AnswerReview | RestoreReview, received_at: datetime) -> Decision:
    if current is not None and _is_stale(current, instruction):
        return STALE
    if current is None or current.state is None:
        return Quarantined(f"there is no content of review {instruction.external_id!r} yet: send review.created first")
    return (
        _restore(current, current.state, instruction)
        if isinstance(instruction, RestoreReview)
        else _answer(current, current.state, instruction, received_at)
    )


def _write(
    current: StoredReview | None,
    instruction: CreateReview | EditReview,
    source: Source,
    received_at: datetime,
    new_review_id: str,
) -> Decision:
    if current is None or current.state is None:
        return _create(current, instruction, source, received_at, new_review_id)
    if _is_stale(current, instruction):
        return STALE
    return _edit(current, current.state, instruction, received_at)


def _create(
    tombstone: StoredReview | None,
    instruction: CreateReview | EditReview,
    source: Source,
    received_at: datetime,
    new_review_id: str,
) -> Decision:
    if instruction.content.rating is UNSET:
        return Quarantined(
            f"rating is missing, and review {instruction.external_id!r} is not known: send the whole review"
        )
    state = first_state(
        instruction.external_id,
        instruction.content,
        instruction.content.rating,
        source,
        received_at,
        was_edited=isinstance(instruction, EditReview),
    )
    if tombstone is None:
        stored = _new(instruction, source, new_review_id, state=state)
        return _published(stored, "review.created", None, state)
    if _brings_back(tombstone, instruction):
        return _published(_next(tombstone, instruction, state, removed=False), "review.created", None, state)
    return Revised(_next(tombstone, instruction, state), "review.created", None)


def _edit(
    current: StoredReview, before: ReviewState, instruction: CreateReview | EditReview, received_at: datetime
) -> Decision:
    after = next_state(before, instruction.content, received_at)
    if current.removed and _brings_back(current, instruction):
        return _published(_next(current, instruction, after, removed=False), "review.restored", None, after)
    if after == before:
        return _version_only(current, instruction, "review.edited")
    if current.removed:
        return Revised(_next(current, instruction, after), "review.edited", None)
    kind = _answer_type(after) if differ_in_answer_only(before, after) else "review.edited"
    return _published(_next(current, instruction, after), kind, before, after)


def _remove(current: StoredReview | None, instruction: RemoveReview, source: Source, new_review_id: str) -> Decision:
    if current is None:
        return Revised(_new(instruction, source, new_review_id, state=None), "review.removed", None)
    if _is_stale(current, instruction):
        return STALE
    if current.removed:
        return _version_only(current, instruction, "review.removed")
    stored = _next(current, instruction, current.state, removed=True)
    return _published(stored, "review.removed", current.state, None)


def _restore(current: StoredReview, state: ReviewState, instruction: RestoreReview) -> Decision:
    if not current.removed:
        return _version_only(current, instruction, "review.restored")
    return _published(_next(current, instruction, state, removed=False), "review.restored", None, state)


def _answer(current: StoredReview, before: ReviewState, instruction: AnswerReview, received_at: datetime) -> Decision:
    after = with_answer(before, instruction.answer, received_at)
    if after is before:
        return _version_only(current, instruction, _answer_type(after))
    stored = _next(current, instruction, after)
    if current.removed:
        return Revised(stored, _answer_type(after), None)
    return _published(stored, _answer_type(after), before, after)


def _answer_type(state: ReviewState) -> RevisionType:
    return "review.answer_removed" if state.answer is None else "review.answered"


def _version_only(current: StoredReview, instruction: Instruction, kind: RevisionType) -> Decision:
    if instruction.version is None:
        return DUPLICATE
    return Revised(_next(current, instruction, current.state), kind, None)


def _is_stale(current: StoredReview, instruction: Instruction) -> bool:
    return instruction.version is not None and current.version is not None and instruction.version <= current.version


def _brings_back(removed: StoredReview, instruction: Instruction) -> bool:
    """Say whether a removed review is certainly published again: created, in a version above the removal."""
    return (
        isinstance(instruction, CreateReview)
        and instruction.version is not None
        and removed.version is not None
        and instruction.version > removed.version
    )


def _published(
    stored: StoredReview, kind: RevisionType, before: ReviewState | None, after: ReviewState | None
) -> Revised:
    change = Change(review_id=stored.review_id, revision=stored.revision, before=before, after=after)
    return Revised(stored, kind, change)


def _new(instruction: Instruction, source: Source, review_id: str, *, state: ReviewState | None) -> StoredReview:
    subject = source.subject if state is None else state.subject
    return StoredReview(
        review_id=review_id,
        external_id=instruction.external_id,
        revision=1,
        version=instruction.version,
        removed=state is None,
        partition_key=f"{source.tenant_id}/{first_segment(subject)}",
        state=state,
    )


def _next(
    current: StoredReview, instruction: Instruction, state: ReviewState | None, *, removed: bool | None = None
) -> StoredReview:
    stated = instruction.version
    version = current.version if stated is None or _is_stale(current, instruction) else stated
    removed = current.removed if removed is None else removed
    return replace(current, revision=current.revision + 1, version=version, removed=removed, state=state)
