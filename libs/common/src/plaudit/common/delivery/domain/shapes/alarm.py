"""An alarm of PagerDuty or Alertmanager: what it is called, and when it began and ended.

`data` of a message says `event_action` (trigger, acknowledge, resolve). It may say `alarm`, what names it where that is
not its thread, and `kind`, `raised_at` and `severity`. All messages of an alarm say the same but for the action.
"""

from datetime import UTC, datetime
from typing import Any, Final

from plaudit.common.delivery.domain.message import Content, Delivery

RESOLVE: Final = "resolve"


def alarm_of(delivery: Delivery, content: Content) -> str:
    """Return what tells alarms apart: the tenant, and what the message is about."""
    return f"{delivery.tenant_id}:{content.data.get('alarm') or delivery.thread or delivery.id}"


def name_of(delivery: Delivery, content: Content) -> str:
    """Return the name of an alarm, the same for each message about it."""
    return str(content.data.get("kind") or content.data.get("metric") or delivery.topic.partition(".")[0])


def instant_of(content: Content, name: str) -> datetime | None:
    """Return an instant of the data; None where there is none."""
    value: Any = content.data.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if isinstance(found, datetime) else None
