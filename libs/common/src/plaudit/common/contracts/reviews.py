"""Events about reviews: `reviews.v1`, written by ingest."""

from enum import StrEnum
from typing import Annotated

import msgspec

from plaudit.common.contracts.time import Instant

Rating = Annotated[float, msgspec.Meta(ge=1, le=5)]


class Kind(StrEnum):
    """What kind of rating it is. Only stars and thumbs count as stars; the others are never mixed in."""

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


class Answers(StrEnum):
    """Whether ingest learns of the company's answers at a source's platform, whoever gives them."""

    TOLD = "told"
    """The platform tells them by itself."""
    POLLED = "polled"
    """The platform is asked for them."""
    UNTOLD = "untold"
    """It does not learn of them: a review without an answer may have one."""


class RawRating(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The rating as it was given, on its own scale."""

    value: float
    min: float
    max: float


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The company's public reply."""

    text: str
    published_at: Instant
    state: str
    """`published`, `pending` or `rejected`; only a published answer fulfils a clock."""


class Resolution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the company settled the review."""

    disposition: str
    """`justified`, `wrong_fact`, `unclear` or `abusive`."""
    outcome: str
    """What was done, as a label such as `refunded`."""
    resolved_at: Instant
    cause: str | None = None
    """What led to the review, as a label such as `late_delivery`."""
    ease: Annotated[int, msgspec.Meta(ge=1, le=7)] | None = None
    """How easily it was solved, from 1, very hard, to 7, very easily."""


class SourceRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The account on a platform from which the review came."""

    id: str
    name: str
    platform: str
    created_at: Instant


class ReviewState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
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
    """When it was published; at most five minutes after its receipt."""
    rated_at: Instant
    """When the present rating was given; its weight decays from then."""
    received_at: Instant
    """When its first delivery was received."""
    published_at_raw: Instant | None = None
    """The time that the platform sent, if it was in the future."""
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
    """Whether the text or the title was too long and was cut; the delivery holds all of it."""
    resolution: Resolution | None = None
    """How the company settled it, once it has."""
    language_from_text: bool = False
    """Whether the language is told by the text, as the platform does not say it."""
    topics: tuple[str, ...] = ()
    """What the text mentions, such as `delivery`, well or badly."""
    personas: tuple[str, ...] = ()
    """What the writer says about themselves, such as `long_time`."""
    check: bool = False
    """A hint that a person should look, as something drastic may be said. It changes no deadline."""
    leave: bool = False
    """Whether the writer says that they leave, or threatens to."""


class ReviewChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One revision, with the published state before and after it.

    `before` is null for a review that was not published before, `after` for one that is no longer published. A consumer
    needs no store of reviews: it subtracts `before` and adds `after`.
    """

    review_id: str
    revision: Annotated[int, msgspec.Meta(ge=1)]
    before: ReviewState | None
    after: ReviewState | None
    backfill: bool = False
    """Whether it tells of what happened long ago: it counts at its time, and nobody is called for it."""
    answers: Answers = Answers.TOLD
    """Whether answers are told where the review comes from, as it stands when this is written. Where they are not,
    nobody may conclude from a missing answer that there is none."""
