"""Trustpilot's review webhooks: created, updated and deleted, of services and products.

Trustpilot signs nothing, and sends a customer's address with product reviews only. Events have no version of their own
(`version` is the payload's), so they count in the order of their receipt. A review that is put back online after its
removal has no event of its own: the next creation or update tells it.
"""

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plaudit.common.text import cut
from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError, check_count
from plaudit.ingest.platforms.fields import (
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_URL_CHARS,
    ExternalId,
    ImpossibleTimeError,
    Instant,
    InvalidLanguageError,
    Language,
    checked_language,
    explain,
    not_an_object,
    person_key,
    unknown_type,
    utc_or_unset,
    value_or_unset,
)
from plaudit.ingest.platforms.payload import Fields, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerState,
    Content,
    CreateReview,
    EditReview,
    Instruction,
    Item,
    Quarantined,
    RemoveReview,
)
from plaudit.ingest.reviews.domain.scales import STARS_MAX, STARS_MIN, STARS_SCALE, OffScaleError, to_stars
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.domain import KeyedSource

CREATED: Final = frozenset({"service-review-created", "product-review-created"})
UPDATED: Final = frozenset({"service-review-updated", "product-review-updated"})
DELETED: Final = frozenset({"service-review-deleted", "product-review-deleted"})
PUBLISHED: Final = "published"
NO_ANSWER: Final = AnswerContent(state=AnswerState.REMOVED)


class Consumer(msgspec.Struct, frozen=True):
    """The author."""

    id: Annotated[str | None, Meta(description="Trustpilot's id of the author; the name is not kept.")] = None
    email: Annotated[str | None, Meta(description="Of product reviews only; kept as a keyed hash.")] = None


class Product(msgspec.Struct, frozen=True):
    """What a product review is about."""

    id: Annotated[str | None, Meta(description="Trustpilot's id of the product.")] = None
    sku: Annotated[str | None, Meta(description="Your number of it; becomes a tag.")] = None


class Tag(msgspec.Struct, frozen=True):
    """A label that the business gave."""

    group: Annotated[str | None, Meta(description="The group of the label.")] = None
    value: Annotated[str | None, Meta(description="The label in its group.")] = None


class Deleted(msgspec.Struct, frozen=True):
    """A deleted review: only its id counts."""

    id: Annotated[ExternalId, Meta(description="Trustpilot's id of the review.")]


class Review(msgspec.Struct, frozen=True, rename="camel"):
    """A review as it is now."""

    id: Annotated[ExternalId, Meta(description="Trustpilot's id of the review.")]
    stars: Annotated[float, Meta(description="1 to 5.", extra_json_schema={"minimum": STARS_MIN, "maximum": STARS_MAX})]
    created_at: Annotated[Instant | None, Meta(description="When it was published; a new review has it.")] = None
    updated_at: Annotated[Instant | None, Meta(description="When it was edited.")] = None
    language: Annotated[Language | UnsetType | None, Meta(description="A language tag such as `en`.")] = UNSET
    title: Annotated[str | UnsetType | None, Meta(description="Its title.")] = UNSET
    text: Annotated[str | UnsetType | None, Meta(description="Its text.")] = UNSET
    content: Annotated[str | UnsetType | None, Meta(description="The text of a product review.")] = UNSET
    state: Annotated[str | None, Meta(description="Of a product review; only a `published` one is public.")] = None
    product: Annotated[Product | None, Meta(description="What a product review is about.")] = None
    link: Annotated[str | None, Meta(description="Where it can be read.")] = None
    is_verified: Annotated[bool | None, Meta(description="Whether the purchase is certain.")] = None
    reference_id: Annotated[str | None, Meta(description="The order; becomes a tag.")] = None
    location_id: Annotated[str | None, Meta(description="The place; becomes a tag.")] = None
    consumer: Annotated[Consumer | None, Meta(description="The author.")] = None
    tags: Annotated[tuple[Tag, ...] | None, Meta(description="Labels that the business gave.")] = None


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read `{"events": […]}`, one bare event, or a page of the private interface, which alone tells of answers."""
    if not isinstance(body, dict):
        raise UnusableBodyError('expected an object with "events"')
    if isinstance(body.get("reviews"), list) and "links" in body:
        return read_events(body["reviews"], source, _read_row, "reviews")
    if "eventName" in body:
        return [_read(body, source)]
    events = body.get("events")
    if not isinstance(events, list):
        raise UnusableBodyError('expected an object with "events", an array')
    return [_read(event, source) for event in check_count(events)]


def _read(event: object, source: KeyedSource) -> Item:
    if not isinstance(event, dict):
        return not_an_object(event, 'an event is an object with "eventName" and "eventData"')
    name = event.get("eventName")
    if not isinstance(name, str):
        return Quarantined("eventName: is missing")
    known = name in CREATED | UPDATED | DELETED
    return _of_review(name, event.get("eventData"), source) if known else unknown_type("eventName", name)


def _of_review(name: str, data: object, source: KeyedSource) -> Item:
    try:
        return _instruction(name, data, source)
    except msgspec.ValidationError as error:
        return Quarantined(explain(str(error), root="eventData"))
    except InvalidLanguageError as error:
        return Quarantined(f"eventData.{error}")
    except (OffScaleError, ImpossibleTimeError) as error:
        return Quarantined(str(error))


def _read_row(review: Fields) -> Item:
    content = Content(
        rating=review.rating("stars"),
        scale=STARS_SCALE,
        kind=Kind.STARS,
        published_at=review.time("createdAt"),
        edited_at=review.time("updatedAt"),
        title=review.text("title"),
        text=review.text("text"),
        language=review.language("language"),
        person=review.person(email="referralEmail", person_id="consumer.id"),
        verified=review.flag("isVerified"),
        tags=tags(reference=review.name("referenceId"), location=review.name("location.id")),
        answer=_answer(review),
    )
    return CreateReview(external_id=review.id("id"), content=content)


def _answer(review: Fields) -> AnswerContent | UnsetType:
    """Return the company's reply; null says that there is none, or no longer one."""
    if review.get("companyReply") is None:
        return NO_ANSWER
    text = review.text("companyReply.text")
    at = review.time("companyReply.createdAt")
    return AnswerContent(text=text, published_at=None if at is UNSET else at) if isinstance(text, str) else UNSET


def _instruction(name: str, data: object, source: KeyedSource) -> Instruction:
    if name in DELETED:
        return RemoveReview(external_id=msgspec.convert(data, Deleted).id)
    review = msgspec.convert(data, Review)
    if review.state is not None and review.state != PUBLISHED:
        return RemoveReview(external_id=review.id, is_standing=True)
    instruction = CreateReview if name in CREATED else EditReview
    return instruction(external_id=review.id, content=_content(name, review, source))


def _content(name: str, review: Review, source: KeyedSource) -> Content:
    to_stars(review.stars, STARS_SCALE, Kind.STARS)
    link = review.link or ""
    usable_link = link.startswith(("https://", "http://")) and len(link) <= MAX_URL_CHARS
    return Content(
        rating=review.stars,
        scale=STARS_SCALE,
        kind=Kind.STARS,
        published_at=utc_or_unset(review.created_at),
        edited_at=utc_or_unset(review.updated_at),
        title=review.title,
        text=review.text if review.content is UNSET else review.content,
        language=checked_language(review.language),
        url=link if usable_link else UNSET,
        person=UNSET
        if review.consumer is None
        else person_key(source, email=review.consumer.email, person_id=review.consumer.id),
        verified=value_or_unset(review.is_verified),
        tags=_tags(name, review),
    )


def _tags(name: str, review: Review) -> tuple[str, ...]:
    """Return what a business can find a review by: its labels, order and place, and whether it is of a product."""
    tags = [":".join(filter(None, (tag.group, tag.value))) for tag in review.tags or ()]
    tags += [f"reference:{review.reference_id}"] if review.reference_id else []
    tags += [f"location:{review.location_id}"] if review.location_id else []
    product = review.product and (review.product.sku or review.product.id)
    tags += [f"product:{product}"] if product else []
    tags += ["product-review"] if name.startswith("product-") else []
    return tuple(cut(tag, MAX_TAG_CHARS) for tag in tags if tag)[:MAX_TAGS]


ADAPTER = Adapter(
    platform="trustpilot",
    title="Trustpilot",
    proof=PathToken(),
    known="recorded",
    tells=Tells(edits="push", removals="push", restorations="poll", answers="poll", verified="push", location="push"),
    normalise=normalise,
)
