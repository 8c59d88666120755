"""What helps the owner to answer a bad review: the customer's history with us, our guideline and points to cover.

It is an outline, and never a text that could be sent: an answer is written anew for each customer.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

import msgspec
from markupsafe import Markup, escape

from plaudit.alerting.clocks.domain.about import stars
from plaudit.alerting.library.domain.guideline import Revision, title_of
from plaudit.alerting.reviews.domain import MAX_COUNTED, History, Review
from plaudit.common.contracts import Severity
from plaudit.common.numerals import up_to
from plaudit.common.text import isolated, one_line, with_bdi
from plaudit.common.time_zones import local_time

CHECK: Final = "/console/answers/check"
"""The page that checks a draft of an answer."""
CHECK_WORDS: Final = "Check a draft"
OUTLINE: Final = "An outline, and no text to send: each answer is written anew."
MAX_BAD_STARS: Final = 2
BAD: Final = (Severity.NEGATIVE, Severity.DRASTIC)


class Aid(msgspec.Struct, frozen=True):
    """What helps to answer one review."""

    review: Review | None = None
    """What is known of it beside its words; none where that has not been read yet."""
    history: History | None = None
    """What its writer has written about us, this review too; none where nobody knows who it is."""
    guideline: Revision | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        return self.history is None and self.guideline is None


NO_AID: Final = Aid()


def severity_of(severity: str | None, rating: int | None) -> Severity | None:
    """Return how bad a review is: as it was told, else by its stars; none where neither is known."""
    if severity is not None:
        return Severity(severity)
    if rating is None:
        return None
    return Severity.NEGATIVE if rating <= MAX_BAD_STARS else Severity.NORMAL


def of_customer(aid: Aid, zone: tzinfo) -> tuple[str, list[str]]:
    """Return what the customer has written about us: one line for all, and one for each of the last other reviews."""
    history = aid.history
    if history is None:
        return "", []
    others = [each for each in history.last if aid.review is None or each.id != aid.review.id]
    count = up_to(history.reviews, MAX_COUNTED)
    if history.reviews <= 1 and not others:
        return "This is the customer's only review of us.", []
    head = f"The customer has written {count} reviews of us; {_answered(history.answered)} a published answer."
    return head, [_line(each, zone) for each in others]


def _answered(number: int) -> str:
    return "none of them has" if not number else f"{number:,} of them {'has' if number == 1 else 'have'}"


def _line(review: Review, zone: tzinfo) -> str:
    day = f"{local_time(review.published_at, zone):%-d %B %Y}"
    where = isolated(one_line(review.source_name))
    return f"{day}: {stars(review.rating)} of 5 stars for {review.subject} on {where}, {answered_words(review)}"


def answered_words(review: Review) -> str:
    """Return whether a review was answered, in words."""
    if review.answered_at is not None:
        return "answered"
    return "not answered" if review.is_told else "not known whether answered"


def heading_of(guideline: Revision) -> str:
    """Return what stands above the points: `Points to cover (Billing, revision 4)`."""
    return f"Points to cover ({title_of(guideline)}, revision {guideline.number})"


def as_text(aid: Aid, zone: tzinfo, check_url: str) -> list[str]:
    """Return the paragraphs that a plain mail has of it."""
    head, lines = of_customer(aid, zone)
    parts = ["\n".join((head, *(f"- {line}" for line in lines)))] if head else []
    if aid.guideline is not None:
        points = "\n".join(f"- {one_line(point)}" for point in aid.guideline.points)
        parts.append(f"{heading_of(aid.guideline)}:\n{points}")
        parts.append(f"What we stand for: {one_line(aid.guideline.stance)}\n{OUTLINE}")
        parts += [f"{CHECK_WORDS}: {check_url}"] if check_url else []
    return parts


def as_html(aid: Aid, zone: tzinfo, check_url: str) -> Markup:
    """Return the sections that a styled mail has of it."""
    head, lines = of_customer(aid, zone)
    parts: list[Markup] = []
    if head:
        parts += [_h2("The customer"), _p(head), _ul(lines)] if lines else [_h2("The customer"), _p(head)]
    if aid.guideline is not None:
        parts += [_h2(heading_of(aid.guideline)), _ul(aid.guideline.points)]
        parts.append(_p(f"What we stand for: {one_line(aid.guideline.stance)}"))
        told = Markup('{} <a href="{}" style="color:#1f5f4c">{}</a>').format(OUTLINE, check_url, CHECK_WORDS)
        style = "margin:0 0 16px;font-size:14px;color:#5c5a54"
        parts.append(Markup('<p style="{}">{}</p>').format(style, told if check_url else OUTLINE))
    return Markup("").join(parts)


def _h2(words: str) -> Markup:
    return Markup('<h2 style="margin:16px 0 6px;font-size:15px">{}</h2>').format(words)


def _p(words: str) -> Markup:
    return Markup('<p dir="auto" style="margin:0 0 8px;font-size:15px">{}</p>').format(_isolating(words))


def _ul(lines: Sequence[str]) -> Markup:
    items = Markup("").join(Markup('<li dir="auto">{}</li>').format(_isolating(line)) for line in lines)
    return Markup('<ul style="margin:0 0 12px;padding-inline-start:20px;font-size:14px;color:#3d3b36">{}</ul>').format(
        items
    )


def _isolating(words: str) -> Markup:
    return Markup(with_bdi(str(escape(words))))  # noqa: S704 - it is escaped before
