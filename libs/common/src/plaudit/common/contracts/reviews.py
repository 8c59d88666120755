"""Events about reviews: `reviews.v1`, written by ingest."""

from enum import StrEnum
from typing import Annotated

import msgspec

from plaudit.common.contracts.time import Instant

Rating = Annotated[float, msgspec.Meta(ge=1, le=5)]


class Kind(StrEnum):
    """What sort of statement a rating is. Only stars and thumbs speak in stars; the others are never mixed in."""

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


class Severity(StrEnum):
    """How bad it is for the company."""

    NORMAL = "normal"
    NEGATIVE = "negative"
    DRASTIC = "drastic"


class RawRating(msgspec.Struct, frozen=True, kw_only=True):
    """The rating as it was given, on its own scale."""

    value: float
    min: float
    max: float


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The company's public reply."""

    text: str
    published_at: Instant
    state: str
    """`published`, `pending` or `rejected`; only a published one fulfils a clock."""


class SourceRef(msgspec.Struct, frozen=True, kw_only=True):
    """The account on a platform that the review came from."""

    id: str
    name: str
    platform: str
    created_at: Instant


class ReviewState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer's statement at one revision. Times are UTC with microseconds."""

    subject: str
    kind: Kind
    rating: Rating
    raw_rating: RawRating
    verified: bool
    origin: Origin
    severity: Severity
    source: SourceRef
    external_id: str
    published_at: Instant
    """When it was published, at most five minutes after its receipt."""
    rated_at: Instant
    """When the present rating was given: the time its weight counts from."""
    received_at: Instant
    """When its first delivery reached us."""
    published_at_raw: Instant | None = None
    """What the platform said, where that lay in the future."""
    edited_at: Instant | None = None
    title: str | None = None
    text: str | None = None
    language: str | None = None
    person: str | None = None
    """The person key: a keyed hash, or platform:id. Never an address."""
    tags: tuple[str, ...] = ()
    url: str | None = None
    answer: Answer | None = None
    text_cut: bool = False
    """Whether text or title was longer than we keep; the delivery holds all of it."""


class ReviewChange(msgspec.Struct, frozen=True, kw_only=True):
    """One revision, with the published state before and after it.

    `before` is null for a review nobody saw before, `after` for one nobody sees any more. Who applies the change
    needs no store of reviews: it subtracts the one and adds the other.
    """

    review_id: str
    revision: Annotated[int, msgspec.Meta(ge=1)]
    before: ReviewState | None
    after: ReviewState | None
