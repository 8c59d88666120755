"""Google Play: pages of its interface, which holds reviews with a text that were new or changed in the last week.

A review has one time, that of its last change, which is its version. Stars and text are edited under the same id. The
developer's reply has a time of its own. Reviews of stars alone are in the monthly files only.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.payload import EPOCH, Fields, read_events, tags, version_of, with_answers
from plaudit.ingest.platforms.proofs import NoDeliveries
from plaudit.ingest.reviews.domain.instructions import AnswerContent, Content, CreateReview, Item
from plaudit.ingest.sources.domain import KeyedSource

TITLE_ENDS: Final = "\t"
"""Between title and text, which come as one."""


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of reviews; one without any has no array."""
    if not isinstance(body, dict) or ("reviews" not in body and body.keys() - {"tokenPagination", "pageInfo"}):
        raise UnusableBodyError('expected an object with "reviews"')
    return with_answers(read_events(body.get("reviews", []), source, _read, "reviews"))


def _read(review: Fields) -> Item:
    comments = [*review.each("comments")]
    user, reply = _comment(comments, "userComment"), _comment(comments, "developerComment")
    if user is None:
        raise review.unreadable("comments", "must hold a userComment")
    changed_at = user.time("lastModified.seconds")
    title, text = _parts(user.text("text"))
    content = Content(
        rating=user.rating("starRating"),
        published_at=changed_at,
        title=title,
        text=text,
        language=user.language("reviewerLanguage"),
        tags=tags(app_version=user.name("appVersionName"), device=user.name("device")),
        answer=UNSET if reply is None else _answer(reply),
    )
    return CreateReview(external_id=review.id("reviewId"), version=version_of(changed_at), content=content)


def _comment(comments: Iterable[Fields], name: str) -> Fields | None:
    """Return the latest comment of one side: there may be an earlier one, in whatever order."""
    found = [each.inner(name) for each in comments if each.get(name) is not UNSET]
    return max(found, key=lambda each: each.time("lastModified.seconds") or EPOCH, default=None)


def _parts(written: str | UnsetType | None) -> tuple[str | UnsetType | None, str | UnsetType | None]:
    if not isinstance(written, str) or TITLE_ENDS not in written:
        return UNSET, written
    title, _, text = written.partition(TITLE_ENDS)
    return title.strip() or None, text.strip() or None


def _answer(reply: Fields) -> AnswerContent | UnsetType:
    text = reply.text("text")
    at = reply.time("lastModified.seconds")
    return AnswerContent(text=text, published_at=None if at is UNSET else at) if isinstance(text, str) else UNSET


ADAPTER = Adapter(
    platform="google-play",
    title="Google Play",
    proof=NoDeliveries(),
    known="documented",
    tells=Tells(edits="poll", answers="poll", versions="poll"),
    normalise=normalise,
    members=("reviews",),
)
