"""The webhook of Prometheus Alertmanager, version 4: what Keep, OnCall, Karma and others take in as it is.

Source: prometheus/alertmanager, docs/configuration.md, `webhook_config`.
"""

from hashlib import sha256
from typing import Final

import msgspec

from plaudit.common.delivery.domain.message import Content, Delivery
from plaudit.common.delivery.domain.shapes.alarm import RESOLVE, alarm_of, instant_of, name_of
from plaudit.common.delivery.domain.shapes.request import Request
from plaudit.common.text import one_line, shortened

MAX_ANNOTATION_CHARS: Final = 10_000
FINGERPRINT_CHARS: Final = 16
NO_END: Final = "0001-01-01T00:00:00Z"
REFUSING: Final = frozenset({400, 404, 422})


def request_of(delivery: Delivery, content: Content, public_url: str) -> Request:
    """Return what is sent: one alert, firing, or resolved where `data` says `event_action: resolve`."""
    is_resolved = content.data.get("event_action") == RESOLVE
    status = "resolved" if is_resolved else "firing"
    alarm = alarm_of(delivery, content)
    name = name_of(delivery, content)
    began_at = instant_of(content, "raised_at") or instant_of(content, "due_at") or delivery.created_at
    labels = {
        "alertname": name,
        "tenant": delivery.tenant_id,
        "severity": str(content.data.get("event_severity", content.data.get("severity", "error"))),
    }
    annotations = {
        "summary": shortened(one_line(content.subject), MAX_ANNOTATION_CHARS),
        "description": shortened(content.text, MAX_ANNOTATION_CHARS),
    }
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": began_at,
        "endsAt": delivery.created_at if is_resolved else NO_END,
        "generatorURL": content.link,
        "fingerprint": sha256(alarm.encode()).hexdigest()[:FINGERPRINT_CHARS],
    }
    body = msgspec.json.encode(
        {
            "version": "4",
            "groupKey": f"{{}}:{{thread={msgspec.json.encode(alarm).decode()}}}",
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "plaudit",
            "groupLabels": {"alertname": name},
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": public_url,
            "alerts": [alert],
        }
    )
    return Request(body, {"content-type": "application/json"}, body)
