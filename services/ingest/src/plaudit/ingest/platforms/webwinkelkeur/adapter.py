"""WebwinkelKeur's reviews: a webhook with one review, and the list of its interface.

The page of the signature says SHA-256 and its sample computes SHA-512, so both are taken. A review without an id is
known by its author and its time; never by its text, which can change. Times have no zone: the source needs one.
"""

from typing import Final

from msgspec import UNSET

from plaudit.common.person_keys import hashed_id
from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.payload import Fields, expect, read_event, read_events
from plaudit.ingest.platforms.proofs import HmacSignature
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item, RemoveReview
from plaudit.ingest.sources.domain import KeyedSource

MEMBERS: Final = ("rating", "ratings", "comment", "quarantine")


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one review of a webhook, or a page of reviews."""
    if isinstance(body, dict) and "total" in body and isinstance(body.get("ratings"), list):
        return read_events(body["ratings"], source, _read, "ratings")
    return [read_event(expect(body, *MEMBERS), source, _read)]


def _read(review: Fields) -> Item:
    external_id = review.id("id") if review.get("id") is not UNSET else _derived_id(review)
    if review.flag("quarantine") is True:
        return RemoveReview(external_id=external_id, is_standing=True)
    content = Content(
        rating=review.rating("rating"),
        published_at=review.time("date"),
        text=review.text("comment"),
        person=review.person(email="email"),
    )
    return CreateReview(external_id=external_id, content=content)


def _derived_id(review: Fields) -> str:
    author, date = review.text("email") or review.text("name"), review.text("date")
    if not isinstance(author, str) or not isinstance(date, str):
        raise review.unreadable("id", "is missing, and so is what stands for it: email or name, and date")
    return hashed_id(review.source.person_key, f"{author.strip().casefold()} {date}")


ADAPTER = Adapter(
    platform="webwinkelkeur",
    title="WebwinkelKeur",
    proof=HmacSignature(header=b"x-hash", digest="sha512", other_digest="sha256"),
    known="shape",
    tells=Tells(edits="poll", removals="poll", restorations="poll"),
    normalise=normalise,
    members=MEMBERS,
)
