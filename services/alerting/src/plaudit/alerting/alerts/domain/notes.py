"""Messages about alerts: why somebody is told, and whether that is still wanted.

What they say is composed as they leave.

The mail of the breach itself is one about the clock; these are those that follow.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.domain.alert import ENDPOINT_KIND, PAUSE_KIND, Alert, AlertState
from plaudit.alerting.clocks.domain.about import is_web_address
from plaudit.alerting.mails.domain.words import DESK, REVIEWS, duration, moment
from plaudit.common.delivery.domain.message import Content, Message, Recipient
from plaudit.common.text import isolated, one_line

TOPIC: Final = "alert"
"""What is above the topics of all these messages."""
SILENCE_ENDED: Final = "alert.unsilenced"
"""The topic of what was still open at the end of a silence."""
RESOLVED: Final = "the alert is resolved"
LOOKED_AT: Final = "somebody looks at the alert"
CHANGED: Final = "the alert was assigned or acknowledged since"
NO_ALERT: Final = "there is no such alert any more"
MESSAGES: Final = "/console/messages"
"""The page of all messages, which an alert of a storm leads to."""
ENDPOINTS: Final = f"{MESSAGES}/endpoints"
"""The page of all endpoints, where one is enabled again."""
MAX_LISTED: Final = 50
"""Alerts that one message names."""


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


class Note(msgspec.Struct, frozen=True):
    """One message about an alert. It carries this; what it says is composed when it leaves."""

    alert_id: UUID
    generation: int
    kind: NoteKind
    number: int
    """The place in the chain; 0 beside one."""
    why: str


OVERLAPS: Final = "Does the pause still hold?"
_HEADINGS: Final = {
    NoteKind.RAISED: "Nobody answers for this",
    NoteKind.ESCALATED: "Nobody has looked at this yet",
    NoteKind.ASSIGNED: "Assigned to you",
    NoteKind.REMINDED: "Still not resolved",
    NoteKind.ACKNOWLEDGED: "Somebody looks at this",
    NoteKind.RESOLVED: "Resolved",
}

_ACTIONS: Final = {NoteKind.ACKNOWLEDGED: "acknowledge", NoteKind.RESOLVED: "resolve"}
"""What a message does to an alarm of PagerDuty or Alertmanager; others trigger it."""


def message_of(note: Note, alert: Alert, to: Recipient, not_before: datetime | None = None) -> Message:
    """Return what is queued."""
    return Message(
        tenant=alert.tenant_id,
        key=f"alert:{alert.id}:{note.generation}:{note.kind}:{note.number}",
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


def content_of(note: Note, alert: Alert, *, owner: str, now: datetime, zone: tzinfo, public_url: str) -> Content:
    """Return what a message says.

    Args:
        note: which it is.
        alert: as it stands.
        owner: the name of the person who answers for it.
        now: when it leaves.
        zone: the reader's.
        public_url: the address of Plaudit from outside; empty where it is not known.
    """
    facts = [
        ("Alert", one_line(alert.summary)),
        *([("Subject", alert.subject)] if alert.subject else ()),
        ("Owner", isolated(one_line(owner))),
        ("Since", f"{moment(alert.raised_at, zone)} ({duration(now - alert.raised_at)})"),
    ]
    if alert.state is AlertState.RESOLVED and alert.reason:
        facts.append(("Resolved", alert.reason.replace("_", " ")))
    link, label = _link(alert, public_url)
    at_desk = _at_desk(alert, public_url)
    if at_desk and at_desk != link and alert.state is AlertState.OPEN:
        facts.append(("Acknowledge it, assign it or silence it", at_desk))
    text = "\n".join((f"{note.why}\n", *(f"{name}: {words}" for name, words in facts)))
    data = {
        "alert_id": str(alert.id),
        "kind": alert.kind,
        "state": alert.state,
        "why": note.why,
        "severity": alert.severity,
        "raised_at": alert.raised_at,
        "event_action": _ACTIONS.get(note.kind, "trigger"),
    }
    return Content(_subject(note, alert), text, data=data, link=link, link_label=label)


def unsilenced_message(tenant_id: str, silence_id: UUID, open_ones: Sequence[str], to: Recipient) -> Message:
    """Return the one message that tells an owner what is still open at the end of a silence.

    Args:
        tenant_id: whose.
        silence_id: which silence.
        open_ones: what is open, in words; at most `MAX_LISTED` are shown.
        to: the owner.
    """
    more = len(open_ones) - MAX_LISTED
    lines = [f"- {one_line(each)}" for each in open_ones[:MAX_LISTED]] + ([f"and {more} more"] if more > 0 else [])
    text = "\n".join(("A silence has ended. This is still open:\n", *lines))
    return Message(
        tenant=tenant_id,
        key=f"silence:{silence_id}",
        topic=SILENCE_ENDED,
        to=to,
        content=Content(f"The silence has ended: {len(open_ones)} still open", text),
    )


def _subject(note: Note, alert: Alert) -> str:
    if note.kind is NoteKind.RAISED and alert.kind == ENDPOINT_KIND:
        return one_line(alert.summary)
    is_of_pause = note.kind is NoteKind.RAISED and alert.kind == PAUSE_KIND
    return one_line(f"{OVERLAPS if is_of_pause else _HEADINGS[note.kind]}: {alert.summary}")


def _at_desk(alert: Alert, public_url: str) -> str:
    """Return the address where the alert of a clock is acknowledged; empty where there is none."""
    url = f"{public_url.rstrip('/')}{DESK}/{alert.clock_id}"
    return url if public_url and alert.clock_id and is_web_address(url) else ""


def _link(alert: Alert, public_url: str) -> tuple[str, str]:
    console = public_url.rstrip("/")
    if alert.review_id:
        path, label = f"{REVIEWS}/{alert.review_id}", "Answer this review"
    elif alert.clock_id is not None:
        path, label = f"{DESK}/{alert.clock_id}", "Open the clock"
    elif alert.kind == ENDPOINT_KIND:
        path, label = ENDPOINTS, "Open the endpoints"
    else:
        path, label = MESSAGES, "Open all messages"
    url = f"{console}{path}"
    return (url, label) if console and is_web_address(url) else ("", "")
