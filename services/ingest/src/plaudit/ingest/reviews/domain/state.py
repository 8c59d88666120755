"""The state of a review, as ingest decides over it and stores it.

It is ingest's own type. What the bus says of a review is `plaudit.common.contracts.ReviewState`; `reviews/events.py`
maps the one to the other. So the stored form and the schema on the bus change apart.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from plaudit.common.text import one_line
from plaudit.ingest.reviews.domain.facts import facts
from plaudit.ingest.reviews.domain.versions import PartVersions
from plaudit.ingest.sorting.domain.findings import NOTHING, Findings
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.domain import SourceRef


class Kind(StrEnum):
    """What sort of statement a rating is."""

    STARS = "stars"
    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    THUMBS = "thumbs"


class Origin(StrEnum):
    """Why the customer wrote."""

    ORGANIC = "organic"
    INVITED = "invited"
    INCENTIVISED = "incentivised"


class RawRating(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The rating as the customer gave it, on its own scale."""

    value: float
    min: float
    max: float


class Answer(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The company's public reply."""

    text: str
    published_at: datetime
    state: str
    """`published`, `pending` or `rejected`; only a published one counts as an answer."""
    ours: bool = False
    """Whether it was given or recorded here, and not told by the platform."""

    def says_as(self, text: str) -> bool:
        """Return whether a text has the same words, in whatever white space."""
        return one_line(self.text) == one_line(text)


class Disposition(StrEnum):
    """What the company found when it looked into a review."""

    JUSTIFIED = "justified"
    WRONG_FACT = "wrong_fact"
    UNCLEAR = "unclear"
    ABUSIVE = "abusive"


class Resolution(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How the company settled a review. Outcome and cause are labels, and hold nothing about persons."""

    disposition: Disposition
    outcome: str
    cause: str | None
    ease: int | None
    """How easily it was solved, from 1, very hard, to 7, very easily."""
    resolved_at: datetime


class ReviewState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One customer's statement at one revision. Times are UTC with microseconds.

    It is stored by place (`state_formats.py`), as are the types in it. So fields keep their order, and a new
    one comes last, with a default.
    """

    subject: str
    kind: Kind
    rating: float
    """From 1 to 5, whatever scale it was given on."""
    raw_rating: RawRating
    verified: bool
    origin: Origin
    severity: Severity
    source: SourceRef
    external_id: str
    published_at: datetime
    """When it was published, at most five minutes after its receipt."""
    rated_at: datetime
    """When the present rating was given: the time its weight counts from."""
    received_at: datetime
    """When its first delivery reached us."""
    published_at_raw: datetime | None = None
    """What the platform said, where that lay in the future."""
    edited_at: datetime | None = None
    title: str | None = None
    text: str | None = None
    language: str | None = None
    person: str | None = None
    """The person key: a keyed hash, or platform:id. Never an address."""
    tags: tuple[str, ...] = ()
    url: str | None = None
    answer: Answer | None = None
    text_cut: bool = False
    """Whether text or title was longer than we store; the delivery holds all of it."""
    resolution: Resolution | None = None
    found: Findings | None = None
    """What its words say; None where it was stored before this was looked for."""
    backfilled: bool = False
    """Whether its rating was told as one of long ago: nobody is called for the review, until it gets a worse one."""

    @property
    def spoken(self) -> str | None:
        """The language of its text, whoever says so; None if it is unknown."""
        return self.language or (self.found or NOTHING).language

    @property
    def language_from_text(self) -> bool:
        """Whether we tell the language by the text, and not the platform."""
        return self.language is None and self.spoken is not None

    @property
    def check(self) -> bool:
        """Whether a person should look: a hint that changes no deadline."""
        return (self.found or NOTHING).check

    @property
    def leave(self) -> bool:
        """Whether the writer goes, or threatens to."""
        return (self.found or NOTHING).leave

    @property
    def topics(self) -> tuple[str, ...]:
        """What it mentions."""
        return (self.found or NOTHING).topics

    @property
    def personas(self) -> tuple[str, ...]:
        """What its writer says about themselves."""
        return (self.found or NOTHING).personas

    @property
    def traits(self) -> int:
        """What lists ask of it, as bits of one number."""
        return facts(self)

    @property
    def answered_at(self) -> datetime | None:
        """When the company's published answer was published; None without one."""
        answer = self.answer
        return answer.published_at if answer is not None and answer.state == "published" else None


class StoredReview(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A review as it is stored: its last state, which a removal keeps, and how it got there."""

    review_id: str
    external_id: str
    revision: int
    version: int | None
    """The highest that was told."""
    removed: bool
    partition_key: str
    """Tenant and first segment of the subject it was created under; it stays the same when the review moves."""
    state: ReviewState | None
    """None of an erased review."""
    part_versions: PartVersions | None = None
    """None where nothing had a version, or where the review is older than this: then each part has `version`."""
    erased_at: datetime | None = None
    """Since when nothing of it is stored, and nothing of it comes back."""


class KnownReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it is stored, and where it belongs."""

    tenant_id: str
    source_id: UUID
    stored: StoredReview

    @property
    def id(self) -> UUID:
        """Its id."""
        return UUID(self.stored.review_id)

    @property
    def state(self) -> ReviewState:
        """Its last state; one that was erased has none, and is not found."""
        assert self.stored.state is not None, "an erased review is not found"
        return self.stored.state


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it is read: its last state, and how it got there."""

    id: UUID
    source_id: UUID
    revision: int
    version: int | None
    removed: bool
    changed_at: datetime
    state: ReviewState


class ErasedReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review of which nothing is stored any more, as it is listed for whoever keeps a copy."""

    id: UUID
    source_id: UUID
    revision: int
    changed_at: datetime
    """When it was erased."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a review as it is read: what it is called, when we knew, and the state after it."""

    revision: int
    type: str
    version: int | None
    known_at: datetime
    delivery_id: UUID
    """The delivery that brought it; of what was done here, the id of the answer, the resolution or the erasure."""
    actor: str | None
    """Of what was done here: the key or the person."""
    state: ReviewState | None
