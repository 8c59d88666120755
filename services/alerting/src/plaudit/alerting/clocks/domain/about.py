"""What a clock is about, and what it keeps of it, for mails and pages. No author, only the key of the person."""

import math
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from plaudit.common.contracts import ReviewState
from plaudit.common.text import clean, shortened, shows

MAX_EXCERPT_CHARS: Final = 500
"""Of a review's text that is kept, for mails."""
MAX_TITLE_CHARS: Final = 200
ERASED: Final = "erased"
"""In place of the id that an erased review had on its platform."""


class AboutKind(StrEnum):
    """What kind of thing a clock is about."""

    REVIEW = "review"
    REVIEW_CONTACT = "review-contact"
    """Personal contact with the writer of a review; its id is the review's."""
    INCIDENT = "incident"
    CUSTOMER = "customer"


REVIEW_KINDS: Final = frozenset((AboutKind.REVIEW, AboutKind.REVIEW_CONTACT))


class About(msgspec.Struct, frozen=True, gc=False):
    """What mails and pages say about the thing that a clock is about."""

    kind: str
    id: str
    subject: str
    title: str | None = None
    excerpt: str | None = None
    url: str | None = None
    source_id: str | None = None
    source_name: str | None = None
    external_id: str | None = None
    """Of a review: its id on its platform."""
    stars: int | None = None
    person: str | None = None
    """The key of the person, where personal contact is due."""
    severity: str | None = None
    """Of the review or incident; none where that was not known when it was stored."""

    @property
    def review_id(self) -> str | None:
        """The review that it is about, if it is about one."""
        return self.id if self.kind in REVIEW_KINDS else None


def about_review(review_id: str, review: ReviewState, kind: AboutKind = AboutKind.REVIEW) -> About:
    """Return what is kept of a review's state."""
    return About(
        kind=kind,
        id=review_id,
        subject=review.subject,
        title=_beginning(review.title, MAX_TITLE_CHARS),
        excerpt=_beginning(review.text, MAX_EXCERPT_CHARS),
        url=review.url,
        source_id=review.source.id,
        source_name=review.source.name,
        external_id=review.external_id,
        stars=stars(review.rating),
        person=review.person if kind is AboutKind.REVIEW_CONTACT else None,
        severity=review.severity,
    )


def stars(rating: float) -> int:
    """Return the whole stars of a rating: half a star counts up."""
    return math.floor(rating + 0.5)


def erased(about: About) -> About:
    """Return what is left of an erased review: which it was for us, and what it was about."""
    return replace(about, external_id=ERASED, title=None, excerpt=None, url=None, person=None)


def is_web_address(url: str) -> bool:
    """Say whether an address may become a link: http or https, with a host, in one printable word."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _beginning(text: str | None, max_chars: int) -> str | None:
    """Return the beginning of a text; None when nothing of it can be seen."""
    if text is None or not shows(cleaned := clean(text)):
        return None
    return shortened(cleaned, max_chars)
