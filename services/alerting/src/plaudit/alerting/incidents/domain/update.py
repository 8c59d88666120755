"""An update of an incident: what is told, written once for each language, and corrected by a revision of its own.

Each has an apology, the cause, what is done and what is done so that it does not happen again. That the cause is not
known yet is a statement of its own, which has to be chosen: it is in our words, in the language of the text.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.incidents.domain.incident import (
    Severity,
    State,
    WrongIncidentError,
    check_all,
    checked_text,
    checked_title,
)
from plaudit.alerting.incidents.domain.wording import WORDINGS, direction

MAX_PART_CHARS: Final = 4_000
"""Of the apology, the cause, the fix and the prevention each."""
MAX_REVISIONS: Final = 100
"""Of one update."""
PARTS: Final = {
    "apology": "Say that you are sorry, and for what.",
    "cause": "Say what the cause is, or choose that it is not known yet.",
    "fix": "Say what you do about it.",
    "prevention": "Say what you do so that it does not happen again.",
}
"""Part → what it is for."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What an update says in one language."""

    language: str
    title: str | None = None
    """What is wrong, for the public; the incident's title where there is none."""
    apology: str
    cause: str | None
    """None: it is not known yet."""
    fix: str
    prevention: str

    @property
    def cause_in_words(self) -> str:
        """The cause, or that it is not known yet."""
        return WORDINGS[self.language].unknown_cause if self.cause is None else self.cause

    @property
    def direction(self) -> str:
        """The direction that it is written in."""
        return direction(self.language)


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of an update; it never changes. What is told is the newest."""

    tenant_id: str
    incident_id: UUID
    number: int
    revision: int = 1
    severity: Severity
    """Of the incident then."""
    state: State
    """Of the incident from then on."""
    texts: tuple[Words, ...]
    """At least one; the first is what is shown where a language is not among them."""
    made_by: str
    made_at: datetime
    """Of the update; a correction leaves both."""
    corrected_at: datetime | None = None
    """When this revision was made, of one after the first."""
    corrected_by: str | None = None
    reason: str = ""
    """Why it was corrected, for the team."""

    def in_language(self, language: str) -> Words:
        """Return what it says in a language, or in its first one."""
        return next((each for each in self.texts if each.language == language), self.texts[0])


def checked_texts(texts: Sequence[Words]) -> tuple[Words, ...]:
    """Return the texts of an update as they are kept.

    Raises:
        WrongIncidentError: a part is missing or too long, a language comes twice, or there are no words of ours in it.
    """
    if not texts:
        raise WrongIncidentError("/texts", "Write the update in at least one language.")
    languages = [each.language for each in texts]
    for place, language in enumerate(languages):
        if language not in WORDINGS:
            raise WrongIncidentError(f"/texts/{place}/language", f"An update is written in {', '.join(WORDINGS)}.")
        if language in languages[:place]:
            raise WrongIncidentError(f"/texts/{place}/language", "There is a text in this language already.")
    check_all(*(partial(_checked, each, f"/texts/{place}") for place, each in enumerate(texts)))
    return tuple(_checked(each, f"/texts/{place}") for place, each in enumerate(texts))


def _checked(words: Words, path: str) -> Words:
    checks: dict[str, Callable[[], str]] = {}
    if words.title is not None:
        checks["title"] = partial(checked_title, words.title, f"{path}/title")
    for name, what in PARTS.items():
        if (text := getattr(words, name)) is not None:
            checks[name] = partial(checked_text, text, f"{path}/{name}", what, MAX_PART_CHARS)
    check_all(*checks.values())
    return msgspec.structs.replace(words, **{name: check() for name, check in checks.items()})
