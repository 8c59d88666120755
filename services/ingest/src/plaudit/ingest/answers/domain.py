"""An answer that is written here, from its submission until the platform shows it or rejects it.

Only a published answer counts. How an answer gets to its platform is decided when it is written: through the platform's
interface where it has one and the source has the credentials, else by hand.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.common.text import clean, shows
from plaudit.ingest.platforms.answering import NO_LIMIT, Answering, Shown
from plaudit.ingest.reviews.domain.state import Answer, ReviewState
from plaudit.ingest.reviews.domain.times import latest
from plaudit.ingest.sources.domain import UNOPENED_CREDENTIALS

MAX_TEXT_CHARS: Final = NO_LIMIT
MAX_NAME_CHARS: Final = 200
MAX_CREDENTIALS: Final = 10
MAX_CREDENTIAL_CHARS: Final = 8_192
REPLACED: Final = "replaced by a later answer"
GONE: Final = "the platform has taken the review down"
NOT_SENT: Final = "it could not be sent for three days"
GIVE_UP_AFTER: Final = timedelta(days=3)
"""An answer that no attempt has brought to its platform by then is rejected; somebody must look after it."""
FIRST_RETRY_SECONDS: Final = 20.0
LONGEST_RETRY_SECONDS: Final = 3_600.0
FIRST_LOOK_SECONDS: Final = 60.0
LONGEST_LOOK_SECONDS: Final = 6 * 3_600.0
"""Between two looks at an answer that the platform has taken and does not show."""


class UnknownReviewError(LookupError):
    """The tenant has no such review."""


class UnknownSourceError(LookupError):
    """The tenant has no such source."""


class InvalidAnswerError(ValueError):
    """A part of an answer that cannot be; `field` names it."""

    def __init__(self, field: str, text: str) -> None:
        """Say which part, and the rule."""
        super().__init__(text)
        self.field = field


class AnswerTooLongError(ValueError):
    """The platform takes less; the text says how much."""


class AnswerUnderWayError(ValueError):
    """Another answer of the review is being sent."""


class ReviewGoneError(ValueError):
    """The platform has taken the review down, or takes no answer to it."""


class NoOpenAnswerError(ValueError):
    """No answer of the review is submitted."""


class UnknownCredentialsError(ValueError):
    """Credentials that the platform's interface does not have; the text names those that it has."""


class Via(StrEnum):
    """How an answer gets to its platform."""

    PLATFORM = "platform"
    BY_HAND = "by_hand"
    ELSEWHERE = "elsewhere"


class AnswerState(StrEnum):
    """How far an answer is. Only a published one counts."""

    SUBMITTED = "submitted"
    PUBLISHED = "published"
    REJECTED = "rejected"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as somebody gives it."""

    text: str
    via: Via
    published_at: datetime | None = None
    """Of one that is published elsewhere."""
    answered_by: str | None = None


class WrittenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was written or recorded here."""

    tenant_id: str
    id: UUID
    review_id: UUID
    source_id: UUID
    text: str
    via: Via
    state: AnswerState
    note: str | None
    """Why it is rejected, not published yet, or to be given by hand."""
    written_by: str
    """The key or the person."""
    written_at: datetime
    answered_by: str | None
    """In whose name, where somebody has said so."""
    published_at: datetime | None = None
    finished_at: datetime | None = None
    finished_by: str | None = None
    """Who noted that it is published; None where the platform told it."""
    attempts: int = 0
    """How often it was begun to be sent."""
    next_attempt_at: datetime
    accepted_at: datetime | None = None
    """When the platform took it; it may show it later."""

    @property
    def may_be_replaced(self) -> bool:
        """Whether a later answer may take its place: nothing of it has left yet."""
        return self.attempts == 0

    def published(self, at: datetime, now: datetime, by: str | None = None) -> "WrittenAnswer":
        """Return it as published at a time."""
        return replace(self, state=AnswerState.PUBLISHED, published_at=at, finished_at=now, finished_by=by, note=None)

    def rejected(self, why: str, now: datetime) -> "WrittenAnswer":
        """Return it as rejected."""
        return replace(self, state=AnswerState.REJECTED, note=why, finished_at=now)

    def shown_as(self, at: datetime) -> Answer:
        """Return what its review shows of it."""
        return Answer(text=self.text, published_at=at, state=AnswerState.PUBLISHED.value, ours=True)


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """A source whose platform is sent answers: one request at a time, and none before its time."""

    tenant_id: str
    source_id: UUID
    platform: str
    failures: int


def checked(draft: Draft, interface: Answering | None, now: datetime) -> Draft:
    """Return a draft whose text is cleaned.

    Args:
        draft: as it was given.
        interface: that of the platform; None if it has none.
        now: the present time.

    Raises:
        InvalidAnswerError: nothing can be seen of it, or its time lies ahead.
        AnswerTooLongError: the platform takes less.
    """
    text = clean(draft.text).strip()
    if not shows(text):
        raise InvalidAnswerError("text", "must hold something that can be read")
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidAnswerError("text", f"must have at most {MAX_TEXT_CHARS:,} characters")
    if draft.published_at is not None and draft.via is not Via.ELSEWHERE:
        raise InvalidAnswerError("published_at", "belongs to an answer that is published `elsewhere` already")
    if draft.published_at is not None and draft.published_at > latest(now):
        raise InvalidAnswerError("published_at", "must not lie ahead")
    too_long = interface.too_long(text) if interface is not None and draft.via is not Via.ELSEWHERE else None
    if too_long is not None:
        raise AnswerTooLongError(too_long)
    name = clean(draft.answered_by or "").strip()
    return replace(draft, text=text, answered_by=name if shows(name) else None)


def way(
    draft: Draft, platform: str, interface: Answering | None, credentials: Collection[str] | None, review: ReviewState
) -> tuple[Via, str | None]:
    """Return how an answer gets to its platform, and why it is by hand where it should not have been, or waits.

    Args:
        draft: the answer.
        platform: of the review.
        interface: of the platform, if it has one.
        credentials: the names of those of the source; None where they cannot be decrypted.
        review: as it stands.

    Raises:
        ReviewGoneError: the platform takes no answer to this review.
    """
    if draft.via is Via.ELSEWHERE:
        return draft.via, None
    if interface is not None and interface.needs_words and not shows(review.text or "") and not review.title:
        raise ReviewGoneError(f"{interface.title} takes no answer to a review without words.")
    if draft.via is Via.BY_HAND:
        return draft.via, None
    if interface is None:
        return Via.BY_HAND, f"there is no interface for answers on {platform}"
    if credentials is None:
        return Via.PLATFORM, UNOPENED_CREDENTIALS
    missing = [each.name for each in interface.credentials if each.name not in credentials]
    if missing:
        return Via.BY_HAND, f"the source lacks the credentials {', '.join(missing)}"
    return Via.PLATFORM, None


def is_told(answer: WrittenAnswer, review: ReviewState) -> bool:
    """Return whether the platform has told by itself that this answer is published.

    Whoever answers by hand may change the words.
    """
    told = review.answer
    if told is None or review.answered_at is None:
        return False
    if told.says_as(answer.text):
        return True
    return answer.via is Via.BY_HAND and not told.ours and review.answered_at >= answer.written_at


def rejection_told(answer: WrittenAnswer, review: ReviewState) -> bool:
    """Return whether the platform has told by itself that it rejects this answer."""
    told = review.answer
    return told is not None and told.state == AnswerState.REJECTED.value and told.says_as(answer.text)


def after_shown(answer: WrittenAnswer, shown: Shown, now: datetime) -> WrittenAnswer:
    """Return an answer after its platform has told how far it is."""
    accepted_at = answer.accepted_at or now
    if shown.state == "published":
        at = now if shown.at is None or shown.at > latest(now) else shown.at
        return replace(answer.published(at, now), accepted_at=accepted_at)
    if shown.state == "rejected":
        return replace(answer.rejected(shown.reason or "the platform gives no reason", now), accepted_at=accepted_at)
    return replace(answer, accepted_at=accepted_at, note="the platform has it, and does not show it yet")


def checked_credentials(given: dict[str, str], platform: str, interface: Answering | None) -> dict[str, str]:
    """Return the credentials of a source.

    Raises:
        UnknownCredentialsError: the platform's interface has no such ones.
    """
    names = [] if interface is None else [each.name for each in interface.credentials]
    if not names and given:
        raise UnknownCredentialsError(f"There is no interface for answers on {platform}.")
    if unknown := sorted(given.keys() - set(names)):
        raise UnknownCredentialsError(f"There is no credential {', '.join(unknown)}; there are {', '.join(names)}.")
    return given
