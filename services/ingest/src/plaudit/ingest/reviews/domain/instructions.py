"""What a platform says about a review: instructions, in one form for all platforms.

A field that is UNSET was not mentioned and keeps its stored value; None takes an optional one away.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from plaudit.ingest.reviews.domain.scales import Scale
from plaudit.ingest.reviews.domain.state import Kind, Origin


class AnswerState(StrEnum):
    """How far an answer is. Only a published one counts as an answer."""

    PUBLISHED = "published"
    PENDING = "pending"
    REJECTED = "rejected"
    REMOVED = "removed"


class AnswerContent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The company's reply as the platform states it; without a time it counts from its receipt."""

    text: str = ""
    published_at: datetime | None = None
    state: AnswerState = AnswerState.PUBLISHED


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a platform says of a review. Times carry their zone; a rating is on its own scale."""

    subject: str | UnsetType = UNSET
    rating: float | UnsetType = UNSET
    scale: Scale | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    published_at: datetime | UnsetType = UNSET
    edited_at: datetime | UnsetType = UNSET
    title: str | UnsetType | None = UNSET
    text: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET
    person: str | UnsetType | None = UNSET
    verified: bool | UnsetType = UNSET
    origin: Origin | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    answer: AnswerContent | UnsetType = UNSET


class _OfReview(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    external_id: str
    version: int | None = None


class CreateReview(_OfReview, frozen=True, kw_only=True, tag="create"):
    """A review was published."""

    content: Content


class EditReview(_OfReview, frozen=True, kw_only=True, tag="edit"):
    """A review was changed, moved to another subject, or both."""

    content: Content


class RemoveReview(_OfReview, frozen=True, kw_only=True, tag="remove"):
    """A review was taken down."""

    is_standing: bool = False
    """Whether it tells how the review stands, not what happened to it. A status may become public later, so a review
    that is not known is not waited for."""


class RestoreReview(_OfReview, frozen=True, kw_only=True, tag="restore"):
    """A removed review is visible again, as it last was."""


class AnswerReview(_OfReview, frozen=True, kw_only=True, tag="answer"):
    """The company published, changed or withdrew its answer."""

    answer: AnswerContent


Instruction = CreateReview | EditReview | RemoveReview | RestoreReview | AnswerReview


class Quarantined(msgspec.Struct, frozen=True, tag="quarantined", gc=False):
    """An event that is not applied; the reason tells its sender what to do."""

    reason: str


class Ignored(msgspec.Struct, frozen=True, tag="ignored"):
    """A well-formed event that is not for us, such as a test ping: its sender has nothing to mend."""

    reason: str


class Noticed(msgspec.Struct, frozen=True, tag="noticed"):
    """A notification that a review is new or changed, without the review: it is asked for."""

    name: str
    """What the platform's interface calls the review."""


Item = Instruction | Quarantined | Ignored | Noticed
"""What becomes of one event of a body."""

INSTRUCTIONS: Final = (CreateReview, EditReview, AnswerReview, RemoveReview, RestoreReview)
"""For `isinstance`, which takes 20 ns for what a value is and 150 to 300 for each class that it is not: so the most
frequent come first, and no path for every event asks for what is rare."""
NO_INSTRUCTION: Final = (Quarantined, Ignored, Noticed)
"""Events that say nothing of a review themselves, for `isinstance`."""
