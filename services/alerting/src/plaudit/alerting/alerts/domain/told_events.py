"""What endpoints of the tenant are told of events on `alerts.v1` and `board.v1`: each event of the topics they take.

PagerDuty and Alertmanager hold alarms, not events: they are told what begins, acknowledges and ends one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.domain.alert import thread_of_alert
from plaudit.alerting.clocks.domain.about import is_web_address
from plaudit.alerting.clocks.domain.clock import thread_of
from plaudit.alerting.clocks.domain.words import WORDS
from plaudit.alerting.mails.domain.words import ANSWERED, DESK, INCIDENTS, moment, review_page
from plaudit.common.delivery.domain.message import Channel, Content, Message, endpoint, takes_topic
from plaudit.common.text import isolated, one_line, shortened

MAX_AGE: Final = timedelta(days=1)
"""An event of before is told to no endpoint: what replays or restores bring back is no news."""
ALARM_CHANNELS: Final = frozenset({Channel.PAGERDUTY, Channel.ALERTMANAGER})
TO_PEOPLE: Final = frozenset({Channel.SLACK, Channel.TEAMS})
"""Whose messages people read: many at once are one message."""
TRIGGER: Final = "trigger"
ACKNOWLEDGE: Final = "acknowledge"
RESOLVE: Final = "resolve"
TOLD_ELSEWHERE: Final = frozenset({"incident.updated", "incident.resolved"})
"""What endpoints are told with every word of it, by the incidents themselves."""
SCORE_CHANGED: Final = "request.score_changed"
FOR_PROGRAMS: Final = frozenset({"consent.chosen", "request.voted", "request.unvoted", "request.scored"})
"""What persons choose for themselves is no news for a room full of people, and neither is each figure that moves."""
NAMES: Final[Mapping[str, str]] = {"request.scored": SCORE_CHANGED}
"""Type of event → its topic, where endpoints know it by another name."""
MAX_WORDS_CHARS: Final = 500
MAX_NAME_CHARS: Final = 500
"""A longer one names nothing of ours, and would not fit into an index."""
MAX_EVENT_BYTES: Final = 50_000
"""Of the data of an event that is told whole; half of what a message may carry, since some of it stands there twice."""
MAX_MEMBER_BYTES: Final = 1_000
"""Of a member of the data of a larger event that is still told; the others are named."""
ACTIONS: Final[Mapping[str, str]] = {
    "alert.raised": TRIGGER,
    "alert.acknowledged": ACKNOWLEDGE,
    "alert.resolved": RESOLVE,
    "clock.breached": TRIGGER,
    "clock.fulfilled": RESOLVE,
    "clock.cancelled": RESOLVE,
    "clock.retracted": RESOLVE,
}
"""Type of event → what it does to an alarm; others do nothing to one."""
_BEGINS: Final[Mapping[str, str]] = {"alert": "alert.raised", "clock": "clock.breached"}
"""What is above the type of an event that ends or acknowledges an alarm → what has begun it."""
_SAID: Final[Mapping[str, str]] = {
    "clock.started": "Due",
    "clock.warned": "Soon late",
    "clock.breached": "Late",
    "clock.fulfilled": "Done",
    "clock.cancelled": "Not due any more",
    "clock.retracted": "It was in time after all",
    "alert.raised": "Alert",
    "alert.acknowledged": "Somebody looks at it",
    "alert.assigned": "It has another owner",
    "alert.silenced": "It is silenced",
    "alert.resolved": "Resolved",
    "request.created": "New request",
    "request.voted": "A vote",
    "request.unvoted": "A vote taken back",
    "request.status_changed": "Request",
    "request.merged": "Requests merged",
    "request.unmerged": "A merge undone",
    "request.scored": "New figures",
    "review.linked": "A review asks for it too",
    "review.unlinked": "A review does not ask for it",
    "incident.opened": "Incident",
    "incident.closed": "The incident is closed",
    "consent.chosen": "A person has chosen what to be written to about",
}


_DUE: Final = frozenset({"clock.started", "clock.warned", "clock.breached"})
"""Says that something is still to be done."""
_OF_ALARMS: Final = ("kind", "metric", "severity", "raised_at", "due_at")
"""What the channels of alarms look for."""


class Event(msgspec.Struct, frozen=True):
    """An event on `alerts.v1`."""

    tenant_id: str
    id: str
    type: str
    at: datetime
    subject: str
    data: Mapping[str, Any]

    @property
    def alarm(self) -> str:
        """What names its alarm: the thread of the messages about it."""
        data = self.data
        clock_id = id_in(data, "clock_id")
        if alert_id := id_in(data, "alert_id"):
            kind = name_in(data, "kind") or "alert"
            return thread_of_alert(kind, alert_id, clock_id, name_in(data, "review_id"))
        if incident_id := name_in(data, "incident_id"):
            return f"incident:{incident_id}"
        if request_id := name_in(request_in(data), "request_id"):
            return f"request:{request_id}"
        return f"event:{self.id}" if clock_id is None else thread_of(clock_id)

    @property
    def topic(self) -> str:
        """By what endpoints take it."""
        return NAMES.get(self.type, self.type)

    @property
    def thread(self) -> str:
        """The thread of what endpoints are told."""
        return events_thread(self.alarm)

    @property
    def action(self) -> str:
        """What it does to an alarm; empty for nothing. A breach by a change of the rules calls nobody."""
        is_silent = self.type == "clock.breached" and self.data.get("reason")
        return "" if is_silent or self.lacks_alarm else ACTIONS.get(self.type, "")

    @property
    def lacks_alarm(self) -> bool:
        """Say whether it would do something to an alarm, and does not tell to which."""
        named = "alert_id" if self.type.startswith("alert.") else "clock_id"
        return self.type in ACTIONS and id_in(self.data, named) is None


def id_in(data: Mapping[str, Any], name: str) -> UUID | None:
    """Return an id of an event's data; None where there is none, or what is there is none."""
    try:
        return UUID(name_in(data, name))
    except ValueError:
        return None


def name_in(data: Mapping[str, Any], name: str) -> str:
    """Return a name of an event's data; empty where there is none that fits into a thread."""
    value = data.get(name)
    if isinstance(value, str) and len(value) <= MAX_NAME_CHARS and value.isprintable():
        return value
    return ""


def request_in(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the request of the board that an event is about; nothing where it is about none."""
    found = data.get("request")
    return found if isinstance(found, dict) else {}


def events_thread(thread: str) -> str:
    """Return the thread of events, beside that of the messages to people."""
    return f"{thread}:events"


def is_told(event: Event, channel: str, topics: list[str], known_since: datetime, now: datetime) -> bool:
    """Say whether an endpoint is told of an event.

    Args:
        event: it.
        channel: of the endpoint.
        topics: that it takes.
        known_since: since when there is the endpoint.
        now: the time.
    """
    is_news = event.at >= known_since and now - event.at <= MAX_AGE
    if not is_news or event.type in TOLD_ELSEWHERE:
        return False
    if channel not in ALARM_CHANNELS:
        return takes_topic(topics, event.topic) and (channel not in TO_PEOPLE or event.type not in FOR_PROGRAMS)
    if not event.action or not _takes_alarm(topics, event):
        return False
    return channel == Channel.PAGERDUTY or event.action != ACKNOWLEDGE


def _takes_alarm(topics: list[str], event: Event) -> bool:
    """Say whether an endpoint takes an event about an alarm: who is told that one begins is told of its end, too."""
    begin = _BEGINS.get(event.type.partition(".")[0], event.type)
    return takes_topic(topics, event.topic) or takes_topic(topics, begin)


def message_of(
    event: Event, endpoint_id: UUID, channel: str, public_url: str, not_before: datetime | None = None
) -> Message:
    """Return what an endpoint is told of an event. The event is in it as it is on the bus."""
    topic = event.topic.partition(".")[0]
    return Message(
        tenant=event.tenant_id,
        key=f"event:{event.id}",
        topic=event.topic,
        to=endpoint(endpoint_id),
        content=content_of(event, public_url),
        thread=event.thread,
        not_before=not_before,
        gathering=topic if channel in TO_PEOPLE else "",
    )


def content_of(event: Event, public_url: str) -> Content:
    """Return what is said of an event."""
    link, label = _link(event, public_url)
    heading = _SAID.get(event.type, event.type.replace(".", ": ").replace("_", " "))
    said = _words(event.data, "summary") or _words(event.data, "title") or _about_request(event) or _what(event.data)
    what = shortened(one_line(said), MAX_WORDS_CHARS)
    facts = [("Subject", event.subject), *_facts(event.data)]
    # No key of a person: an erasure would not find it in what a request's endpoints were told.
    told = fitting(
        {name: value for name, value in event.data.items() if name != "person" or not request_in(event.data)}
    )
    return Content(
        subject=f"{heading}: {what}",
        text="\n".join((what, "", *(f"{name}: {words}" for name, words in facts))),
        data={
            "event": {"id": event.id, "time": event.at, "subject": event.subject, "data": told},
            "event_action": event.action or None,
            "alarm": event.alarm,
            **{name: told[name] for name in _OF_ALARMS if name in told},
        },
        link=link,
        link_label=label,
    )


def fitting(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of an event as a message can carry it: whole, or without its large members, which it names.

    What is left out is on the bus.
    """
    if len(msgspec.json.encode(data)) <= MAX_EVENT_BYTES:
        return data
    kept = {name: value for name, value in data.items() if len(msgspec.json.encode(value)) <= MAX_MEMBER_BYTES}
    named = {**kept, "left_out": sorted(data.keys() - kept.keys())}
    return named if len(msgspec.json.encode(named)) <= MAX_EVENT_BYTES else {"left_out": ["*"]}


def is_event(content: Content) -> bool:
    """Say whether a message tells an endpoint of an event."""
    return "event" in content.data


def is_trigger(content: Content) -> bool:
    """Say whether a message begins an alarm."""
    return is_event(content) and content.data.get("event_action") == TRIGGER


def told_at(event: Event, now: datetime) -> datetime | None:
    """Return until when an event waits: figures until the minute ends, since only its last ones are told."""
    if event.topic != SCORE_CHANGED:
        return None
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _about_request(event: Event) -> str:
    title = _words(request_in(event.data), "title")
    before, after = _words(event.data, "previous_status"), _words(request_in(event.data), "status")
    return f"{isolated(title)}: {before} → {after}".replace("_", " ") if title and before else title


def _what(data: Mapping[str, Any]) -> str:
    if "choice" in data:
        return f"{_words(data, 'topic')} by {_words(data, 'channel')}: {_words(data, 'choice')}"
    metric = _words(data, "metric")
    words = WORDS.get(metric)
    due = words.due if words else metric.replace("_", " ")
    return ", ".join(each for each in (due, _words(data, "subject")) if each)


def _words(data: Mapping[str, Any], name: str) -> str:
    """Return words of an event's data; empty where there are none: who wrote the event may know others than we do."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _facts(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    times = (("Due", _instant(data, "due_at")), ("Since", _instant(data, "raised_at")))
    found = [(name, moment(at)) for name, at in times if at is not None]
    if reason := data.get("reason"):
        found.append(("Why", isolated(shortened(one_line(str(reason).replace("_", " ")), MAX_WORDS_CHARS))))
    return found


def _instant(data: Mapping[str, Any], name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_words(data, name))
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


def _link(event: Event, public_url: str) -> tuple[str, str]:
    console = public_url.rstrip("/")
    data = event.data
    if slug := name_in(request_in(data), "slug"):
        url, label = f"{console}/b/{event.tenant_id}/r/{slug}", "Open the request"
    elif review_id := name_in(data, "review_id"):
        is_due = event.type in _DUE and _words(data, "metric") in ANSWERED
        path, label = review_page(review_id, to_answer=is_due)
        url = f"{console}{path}"
    elif incident_id := name_in(data, "incident_id"):
        url, label = f"{console}{INCIDENTS}/{incident_id}", "Open the incident"
    elif clock_id := id_in(data, "clock_id"):
        url, label = f"{console}{DESK}/{clock_id}", "Open the clock"
    else:
        url, label = f"{console}{DESK}", "Open the desk"
    return (url, label) if console and is_web_address(url) else ("", "")
