"""What becomes of a review when something is said of it: the rules of order, versions and removal.

A *revision* is written for everything that is remembered. An *event* leaves only when what the public sees changes;
its `before` and `after` are what was seen and what is seen. So a removal has no `after`, and whatever happens to a
removed review has no event until it is restored.

- Of two versions the higher one counts. At or below the stored one is stale; without one, order of receipt.
- A removal of a review that nobody knows leaves a tombstone. A creation with a higher version lives; a lower one, or
  one whose order cannot be told, is remembered and stays removed.
- A creation told again is an edit, or nothing new if it says the same. On a removed review it lives only with a
  higher version: a late copy must not bring back what was taken down.
- An edit of an unknown review creates it. An edit of a removed one is remembered, and the review stays removed.
- A restoration brings back the last content as it is, its `rated_at` included. Where there is none to bring back it
  is quarantined, and its sender told to send the review.
- What changes nothing but the version is remembered without an event, so that what it overtook stays stale.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET

from plaudit.common.contracts import ReviewChange, ReviewState
from plaudit.common.contracts.subjects import first_segment
from plaudit.ingest.domain.commands import (
    AnswerReview,
    Command,
    CreateReview,
    EditReview,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.domain.content import differ_in_answer_only, first_state, next_state, with_answer
from plaudit.ingest.domain.scales import OffScaleError
from plaudit.ingest.domain.source import Source

RevisionType = Literal[
    "review.created",
    "review.edited",
    "review.answered",
    "review.answer_removed",
    "review.removed",
    "review.restored",
]


class StoredReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review as we know it: `content` is its last content, None for a tombstone that never had any."""

    review_id: str
    external_id: str
    revision: int
    version: int | None
    removed: bool
    partition_key: str
    """Tenant and first segment of the subject it was created under; kept when it moves."""
    content: ReviewState | None


class Revised(msgspec.Struct, frozen=True):
    """There is a new revision. `change` is the event's data; None says that no event leaves."""

    stored: StoredReview
    type: RevisionType
    change: ReviewChange | None


class Unchanged(msgspec.Struct, frozen=True):
    """There is nothing to write: the event was overtaken, or says what is known."""

    why: Literal["stale", "duplicate"]


Decision = Revised | Unchanged | Quarantined

STALE = Unchanged("stale")
DUPLICATE = Unchanged("duplicate")


def decide(
    current: StoredReview | None, command: Command, source: Source, received_at: datetime, new_review_id: str
) -> Decision:
    """Return what becomes of a review, given what is stored of it (None if nothing).

    `received_at` is the delivery's receipt in UTC; `new_review_id` is used if this is the first that we see of it.
    """
    if isinstance(command, (CreateReview, EditReview)):
        try:
            return _write(current, command, source, received_at, new_review_id)
        except OffScaleError as error:
            return Quarantined(str(error))
    if isinstance(command, RemoveReview):
        return _remove(current, command, source, new_review_id)
    if current is not None and _is_stale(current, command):
        return STALE
    if current is None or current.content is None:
        return Quarantined(f"there is no content of review {command.external_id!r} yet: send review.created first")
    return (
        _restore(current, current.content, command)
        if isinstance(command, RestoreReview)
        else _answer(current, current.content, command, received_at)
    )


def _write(
    current: StoredReview | None,
    command: CreateReview | EditReview,
    source: Source,
    received_at: datetime,
    new_review_id: str,
) -> Decision:
    if current is None or current.content is None:
        return _first_content(current, command, source, received_at, new_review_id)
    if _is_stale(current, command):
        return STALE
    return _next_content(current, current.content, command, received_at)


def _first_content(
    tombstone: StoredReview | None,
    command: CreateReview | EditReview,
    source: Source,
    received_at: datetime,
    new_review_id: str,
) -> Decision:
    if command.content.rating is UNSET:
        return Quarantined(f"rating is missing, and review {command.external_id!r} is not known: send the whole review")
    state = first_state(
        command.external_id,
        command.content,
        command.content.rating,
        source,
        received_at,
        was_edited=isinstance(command, EditReview),
    )
    if tombstone is None:
        stored = _new(command, source, new_review_id, content=state)
        return _seen(stored, "review.created", None, state)
    if _brings_back(tombstone, command):
        return _seen(_next(tombstone, command, state, removed=False), "review.created", None, state)
    return Revised(_next(tombstone, command, state), "review.created", None)


def _next_content(
    current: StoredReview, before: ReviewState, command: CreateReview | EditReview, received_at: datetime
) -> Decision:
    after = next_state(before, command.content, received_at)
    if current.removed and _brings_back(current, command):
        return _seen(_next(current, command, after, removed=False), "review.restored", None, after)
    if after == before:
        return _version_only(current, command, "review.edited")
    if current.removed:
        return Revised(_next(current, command, after), "review.edited", None)
    kind = _answer_type(after) if differ_in_answer_only(before, after) else "review.edited"
    return _seen(_next(current, command, after), kind, before, after)


def _remove(current: StoredReview | None, command: RemoveReview, source: Source, new_review_id: str) -> Decision:
    if current is None:
        return Revised(_new(command, source, new_review_id, content=None), "review.removed", None)
    if _is_stale(current, command):
        return STALE
    if current.removed:
        return _version_only(current, command, "review.removed")
    stored = _next(current, command, current.content, removed=True)
    return _seen(stored, "review.removed", current.content, None)


def _restore(current: StoredReview, content: ReviewState, command: RestoreReview) -> Decision:
    if not current.removed:
        return _version_only(current, command, "review.restored")
    return _seen(_next(current, command, content, removed=False), "review.restored", None, content)


def _answer(current: StoredReview, before: ReviewState, command: AnswerReview, received_at: datetime) -> Decision:
    after = with_answer(before, command.answer, received_at)
    if after is before:
        return _version_only(current, command, _answer_type(after))
    stored = _next(current, command, after)
    if current.removed:
        return Revised(stored, _answer_type(after), None)
    return _seen(stored, _answer_type(after), before, after)


def _answer_type(state: ReviewState) -> RevisionType:
    return "review.answer_removed" if state.answer is None else "review.answered"


def _version_only(current: StoredReview, command: Command, kind: RevisionType) -> Decision:
    if command.version is None:
        return DUPLICATE
    return Revised(_next(current, command, current.content), kind, None)


def _is_stale(current: StoredReview, command: Command) -> bool:
    return command.version is not None and current.version is not None and command.version <= current.version


def _brings_back(removed: StoredReview, command: Command) -> bool:
    """Say whether a removed review is certainly published anew: created, in a version above the removal."""
    return (
        isinstance(command, CreateReview)
        and command.version is not None
        and removed.version is not None
        and command.version > removed.version
    )


def _seen(stored: StoredReview, kind: RevisionType, before: ReviewState | None, after: ReviewState | None) -> Revised:
    change = ReviewChange(review_id=stored.review_id, revision=stored.revision, before=before, after=after)
    return Revised(stored, kind, change)


def _new(command: Command, source: Source, review_id: str, *, content: ReviewState | None) -> StoredReview:
    subject = source.subject if content is None else content.subject
    return StoredReview(
        review_id=review_id,
        external_id=command.external_id,
        revision=1,
        version=command.version,
        removed=content is None,
        partition_key=f"{source.tenant_id}/{first_segment(subject)}",
        content=content,
    )


def _next(
    current: StoredReview, command: Command, content: ReviewState | None, *, removed: bool | None = None
) -> StoredReview:
    told = command.version
    version = current.version if told is None or _is_stale(current, command) else told
    return StoredReview(
        review_id=current.review_id,
        external_id=current.external_id,
        revision=current.revision + 1,
        version=version,
        removed=current.removed if removed is None else removed,
        partition_key=current.partition_key,
        content=content,
    )
