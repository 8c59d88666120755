"""What a clock keeps of its review, for mails and pages. No author."""

from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from plaudit.alerting.policies.domain import stars
from plaudit.common.contracts import ReviewState
from plaudit.common.text import clean, shortened, shows

MAX_EXCERPT_CHARS: Final = 500
"""Of a review's text that is kept, for mails."""
MAX_TITLE_CHARS: Final = 200
ERASED: Final = "erased"
"""In place of the id that an erased review had on its platform."""


class ReviewFacts(msgspec.Struct, frozen=True, gc=False):
    """What mails and pages say about a review."""

    id: str
    source_id: str
    source_name: str
    external_id: str
    subject: str
    stars: int
    title: str | None
    excerpt: str | None
    url: str | None


def facts_of(review_id: str, review: ReviewState) -> ReviewFacts:
    """Return what is kept of a review's state."""
    return ReviewFacts(
        id=review_id,
        source_id=review.source.id,
        source_name=review.source.name,
        external_id=review.external_id,
        subject=review.subject,
        stars=stars(review.rating),
        title=_beginning(review.title, MAX_TITLE_CHARS),
        excerpt=_beginning(review.text, MAX_EXCERPT_CHARS),
        url=review.url,
    )


def erased(facts: ReviewFacts) -> ReviewFacts:
    """Return what is left of an erased review: which it was for us, and what it was about."""
    return replace(facts, external_id=ERASED, title=None, excerpt=None, url=None)


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
