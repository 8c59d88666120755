"""Messages about alerts: why somebody is told, and whether that is still wanted.

What they say is composed as they leave: of the alert of a clock the same as the mail about the clock does.

The mail of the breach itself is one about the clock; these are those that follow.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.domain.alert import ADDRESS_KIND, ENDPOINT_KIND, PAUSE_KIND, Alert, AlertState
from plaudit.alerting.clocks.domain.about import is_web_address, stars
from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.domain.words import name_of, words_of
from plaudit.alerting.mails.domain.aid import NO_AID, Aid
from plaudit.alerting.mails.domain.words import (
    BAD,
    DESK,
    GOOD,
    Telling,
    composed,
    duration,
    facts_of,
    laid_out,
    left_in_words,
    link_to,
    moment,
    opening_of,
    review_page,
    thread_subject_of,
)
from plaudit.common.delivery.domain.message import Content, Item, Message, Recipient
from plaudit.common.text import isolated, one_line

TOPIC: Final = "alert"
"""What is above the topics of all these messages."""
RESOLVED: Final = "the alert is resolved"
LOOKED_AT: Final = "somebody looks at the alert"
CHANGED: Final = "the alert was assigned or acknowledged since"
NO_ALERT: Final = "there is no such alert any more"
MESSAGES: Final = "/console/messages"
"""The page of all messages, which an alert of a storm leads to."""
ENDPOINTS: Final = f"{MESSAGES}/endpoints"
"""The page of all endpoints, where one is enabled again."""
ALERTS: Final = "/console/alerts"
"""The page of all alerts; below it, each has a page at its id."""


class NoteKind(StrEnum):
    """Why somebody is told of an alert."""

    RAISED = "raised"
    """It is new, and no mail about a clock tells of it."""
    ESCALATED = "escalated"
    """Nobody has acknowledged it for so long."""
    ASSIGNED = "assigned"
    REMINDED = "reminded"
    """Somebody acknowledged it, and it is still not resolved."""
    ACKNOWLEDGED = "acknowledged"
    """For programs that hold an alarm of their own: somebody looks at it."""
    RESOLVED = "resolved"
    """Whoever was told of it hears that nothing is left to do."""
    UNSILENCED = "unsilenced"
    """A silence has ended, and it is still open."""


CALLS: Final = frozenset({NoteKind.RAISED, NoteKind.ESCALATED, NoteKind.REMINDED, NoteKind.UNSILENCED})
"""What calls somebody to an alert that is open; of several to one person the last one says all."""


class Note(msgspec.Struct, frozen=True):
    """One message about an alert. It carries this; what it says is composed when it leaves."""

    alert_id: UUID
    generation: int
    kind: NoteKind
    number: int
    """The place in the chain; 0 beside one."""
    why: str
    silence_id: UUID | None = None
    """The silence that has ended, where that is why."""


OVERLAPS: Final = "Does the pause still hold?"
_HEADINGS: Final = {
    NoteKind.RAISED: "Nobody answers for this",
    NoteKind.ESCALATED: "Nobody has looked at this yet",
    NoteKind.ASSIGNED: "Assigned to you",
    NoteKind.REMINDED: "Still not resolved",
    NoteKind.ACKNOWLEDGED: "Somebody looks at this",
    NoteKind.RESOLVED: "Resolved",
    NoteKind.UNSILENCED: "The silence has ended, this is still open",
}
_SEE_TO_IT: Final = "Acknowledge it, assign it or silence it"
_RAISED: Final = {PAUSE_KIND: OVERLAPS, ENDPOINT_KIND: "An endpoint gets nothing any more"}
"""What the first message of an alert says above, where it is not that nobody answers for it."""
_KINDS: Final = {
    NoteKind.RAISED: "without an owner",
    NoteKind.REMINDED: "still open",
    NoteKind.UNSILENCED: "still open",
}
"""What a count says of those that are gathered, where it is not the kind itself."""

_ACTIONS: Final = {NoteKind.ACKNOWLEDGED: "acknowledge", NoteKind.RESOLVED: "resolve"}
"""What a message does to an alarm of PagerDuty or Alertmanager; others trigger it."""


def message_of(note: Note, alert: Alert, to: Recipient, not_before: datetime | None = None) -> Message:
    """Return what is queued."""
    of_silence = "" if note.silence_id is None else f":{note.silence_id}"
    return Message(
        tenant=alert.tenant_id,
        key=f"alert:{alert.id}:{note.generation}:{note.kind}:{note.number}{of_silence}",
        topic=f"{TOPIC}.{note.kind}",
        to=to,
        content=Content(_subject(note, alert), note.why, data={"note": msgspec.to_builtins(note)}),
        thread=alert.thread,
        not_before=not_before,
        gathering=TOPIC,
        is_urgent=alert.is_urgent,
    )


def note_of(content: Content) -> Note | None:
    """Return the note that a message carries; none where it is about no single alert."""
    carried = content.data.get("note")
    return None if carried is None else msgspec.convert(carried, Note)


def why_withheld(note: Note, alert: Alert | None) -> str:
    """Return why a message is not wanted any more; empty where it is."""
    if alert is None:
        return NO_ALERT
    if note.kind is NoteKind.RESOLVED:
        return ""
    if alert.state is AlertState.RESOLVED:
        return RESOLVED
    if note.kind is NoteKind.ACKNOWLEDGED:
        return "" if alert.state is AlertState.ACKNOWLEDGED and alert.generation == note.generation else CHANGED
    if alert.state is AlertState.ACKNOWLEDGED:
        return LOOKED_AT
    return CHANGED if alert.generation != note.generation else ""


class Known(msgspec.Struct, frozen=True):
    """What is known of the thing that an alert is about."""

    clock: Clock | None = None
    """As it stands; none where the alert is about no clock."""
    history: Sequence[tuple[datetime, str]] = ()
    """What happened with the clock before its present run, the oldest first."""
    aid: Aid = NO_AID
    """What helps to answer the review."""


NOTHING_KNOWN: Final = Known()


def content_of(
    note: Note, alert: Alert, known: Known = NOTHING_KNOWN, *, owner: str, now: datetime, zone: tzinfo, public_url: str
) -> Content:
    """Return what a message says: of the alert of a clock what the mail about the clock says, too.

    Args:
        note: which it is.
        alert: as it stands.
        known: of what the alert is about.
        owner: the name of the person who answers for it.
        now: when it leaves.
        zone: the reader's.
        public_url: the address of Plaudit from outside; empty where it is not known.
    """
    data: dict[str, object] = {
        "alert_id": str(alert.id),
        "kind": alert.kind,
        "state": alert.state,
        "why": note.why,
        "severity": alert.severity,
        "raised_at": alert.raised_at,
        "event_action": _ACTIONS.get(note.kind, "trigger"),
    }
    if known.clock is None:
        return _of_alert(note, alert, known.aid, data, owner=owner, now=now, zone=zone, public_url=public_url)
    is_over = alert.state is AlertState.RESOLVED
    telling = Telling(
        subject=_subject(note, alert),
        thread_subject=thread_subject_of(known.clock),
        heading=_heading(note, alert),
        look=GOOD if is_over else BAD,
        paragraphs=(note.why, opening_of(known.clock, zone), *_missing(known.clock, zone)),
        facts=(
            *facts_of(known.clock, now, zone, is_over=is_over),
            *_since(alert, now, zone),
            *_acknowledging(alert, public_url),
        ),
        data={**data, "clock_id": str(known.clock.id)},
    )
    return composed(
        telling,
        known.clock,
        zone=zone,
        owner=owner,
        public_url=public_url,
        history=known.history,
        aid=NO_AID if is_over else known.aid,
    )


def item_of(note: Note, alert: Alert, known: Known, *, now: datetime, zone: tzinfo, public_url: str) -> Item:
    """Return what a gathered message lists of an alert; arguments as of `content_of`."""
    clock = known.clock
    link, label = _link(alert, public_url) if clock is None else link_to(clock, public_url)
    kind = _KINDS.get(note.kind, str(note.kind))
    data: dict[str, object] = {"alert_id": str(alert.id), "kind": alert.kind, "state": alert.state}
    details = (f"{_HEADINGS[note.kind].lower()} since {moment(alert.raised_at, zone)}",)
    if clock is None:
        quote = alert.title or alert.excerpt or ""
        return Item(one_line(alert.summary), kind, details, quote, link, label, None, alert.is_urgent, data)
    about, run = clock.about, clock.run
    where = "" if about.source_name is None else f" on {isolated(one_line(about.source_name))}"
    rating = () if about.stars is None else ("★" * about.stars + "☆" * (5 - about.stars),)
    return Item(
        words=f"{name_of(clock)}{where}",
        kind=kind,
        details=(*rating, *details, *_left(clock, alert, now)),
        quote=about.title or about.excerpt or "",
        link=link,
        link_label=label,
        at=run.due_at,
        is_urgent=alert.is_urgent,
        data={**data, "clock_id": str(clock.id), "subject": about.subject, "stars": about.stars, "due_at": run.due_at},
    )


def _of_alert(
    note: Note,
    alert: Alert,
    aid: Aid,
    data: Mapping[str, object],
    *,
    owner: str,
    now: datetime,
    zone: tzinfo,
    public_url: str,
) -> Content:
    """Return what is said of an alert that is about no clock."""
    facts = [("Alert", one_line(alert.summary)), *_review_facts(aid)]
    facts += [("Subject", alert.subject)] if alert.subject else []
    facts += [*_since(alert, now, zone), *_acknowledging(alert, public_url)]
    is_over = alert.state is AlertState.RESOLVED
    telling = Telling(
        subject=_subject(note, alert),
        thread_subject=alert.summary,
        heading=_heading(note, alert),
        look=GOOD if is_over else BAD,
        paragraphs=(note.why,),
        facts=tuple(facts),
        data=data,
    )
    return laid_out(
        telling,
        (alert.title, alert.excerpt),
        _link(alert, public_url),
        zone=zone,
        owner=owner,
        public_url=public_url,
        aid=NO_AID if is_over else aid,
    )


def _review_facts(aid: Aid) -> list[tuple[str, str]]:
    """Return what is known at a glance of a review that has no clock."""
    review = aid.review
    if review is None:
        return []
    number = stars(review.rating)
    rating = f"{'★' * number}{'☆' * (5 - number)} {number} of 5"
    return [("Rating", rating), ("Where", isolated(one_line(review.source_name)))]


def _missing(clock: Clock, zone: tzinfo) -> list[str]:
    """Return what is due of a clock that waits; nothing of one that has ended."""
    run = clock.run
    if not run.waiting:
        return []
    words = words_of(clock)
    is_late = run.state is State.BREACHED
    tail = (
        f"was due by {moment(run.due_at, zone)}, and {words.missing}."
        if is_late
        else (f"is due by {moment(run.due_at, zone)}.")
    )
    return [f"{words.due[0].upper()}{words.due[1:]} {tail}"]


def _since(alert: Alert, now: datetime, zone: tzinfo) -> list[tuple[str, str]]:
    facts = [("Alert since", f"{moment(alert.raised_at, zone)} ({duration(now - alert.raised_at)})")]
    if alert.state is AlertState.RESOLVED and alert.reason:
        facts.append(("Resolved", alert.reason.replace("_", " ")))
    return facts


def _acknowledging(alert: Alert, public_url: str) -> list[tuple[str, str]]:
    """Return where an alert is acknowledged, while it is open: that of a clock at the desk."""
    page = f"{ALERTS}/{alert.id}" if alert.clock_id is None else f"{DESK}/{alert.clock_id}"
    url = f"{public_url.rstrip('/')}{page}"
    if alert.state is not AlertState.OPEN or not public_url or not is_web_address(url):
        return []
    return [("Acknowledge it, assign it, silence it or resolve it" if alert.is_by_hand else _SEE_TO_IT, url)]


def _left(clock: Clock, alert: Alert, now: datetime) -> tuple[str, ...]:
    if alert.state is AlertState.RESOLVED:
        return ((alert.reason or "it ended").replace("_", " "),)
    return (left_in_words(clock.run, now),)


def _heading(note: Note, alert: Alert) -> str:
    usual = _HEADINGS[note.kind]
    return _RAISED.get(alert.kind, usual) if note.kind is NoteKind.RAISED else usual


def _subject(note: Note, alert: Alert) -> str:
    if note.kind is NoteKind.RAISED and alert.kind in {ENDPOINT_KIND, ADDRESS_KIND}:
        return one_line(alert.summary)
    is_of_pause = note.kind is NoteKind.RAISED and alert.kind == PAUSE_KIND
    return one_line(f"{OVERLAPS if is_of_pause else _HEADINGS[note.kind]}: {alert.summary}")


def is_answer_due(alert: Alert) -> bool:
    """Say whether an alert is to be answered in public: one of a review that has no clock, while it is not resolved."""
    return alert.clock_id is None and alert.state is not AlertState.RESOLVED


def _link(alert: Alert, public_url: str) -> tuple[str, str]:
    console = public_url.rstrip("/")
    if alert.review_id:
        path, label = review_page(alert.review_id, to_answer=is_answer_due(alert))
    elif alert.clock_id is not None:
        path, label = f"{DESK}/{alert.clock_id}", "Open the clock"
    elif alert.kind == ENDPOINT_KIND:
        path, label = ENDPOINTS, "Open the endpoints"
    else:
        path, label = MESSAGES, "Open all messages"
    url = f"{console}{path}"
    return (url, label) if console and is_web_address(url) else ("", "")
