"""ProvenExpert's ratings, in pages of its interface: an object whose keys are the ids.

It signs nothing and has no webhook. A rating is the mean of the questions of a survey, so it can be a fraction.
"""

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError, check_count
from plaudit.ingest.platforms.payload import Fields, expect, read_event
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item
from plaudit.ingest.sources.domain import KeyedSource


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of ratings."""
    page = expect(body, "status", "ratings")
    ratings = page["ratings"] if page["ratings"] != [] else {}
    if page["status"] != "success" or not isinstance(ratings, dict):
        raise UnusableBodyError('expected "status" to be success, and "ratings" an object')
    check_count([*ratings])
    return [
        read_event({**row, "id": key} if isinstance(row, dict) else row, source, _read, f"ratings.{index}")
        for index, (key, row) in enumerate(ratings.items())
    ]


def _read(rating: Fields) -> Item:
    content = Content(
        rating=rating.rating("ratingValue"),
        published_at=rating.time("created"),
        edited_at=rating.edited("modified", "created"),
        text=rating.text("feedback"),
    )
    return CreateReview(external_id=rating.id("id"), content=content)


ADAPTER = Adapter(
    platform="provenexpert",
    title="ProvenExpert",
    proof=PathToken(),
    known="shape",
    tells=Tells(edits="poll"),
    normalise=normalise,
    members=("status", "ratings"),
)
