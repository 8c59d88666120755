"""An incident: what it is, how it goes on from state to state, and what refuses to be so."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.alerting.policies.domain.conditions import Facts
from plaudit.common.contracts.subjects import is_subject
from plaudit.common.text import clean, one_line, shows

MAX_TITLE_CHARS: Final = 200
MAX_SUBJECTS: Final = 20
MAX_LINKS: Final = 500
"""Reviews and alerts that an incident can have."""
MAX_UPDATES: Final = 1_000
"""Of one incident: six weeks of an update every hour."""
MAX_SUBSCRIBERS: Final = 5_000
"""Who are told of one incident: an update is queued for all of them in one transaction."""
MAX_ASKED: Final = 20_000
"""Who have signed up for one and not agreed yet. When there are more, who has waited longest is forgotten."""
MAX_LEARNINGS_CHARS: Final = 10_000
MAX_NOTE_CHARS: Final = 1_000
MAX_LINKED_ID_CHARS: Final = 100
SLUG_CHARS: Final = 60
SLUG_TAIL_DIGITS: Final = 6
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")


class Kind(StrEnum):
    """What kind of incident it is."""

    INCIDENT = "incident"
    DATA_BREACH = "data_breach"
    """Of personal data: the authority has to be notified within 72 hours."""


class Severity(StrEnum):
    """How severe an incident is; the policy says how often each is updated."""

    ROUTINE = "routine"
    IMPORTANT = "important"
    URGENT = "urgent"


class State(StrEnum):
    """How an incident stands."""

    OPEN = "open"
    MONITORING = "monitoring"
    """A fix is in place, and is watched."""
    RESOLVED = "resolved"
    CLOSED = "closed"
    """The learnings are written. It stays as it is."""


class Audience(StrEnum):
    """Who is told."""

    PUBLIC = "public"
    """Everybody: the public page and banner, subscribers, and endpoints."""
    SUBSCRIBERS = "subscribers"
    """Subscribers by mail, and endpoints; there is no public page."""
    INTERNAL = "internal"
    """Endpoints only."""


class Origin(StrEnum):
    """What an incident was opened from."""

    HAND = "hand"
    ALERTS = "alerts"
    REVIEWS = "reviews"


class LinkKind(StrEnum):
    """What can be linked to an incident."""

    REVIEW = "review"
    ALERT = "alert"


UPDATED_STATES: Final = frozenset((State.OPEN, State.MONITORING))
"""In which the next update is due."""
FOLLOWING: Final[Mapping[State, Collection[State]]] = {
    State.OPEN: (State.MONITORING, State.RESOLVED),
    State.MONITORING: (State.OPEN, State.RESOLVED),
    State.RESOLVED: (State.OPEN, State.CLOSED),
    State.CLOSED: (),
}
"""State → which can follow on it. A resolved incident is opened again when it comes back."""


class WrongIncidentError(Exception):
    """A field of an incident cannot be kept so; the text says why, and `field` names it."""

    def __init__(self, field: str, message: str, others: Sequence["WrongIncidentError"] = ()) -> None:
        """Take the field, as a path of the request's body, and the rule; and what is wrong with other fields."""
        super().__init__(message)
        self.field = field
        self.all: tuple[WrongIncidentError, ...] = (self, *others)
        """Itself, and what is wrong with other fields."""


class IncidentRefusedError(Exception):
    """The incident cannot be changed so as it stands; the text says what can be done."""


class UnknownIncidentError(Exception):
    """There is no such incident."""


class IncidentChangedError(Exception):
    """The incident has been changed since it was read."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident, as it stands."""

    tenant_id: str
    id: UUID
    slug: str
    """Its name in the address of its public page; it never changes."""
    title: str
    kind: Kind
    severity: Severity
    audience: Audience
    subjects: tuple[str, ...]
    """What is affected; policies and events go by the first."""
    state: State
    opened_from: Origin
    opened_at: datetime
    opened_by: str
    changed_at: datetime
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    learnings: str | None = None
    revision: int = 1
    """How many entries its log has."""
    updates: int = 0
    """The number of its newest update."""
    updated_at: datetime | None = None
    """When that was published."""
    instance: int = 0
    """Of the present clock of the next update; 0 where there was none yet."""

    @property
    def is_shown(self) -> bool:
        """Whether everybody may see it: it is public, and an update says what of it."""
        return self.audience is Audience.PUBLIC and self.updates > 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is told of it: nobody signs up for it any more."""
        return self.state in {State.RESOLVED, State.CLOSED}

    @property
    def key(self) -> str:
        """The topic's key of its events."""
        return f"{self.tenant_id}/{self.subjects[0]}"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an incident's log: who did what, and why."""

    tenant_id: str
    incident_id: UUID
    number: int
    kind: str
    at: datetime
    by: str
    note: str = ""
    data: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Link(NamedTuple):
    """A review or an alert that belongs to an incident."""

    kind: LinkKind
    id: str


class LinkedAt(NamedTuple):
    """A link, with who made it."""

    kind: str
    linked_id: str
    linked_at: datetime
    linked_by: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident is opened with."""

    title: str
    severity: Severity
    audience: Audience
    subjects: tuple[str, ...]
    links: tuple[Link, ...] = ()


def check_all(*checks: Callable[[], object]) -> None:
    """Check several fields, so that what is wrong with any of them is told at once.

    Raises:
        WrongIncidentError: of the first field that cannot be kept so, with those of the others.
    """
    found: list[WrongIncidentError] = []
    for check in checks:
        try:
            check()
        except WrongIncidentError as error:
            found += error.all
    if found:
        raise WrongIncidentError(found[0].field, str(found[0]), found[1:])


def checked(draft: Draft) -> Draft:
    """Return a draft as it is kept.

    Raises:
        WrongIncidentError: fields cannot be kept so.
    """
    check_all(
        lambda: checked_title(draft.title, "/title"),
        lambda: checked_subjects(draft.subjects),
        lambda: checked_links(draft.links),
    )
    return msgspec.structs.replace(
        draft,
        title=checked_title(draft.title, "/title"),
        subjects=checked_subjects(draft.subjects),
        links=checked_links(draft.links),
    )


def checked_title(text: str, field: str) -> str:
    """Return a title as one clean line.

    Raises:
        WrongIncidentError: nothing of it can be seen, or it is too long.
    """
    line = one_line(text)
    if not shows(line):
        raise WrongIncidentError(field, "Say in one line what is wrong.")
    if len(line) > MAX_TITLE_CHARS:
        raise WrongIncidentError(field, f"It has at most {MAX_TITLE_CHARS} characters.")
    return line


def checked_text(text: str, field: str, what: str, most: int) -> str:
    """Return a clean text.

    Raises:
        WrongIncidentError: nothing of it can be seen, or it is too long.
    """
    cleaned = clean(text).strip()
    if not shows(cleaned):
        raise WrongIncidentError(field, what)
    if len(cleaned) > most:
        raise WrongIncidentError(field, f"It has at most {most:,} characters.")
    return cleaned


def checked_note(text: str) -> str:
    """Return a note that may be left out, as a clean text.

    Raises:
        WrongIncidentError: it is too long.
    """
    return checked_text(text, "/note", "", MAX_NOTE_CHARS) if shows(text) else ""


def checked_subjects(subjects: Sequence[str]) -> tuple[str, ...]:
    """Return subjects once each, in their order.

    Raises:
        WrongIncidentError: there are none or too many, or one is malformed.
    """
    if not 0 < len(subjects) <= MAX_SUBJECTS:
        raise WrongIncidentError("/subjects", f"Name 1 to {MAX_SUBJECTS} subjects that are affected.")
    for place, each in enumerate(subjects):
        if not is_subject(each):
            raise WrongIncidentError(
                f"/subjects/{place}", "A subject is small letters, digits and hyphens, with slashes between its parts."
            )
    return tuple(dict.fromkeys(subjects))


def checked_links(links: Sequence[Link]) -> tuple[Link, ...]:
    """Return links once each.

    Raises:
        WrongIncidentError: there are too many, or an id cannot be one.
    """
    if len(links) > MAX_LINKS:
        raise WrongIncidentError("/reviews", f"An incident has at most {MAX_LINKS} reviews and alerts.")
    for each in links:
        if not 0 < len(each.id) <= MAX_LINKED_ID_CHARS or "\0" in each.id:
            raise WrongIncidentError(f"/{each.kind}s", f"An id has 1 to {MAX_LINKED_ID_CHARS} characters.")
    return tuple(dict.fromkeys(links))


def origin_of(links: Sequence[Link]) -> Origin:
    """Return what an incident with these links was opened from: alerts count first."""
    kinds = {each.kind for each in links}
    if LinkKind.ALERT in kinds:
        return Origin.ALERTS
    return Origin.REVIEWS if LinkKind.REVIEW in kinds else Origin.HAND


def slug_of(title: str, incident_id: UUID) -> str:
    """Return the name of an incident in addresses: what is ASCII of its title, and the end of its id."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    words = _NOT_IN_SLUG.sub("-", plain).strip("-")
    if len(words) > SLUG_CHARS:
        words = (words[: SLUG_CHARS + 1].rpartition("-")[0] or words[:SLUG_CHARS]).strip("-")
    return f"{words or 'incident'}-{incident_id.hex[-SLUG_TAIL_DIGITS:]}"


def check_follows(incident: Incident, state: State) -> None:
    """Check that a state can follow on the present one.

    Raises:
        IncidentRefusedError: it cannot; the text names those that can.
    """
    possible = FOLLOWING[incident.state]
    if state in possible:
        return
    if not possible:
        raise IncidentRefusedError("The incident is closed: it stays as it is. Open another one.")
    named = " or ".join(possible)
    raise IncidentRefusedError(f"The incident is {incident.state}: it can become {named}, and not {state}.")


def check_is_changeable(incident: Incident) -> None:
    """Check that an incident can still be changed.

    Raises:
        IncidentRefusedError: it is closed.
    """
    if incident.state is State.CLOSED:
        raise IncidentRefusedError("The incident is closed: it stays as it is. Open another one.")


def facts_of(incident: Incident) -> Facts:
    """Return what the conditions of policies look at: the first subject stands for all."""
    return Facts(subject=incident.subjects[0], severity=incident.severity, kind=incident.kind)
