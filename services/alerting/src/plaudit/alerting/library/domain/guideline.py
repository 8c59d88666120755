"""A guideline: what we stand for in answers of a kind, and an outline of points to cover. Never a text to be sent.

A guideline is a log of revisions that nobody changes; the newest one counts. To restore an older one, or to withdraw
it, is a further revision.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.answers.domain.wording import LANGUAGES
from plaudit.alerting.library.domain.ready_text import why_ready
from plaudit.common.contracts import Severity
from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.refusals import WrongInputError
from plaudit.common.text import clean, one_line, shows

MAX_GUIDELINES: Final = 500
"""Of one tenant."""
MAX_STANCE_CHARS: Final = 1_000
MAX_POINTS: Final = 12
MAX_POINT_CHARS: Final = 200
FALLBACK_LANGUAGE: Final = "en"
SHIPPED_BY: Final = "plaudit"
"""Who made a shipped revision."""
_SEVERITIES: Final = {
    Severity.DRASTIC: (Severity.DRASTIC, Severity.NEGATIVE),
    Severity.NEGATIVE: (Severity.NEGATIVE,),
    Severity.NORMAL: (Severity.NORMAL,),
}
"""Severity of a review → those of the guidelines that are for it, the best one first; then come those for any."""


class ReadyTextError(WrongInputError):
    """A guideline reads like a text that could be sent; the text says where and why."""

    def __init__(self, field: str, reason: str) -> None:
        """Name the field, `stance` or `points/0`, and say why."""
        super().__init__(f"{reason} A guideline says what an answer has to cover, and each answer is written anew.")
        self.field = field


class InvalidGuidelineError(WrongInputError):
    """A guideline cannot be kept so; the text says why."""

    def __init__(self, field: str, reason: str) -> None:
        """Name the field and say why."""
        super().__init__(reason)
        self.field = field


class GuidelineExistsError(ValueError):
    """The tenant has a guideline for the same topic, severity and language."""


class TooManyGuidelinesError(ValueError):
    """The tenant has as many guidelines as it may."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(f"There are {MAX_GUIDELINES} guidelines already. Withdraw some that nobody needs any more.")


class UnknownGuidelineError(ValueError):
    """There is no such guideline, or no such revision of it."""


class GuidelineChangedError(ValueError):
    """Somebody else has changed the guideline since; the text says what to do."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("Somebody has changed this guideline since. Read it again, and make the change there.")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a revision of a guideline says."""

    language: str
    """In which answers are written by it; a code such as `de`."""
    topic: str | None
    """None: any."""
    severity: Severity | None
    """None: any."""
    stance: str
    """What we stand for."""
    points: tuple[str, ...]
    """What an answer covers, in this order."""

    @property
    def place(self) -> tuple[str | None, Severity | None, str]:
        """What it is for; a tenant has one guideline for each."""
        return self.topic, self.severity, self.language


class Revision(Draft, frozen=True, kw_only=True):
    """One revision of a guideline; it never changes."""

    tenant_id: str
    id: UUID
    """Of the guideline."""
    number: int
    """Counted from 1."""
    made_by: str
    made_at: datetime | None
    """None: shipped."""
    restored_from: int | None = None
    is_withdrawn: bool = False

    @property
    def is_shipped(self) -> bool:
        """Say whether Plaudit ships it."""
        return self.made_by == SHIPPED_BY


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The guideline that fits a review best, and why."""

    guideline: Revision
    reasons: tuple[str, ...]


def title_of(guideline: Draft) -> str:
    """Return what a guideline is called: its topic, else its severity."""
    if guideline.topic is not None:
        return TOPIC_TITLES.get(guideline.topic, guideline.topic)
    return "Any review" if guideline.severity is None else f"Any {guideline.severity} review"


def checked(draft: Draft) -> Draft:
    """Return a draft as it is kept: clean texts, each point in one line.

    Raises:
        InvalidGuidelineError: a field is empty, too long or unknown.
        ReadyTextError: it reads like a text that could be sent.
    """
    if draft.language not in LANGUAGES:
        raise InvalidGuidelineError("language", f"There are guidelines in {', '.join(LANGUAGES)}.")
    if draft.topic is not None and draft.topic not in TOPIC_TITLES:
        raise InvalidGuidelineError("topic", f"There is no such topic; there are {', '.join(TOPIC_TITLES)}.")
    stance = clean(draft.stance).strip()
    points = tuple(one_line(each) for each in draft.points)
    if not shows(stance) or len(stance) > MAX_STANCE_CHARS:
        raise InvalidGuidelineError("stance", f"Say what you stand for, in 1 to {MAX_STANCE_CHARS:,} characters.")
    if not 1 <= len(points) <= MAX_POINTS:
        raise InvalidGuidelineError("points", f"Give 1 to {MAX_POINTS} points to cover.")
    for place, point in enumerate(points):
        if not shows(point) or len(point) > MAX_POINT_CHARS:
            raise InvalidGuidelineError(f"points/{place}", f"A point has 1 to {MAX_POINT_CHARS} characters.")
    for field, text in [("stance", stance), *((f"points/{place}", each) for place, each in enumerate(points))]:
        reason = why_ready(text, draft.language, is_point=field != "stance")
        if reason is not None:
            raise ReadyTextError(field, reason)
    return msgspec.structs.replace(draft, stance=stance, points=points)


def best_match(
    guidelines: Iterable[Revision], *, topics: tuple[str, ...], severity: Severity | None, language: str | None
) -> Match | None:
    """Return the guideline that fits a review best, None where none does.

    One for a topic of the review goes before one for any topic, then one for its severity before one for any (a drastic
    review may take one for negative reviews), then one in its language before one in English. Of two topics, the one
    that the review mentions first counts.

    Args:
        guidelines: the newest revisions; withdrawn ones do not count.
        topics: what the review mentions.
        severity: of the review, None where nobody has judged it.
        language: its code or tag, None where it is unknown.
    """
    code = (language or "").replace("_", "-").partition("-")[0].lower() or None
    ranked = [
        (rank, each)
        for each in guidelines
        if not each.is_withdrawn and (rank := _rank(each, topics, severity, code)) is not None
    ]
    if not ranked:
        return None
    _, best = min(ranked, key=lambda each: (each[0], str(each[1].id)))
    return Match(guideline=best, reasons=_reasons(best, topics, severity, code))


def _rank(
    each: Revision, topics: tuple[str, ...], severity: Severity | None, code: str | None
) -> tuple[int, int, int] | None:
    """Return how well a guideline fits, the least best; None where it does not."""
    severities = _SEVERITIES[severity] if severity is not None else ()
    if each.topic is not None and each.topic not in topics:
        return None
    if each.severity is not None and each.severity not in severities:
        return None
    if each.language not in {code, FALLBACK_LANGUAGE}:
        return None
    by_topic = len(topics) if each.topic is None else topics.index(each.topic)
    by_severity = len(severities) if each.severity is None else severities.index(each.severity)
    return by_topic, by_severity, int(each.language != code)


def _reasons(best: Revision, topics: tuple[str, ...], severity: Severity | None, code: str | None) -> tuple[str, ...]:
    return _of_topic(best, topics), _of_severity(best, severity), _of_language(best, code)


def _of_topic(best: Revision, topics: tuple[str, ...]) -> str:
    if best.topic is not None:
        return f"The review mentions the topic {TOPIC_TITLES[best.topic]}."
    if topics:
        return "It is for any topic: none that fits is for a topic that the review mentions."
    return "It is for any topic: the review mentions none."


def _of_severity(best: Revision, severity: Severity | None) -> str:
    if best.severity is not None and best.severity == severity:
        return f"The review is {severity}."
    if best.severity is not None:
        return f"It is for {best.severity} reviews: none that fits is for {severity} ones."
    if severity is None:
        return "It is for any severity: that of the review is not known."
    return f"It is for any severity: none that fits is for {severity} reviews."


def _of_language(best: Revision, code: str | None) -> str:
    if best.language == code:
        return f"It is in the review's language, {code}."
    if code is None:
        return "It is in English: the review's language is not known."
    return f"It is in English: none that fits is in {code}."
