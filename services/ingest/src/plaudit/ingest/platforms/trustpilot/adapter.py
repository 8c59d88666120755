"""Trustpilot's review webhooks: created, updated and deleted, of services and products.

Nothing is signed and no address of a customer is ever sent. Events have no version of their own (`version` is the
payload's), so that they count in the order of their receipt.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from plaudit.common.contracts import Kind
from plaudit.ingest.adapters.contract import Adapter, UnusableBodyError, check_count
from plaudit.ingest.domain.commands import (
    Command,
    Content,
    CreateReview,
    EditReview,
    Quarantined,
    RemoveReview,
)
from plaudit.ingest.domain.instants import ImpossibleTimeError, to_utc
from plaudit.ingest.domain.native import MAX_TAG_CHARS, MAX_TAGS, MAX_URL_CHARS, ExternalId, explain
from plaudit.ingest.domain.people import person_key
from plaudit.ingest.domain.scales import STARS_SCALE, OffScaleError, to_stars
from plaudit.ingest.domain.source import Source

CREATED: Final = frozenset({"service-review-created", "product-review-created"})
UPDATED: Final = frozenset({"service-review-updated", "product-review-updated"})
DELETED: Final = frozenset({"service-review-deleted", "product-review-deleted"})

Instant = Annotated[datetime, Meta(tz=True)]


class Consumer(msgspec.Struct, frozen=True):
    """Who wrote."""

    id: str | None = None


class Tag(msgspec.Struct, frozen=True):
    """A label that the business gave."""

    group: str | None = None
    value: str | None = None


class Deleted(msgspec.Struct, frozen=True):
    """Of a deleted review only its id counts."""

    id: ExternalId


class Review(msgspec.Struct, frozen=True, rename="camel"):
    """A review as it is now."""

    id: ExternalId
    stars: float
    created_at: Instant | None = None
    updated_at: Instant | None = None
    language: str | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    text: str | UnsetType | None = UNSET
    link: str | None = None
    is_verified: bool | None = None
    reference_id: str | None = None
    location_id: str | None = None
    consumer: Consumer | None = None
    tags: tuple[Tag, ...] | None = None


def normalise(body: object, source: Source) -> list[Command | Quarantined]:
    """Read `{"events": […]}`, or one bare event."""
    if not isinstance(body, dict):
        raise UnusableBodyError('expected an object with "events"')
    if "eventName" in body:
        return [_read(body, source)]
    events = body.get("events")
    if not isinstance(events, list):
        raise UnusableBodyError('expected an object with "events", an array')
    return [_read(event, source) for event in check_count(events)]


def _read(event: object, source: Source) -> Command | Quarantined:
    if not isinstance(event, dict) or not isinstance(event.get("eventName"), str):
        return Quarantined("eventName: is missing")
    name: str = event["eventName"]
    if name not in CREATED | UPDATED | DELETED:
        return Quarantined(f"eventName: {name[:80]!r} is none of the review events that are known")
    try:
        return _command(name, event.get("eventData"), source)
    except msgspec.ValidationError as error:
        return Quarantined(explain(str(error), root="eventData"))
    except (OffScaleError, ImpossibleTimeError) as error:
        return Quarantined(str(error))


def _command(name: str, data: object, source: Source) -> Command:
    if name in DELETED:
        return RemoveReview(external_id=msgspec.convert(data, Deleted).id)
    review = msgspec.convert(data, Review)
    write = CreateReview if name in CREATED else EditReview
    return write(external_id=review.id, content=_content(name, review, source))


def _content(name: str, review: Review, source: Source) -> Content:
    to_stars(review.stars, STARS_SCALE, Kind.STARS)
    link = review.link or ""
    usable_link = link.startswith(("https://", "http://")) and len(link) <= MAX_URL_CHARS
    return Content(
        rating=review.stars,
        scale=STARS_SCALE,
        kind=Kind.STARS,
        published_at=UNSET if review.created_at is None else to_utc(review.created_at),
        edited_at=UNSET if review.updated_at is None else to_utc(review.updated_at),
        title=review.title,
        text=review.text,
        language=review.language,
        url=link if usable_link else UNSET,
        person=UNSET if review.consumer is None else person_key(source, email=None, person_id=review.consumer.id),
        verified=UNSET if review.is_verified is None else review.is_verified,
        tags=_tags(name, review),
    )


def _tags(name: str, review: Review) -> tuple[str, ...]:
    """Return what a business can find a review by: its labels, order and place, and whether a product is meant."""
    tags = [":".join(filter(None, (tag.group, tag.value))) for tag in review.tags or ()]
    tags += [f"reference:{review.reference_id}"] if review.reference_id else []
    tags += [f"location:{review.location_id}"] if review.location_id else []
    tags += ["product-review"] if name.startswith("product-") else []
    return tuple(tag[:MAX_TAG_CHARS] for tag in tags if tag)[:MAX_TAGS]


ADAPTER = Adapter(platform="trustpilot", proof="path_token", normalise=normalise)
