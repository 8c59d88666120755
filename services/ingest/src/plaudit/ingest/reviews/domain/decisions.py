"""What becomes of a review when a platform says something about it: the rules of order, versions and removal.

A *revision* is written for everything that is stored. An *event* is published only when what the public sees changes;
its `before` and `after` are what the public saw and what it sees. So a removal has no `after`, and nothing that
happens to a removed review has an event until it is restored.

- Each part of a review (`parts.py`) has the highest version that told it. An event replaces the parts that it tells by
  a higher version; where it has none to replace, it is stale. So versioned events end the same in any order. Without
  versions, the order of receipt counts.
- A creation, or an edit with a rating, makes an unknown review. All else about an unknown review is held until then,
  but for a status that is not public.
- A repeated creation is an edit, or nothing new if it says the same. It makes a removed review visible only with a
  higher version: a late copy must not bring back what was taken down.
- An edit of a removed review is stored, and the review stays removed.
- Where a platform takes removals back without saying so (`removals_are_final` is false), a creation or an edit makes a
  removed review visible, unless its version is below the removal's.
- A restoration brings back the last state as it is, its `rated_at` included.
- Nothing that is said of an erased review changes anything.
- An instruction that changes nothing but versions is stored without an event, so that older versions stay stale.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from plaudit.common.contracts.subjects import first_segment
from plaudit.ingest.reviews.domain.content import (
    check_rating,
    differ_in_answer_only,
    first_state,
    next_state,
    rated_earlier,
    sorted_by,
    with_answer,
)
from plaudit.ingest.reviews.domain.instructions import (
    AnswerReview,
    CreateReview,
    EditReview,
    Instruction,
    Quarantined,
    RemoveReview,
    RestoreReview,
)
from plaudit.ingest.reviews.domain.parts import ANSWER, RATING, VISIBILITY, parts_of, without
from plaudit.ingest.reviews.domain.scales import OffScaleError
from plaudit.ingest.reviews.domain.state import ReviewState, StoredReview
from plaudit.ingest.reviews.domain.versions import ALL_PARTS, PartVersions
from plaudit.ingest.sorting.domain.findings import NOTHING
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules
from plaudit.ingest.sources.domain import Answers, Source

RevisionType = Literal[
    "review.created",
    "review.edited",
    "review.answered",
    "review.answer_removed",
    "review.removed",
    "review.restored",
    "review.resolved",
    "review.sorted",
    "review.erased",
]


class Backfill(StrEnum):
    """Of which reviews a delivery says that nobody is to be called for what it tells; the values of the header."""

    NONE = ""
    ALL = "true"
    OLDER = "older"
    """Of those that are new to us and were published before their source was set up, or nobody says when."""


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the public sees before and after a revision; None where it sees no review."""

    review_id: str
    revision: int
    before: ReviewState | None
    after: ReviewState | None


class Revised(msgspec.Struct, frozen=True, gc=False):
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
    backfill: bool = False
    """Whether it tells of what happened long ago, so that nobody is to be called for it."""
    answers: Answers = Answers.TOLD
    """Whether answers are told at its source, as it stands now."""


class Unchanged(msgspec.Struct, frozen=True):
    """There is nothing to write: a newer version is stored already, the same content, or it never was public."""

    reason: Literal["stale", "duplicate", "not_public", "erased"]


class Held(msgspec.Struct, frozen=True):
    """It is about a review that is not known yet, and waits for it."""

    reason: str


Decision = Revised | Unchanged | Held | Quarantined

STALE = Unchanged("stale")
DUPLICATE = Unchanged("duplicate")
NOT_PUBLIC = Unchanged("not_public")
ERASED = Unchanged("erased")
"""The review was erased: nothing is stored of it again, not even the bytes that tell of it."""


def decide(
    current: StoredReview | None,
    instruction: Instruction,
    source: Source,
    received_at: datetime,
    new_review_id: str,
    *,
    removals_are_final: bool = True,
    rules: CompiledRules = SHIPPED,
) -> Decision:
    """Return what becomes of a review.

    Args:
        current: what is stored of it; None if nothing.
        instruction: what the platform says.
        source: where it comes from.
        received_at: when its delivery was received, in UTC.
        new_review_id: the review's id if nothing is stored of it.
        removals_are_final: whether the platform says so when it takes a removal back.
        rules: what the review's words are sorted by.
    """
    try:
        if current is None:
            return _first(instruction, source, received_at, new_review_id, removals_are_final, rules)
        if current.state is None:
            return ERASED
        return _next(current, current.state, instruction, received_at, removals_are_final, rules)
    except OffScaleError as error:
        return Quarantined(str(error))


def sort_again(current: StoredReview, rules: CompiledRules) -> Revised | Unchanged:
    """Return what becomes of a review when other rules are applied to its words. Versions stay."""
    if current.state is None:
        return ERASED
    state = sorted_by(current.state, rules)
    before = current.state.severity, current.state.found or NOTHING
    if (state.severity, state.found) == before:
        return DUPLICATE
    return revised(current, replace(current, revision=current.revision + 1, state=state), "review.sorted")


def as_backfill(current: StoredReview | None, decision: Revised) -> Revised:
    """Return a revision that tells of what happened long ago: nobody is called for the rating that it gives, ever."""
    before, state = None if current is None else current.state, decision.stored.state
    if state is None or (before is not None and before.rating <= state.rating):
        return decision
    return revised(current, replace(decision.stored, state=replace(state, backfilled=True)), decision.type)


def tells_of_the_past(
    backfill: Backfill, current: StoredReview | None, instruction: Instruction, source_created_at: datetime
) -> bool:
    """Return whether nobody is to be called for what an event of a delivery tells."""
    if backfill is not Backfill.OLDER:
        return backfill is Backfill.ALL
    if current is not None or not isinstance(instruction, (CreateReview, EditReview)):
        return False
    published_at = instruction.content.published_at
    return published_at is UNSET or published_at < source_created_at


def _first(
    instruction: Instruction,
    source: Source,
    received_at: datetime,
    review_id: str,
    removals_are_final: bool,
    rules: CompiledRules,
) -> Decision:
    if not isinstance(instruction, (CreateReview, EditReview)):
        if isinstance(instruction, RemoveReview) and instruction.is_standing:
            return NOT_PUBLIC
        return Held(f"review {instruction.external_id!r} is not known yet")
    if instruction.content.rating is UNSET:
        if isinstance(instruction, EditReview):
            return Held(f"review {instruction.external_id!r} is not known yet")
        return Quarantined(
            f"rating is missing, and review {instruction.external_id!r} is not known: send the whole review"
        )
    state = first_state(
        instruction.external_id,
        instruction.content,
        instruction.content.rating,
        source,
        received_at,
        rules,
        was_edited=not isinstance(instruction, CreateReview),
    )
    version = instruction.version
    told = None
    if version is not None:
        told = PartVersions(version, parts_of(instruction, removals_are_final=removals_are_final))
    stored = StoredReview(
        review_id=review_id,
        external_id=instruction.external_id,
        revision=1,
        version=version,
        removed=False,
        partition_key=f"{source.tenant_id}/{first_segment(state.subject)}",
        state=state,
        part_versions=told,
    )
    return revised(None, stored, "review.created")


def _next(
    current: StoredReview,
    before: ReviewState,
    instruction: Instruction,
    received_at: datetime,
    removals_are_final: bool,
    rules: CompiledRules,
) -> Decision:
    version, known = instruction.version, _part_versions(current)
    told = parts_of(instruction, removals_are_final=removals_are_final)
    fresh = told if version is None or known is None else known.below(told, version)
    stale = told & ~fresh
    removed = _is_removed(current, instruction, known, fresh, removals_are_final)
    if current.removed and removed and isinstance(instruction, (CreateReview, EditReview)):
        fresh &= ~VISIBILITY
    state = _state(before, instruction, fresh, stale, received_at, rules)
    if known is not None and version is not None and version < known.first:
        state = _rated_earlier(state, instruction, stale)
    if version is not None and fresh:
        known = PartVersions(version, fresh) if known is None else known.told(fresh, version)
    stored = replace(
        current,
        revision=current.revision + 1,
        version=_highest(current.version, version),
        removed=removed,
        state=state,
        part_versions=known,
    )
    if (removed, state) == (current.removed, before):
        if version is None:
            return DUPLICATE
        if not fresh and stored.version == current.version:
            return STALE
    restored = current.removed and not removed
    return revised(current, stored, _type(before, state, instruction, was_restored=restored))


def _part_versions(current: StoredReview) -> PartVersions | None:
    """Return what is known of versions; a review that is older than those of parts has one for all of them."""
    if current.part_versions is None and current.version is not None:
        return PartVersions(current.version, ALL_PARTS)
    return current.part_versions


def _highest(known: int | None, told: int | None) -> int | None:
    return told if known is None else known if told is None else max(known, told)


def _is_removed(
    current: StoredReview,
    instruction: Instruction,
    known: PartVersions | None,
    fresh: int,
    removals_are_final: bool,
) -> bool:
    if not fresh & VISIBILITY:
        return current.removed
    if isinstance(instruction, (RemoveReview, RestoreReview)):
        return isinstance(instruction, RemoveReview)
    if not removals_are_final:
        return False
    if not current.removed or instruction.version is None or known is None or current.version is None:
        return current.removed
    is_later = known.of(VISIBILITY) is not None or instruction.version > current.version
    return not is_later


def _state(
    before: ReviewState,
    instruction: Instruction,
    fresh: int,
    stale: int,
    received_at: datetime,
    rules: CompiledRules,
) -> ReviewState:
    if isinstance(instruction, AnswerReview):
        return before if stale & ANSWER else with_answer(before, instruction.answer, received_at)
    if not isinstance(instruction, (CreateReview, EditReview)):
        return before
    content = instruction.content
    if fresh and stale & RATING:
        # It is refused as a whole, as it would have been in its time.
        check_rating(before, content)
    return next_state(before, without(content, stale) if stale else content, received_at, content.edited_at, rules)


def _rated_earlier(state: ReviewState, instruction: Instruction, stale: int) -> ReviewState:
    """Return the state after an event from before the first one that we have seen: it may have given the rating."""
    if not stale & RATING or not isinstance(instruction, (CreateReview, EditReview)):
        return state
    content = instruction.content
    was_created = isinstance(instruction, CreateReview)
    return rated_earlier(state, content, content.published_at if was_created else content.edited_at)


def _type(before: ReviewState, after: ReviewState, instruction: Instruction, *, was_restored: bool) -> RevisionType:
    if isinstance(instruction, RemoveReview):
        return "review.removed"
    if isinstance(instruction, RestoreReview) or was_restored:
        return "review.restored"
    if isinstance(instruction, AnswerReview) or differ_in_answer_only(before, after):
        return "review.answer_removed" if after.answer is None else "review.answered"
    return "review.edited"


def revised(current: StoredReview | None, stored: StoredReview, kind: RevisionType) -> Revised:
    """Return a revision, with the change that the public sees, if it sees one."""
    before, after = _visible(current), _visible(stored)
    if before == after:
        return Revised(stored, kind, None)
    change = Change(review_id=stored.review_id, revision=stored.revision, before=before, after=after)
    return Revised(stored, kind, change)


def _visible(stored: StoredReview | None) -> ReviewState | None:
    return None if stored is None or stored.removed else stored.state
