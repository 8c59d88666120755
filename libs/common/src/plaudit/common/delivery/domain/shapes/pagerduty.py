"""PagerDuty Events v2: one alert for each thread, so that the resolving message closes what the first one opened.

Limits: developer.pagerduty.com, Events API v2 overview, of 2026.
"""

from hashlib import sha256
from typing import Any, Final

import msgspec

from plaudit.common.delivery.domain.message import Content, Delivery
from plaudit.common.delivery.domain.shapes.alarm import alarm_of, instant_of
from plaudit.common.delivery.domain.shapes.request import Request
from plaudit.common.text import one_line, shortened

ENQUEUE: Final = "https://events.pagerduty.com/v2/enqueue"
MAX_SUMMARY_CHARS: Final = 1_024
MAX_DEDUP_CHARS: Final = 255
MAX_DETAIL_CHARS: Final = 20_000
ROUTING_KEY_CHARS: Final = 32
REFUSING: Final = frozenset({400})
SEVERITIES: Final = ("critical", "error", "warning", "info")
ACTIONS: Final = ("trigger", "acknowledge", "resolve")


def request_of(delivery: Delivery, content: Content, routing_key: str, source: str) -> Request:
    """Return what is sent. `data` may say `event_action` and `event_severity` or `severity`; else it opens an error.

    Args:
        delivery: its tenant and thread make the dedup key.
        content: what it says.
        routing_key: of the service at PagerDuty.
        source: where it comes from: the address of this installation.
    """
    event = _event(delivery, content, source)
    body = msgspec.json.encode({"routing_key": routing_key, **event})
    return Request(body, {"content-type": "application/json"}, msgspec.json.encode(event))


def dedup_key(delivery: Delivery, content: Content) -> str:
    """Return what tells alarms apart, hashed where that is longer than PagerDuty takes."""
    key = alarm_of(delivery, content)
    return key if len(key) <= MAX_DEDUP_CHARS else sha256(key.encode()).hexdigest()


def _event(delivery: Delivery, content: Content, source: str) -> dict[str, Any]:
    action = _one_of(content.data.get("event_action"), ACTIONS, "trigger")
    event: dict[str, Any] = {"event_action": action, "dedup_key": dedup_key(delivery, content)}
    if action != "trigger":
        return event
    event["payload"] = {
        "summary": shortened(one_line(content.subject), MAX_SUMMARY_CHARS) or delivery.topic,
        "source": source or "plaudit",
        "severity": _one_of(content.data.get("event_severity", content.data.get("severity")), SEVERITIES, "error"),
        "timestamp": instant_of(content, "raised_at") or delivery.created_at,
        "class": delivery.topic,
        "custom_details": {"text": shortened(content.text, MAX_DETAIL_CHARS)},
    }
    if content.link:
        event["links"] = [{"href": content.link, "text": content.link_label}]
    return event


def _one_of(value: object, known: tuple[str, ...], otherwise: str) -> str:
    return value if isinstance(value, str) and value in known else otherwise
