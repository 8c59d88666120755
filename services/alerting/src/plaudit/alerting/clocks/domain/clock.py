"""A promise as a whole: the review it was made to, and its clock."""

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from plaudit.alerting.domain.clocks import Clock
from plaudit.alerting.domain.policy import stars
from plaudit.common.contracts import ReviewState

MAX_EXCERPT_CHARS: Final = 500
"""Of a review's text that we keep, to be shown in mails."""
MAX_TITLE_CHARS: Final = 200
_ELLIPSIS: Final = "…"


class ReviewFacts(msgspec.Struct, frozen=True, gc=False):
    """What mails and pages say of a review. No author."""

    id: str
    source_id: str
    source_name: str
    external_id: str
    subject: str
    stars: int
    title: str | None
    excerpt: str | None
    url: str | None


class Promise(msgspec.Struct, frozen=True, gc=False):
    """One promise: whom it was made to, and what has become of it."""

    tenant: str
    id: UUID
    metric: str
    partition: int
    """Of the topic of reviews: where everything about this review is written."""
    revision: int
    """Of the review, the newest that was applied."""
    review: ReviewFacts
    clock: Clock

    def with_clock(self, clock: Clock) -> "Promise":
        """Return the promise with what has become of its clock."""
        return replace(self, clock=clock)


class Alert(msgspec.Struct, frozen=True, gc=False):
    """Something a person should look at."""

    tenant: str
    id: UUID
    clock_id: UUID
    review_id: str
    subject: str
    kind: str
    severity: str
    summary: str
    owner: str
    raised_at: datetime


BREACH_KIND: Final = "sla_breach"
BREACH_SEVERITY: Final = "high"


def facts_of(review_id: str, review: ReviewState) -> ReviewFacts:
    """Return what is kept of a review's state."""
    return ReviewFacts(
        id=review_id,
        source_id=review.source.id,
        source_name=review.source.name,
        external_id=review.external_id,
        subject=review.subject,
        stars=stars(review.rating),
        title=_cut(review.title, MAX_TITLE_CHARS),
        excerpt=_cut(review.text, MAX_EXCERPT_CHARS),
        url=review.url,
    )


def breach_alert_id(promise: Promise) -> UUID:
    """Return the id of the one alert that a run of a clock can raise by its breach."""
    return uuid5(promise.id, f"{BREACH_KIND}\n{promise.clock.run}")


def breach_alert(promise: Promise, owner: str, now: datetime) -> Alert:
    """Return the alert that a breach raises."""
    return Alert(
        tenant=promise.tenant,
        id=breach_alert_id(promise),
        clock_id=promise.id,
        review_id=promise.review.id,
        subject=promise.review.subject,
        kind=BREACH_KIND,
        severity=BREACH_SEVERITY,
        summary=f"{stars_text(promise.review.stars)} review of {promise.review.subject} not answered in time",
        owner=owner,
        raised_at=now,
    )


def stars_text(count: int) -> str:
    """Return "1-star", "2-star"."""
    return f"{count}-star"


def _cut(text: str | None, max_chars: int) -> str | None:
    if text is None or len(text) <= max_chars:
        return text
    return text[: max_chars - len(_ELLIPSIS)].rstrip() + _ELLIPSIS


def is_web_address(url: str) -> bool:
    """Whether a stranger's address may become a link: http or https, with a host, in one printable word."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
