"""What is said when a tenant has more messages than its people can read: one message, and no further one by itself."""

from typing import Final

from plaudit.alerting.alerts.domain.alert import Alert
from plaudit.alerting.alerts.domain.notes import MESSAGES
from plaudit.common.delivery.domain.gathering import STORM_WINDOW
from plaudit.common.delivery.domain.message import Content, Message, mail_to

STORM_TOPIC: Final = "alert.storm"
OVER: Final = "over"
"""Why the alert of a storm is resolved."""


def summary_of(most_an_hour: int) -> str:
    """Return what a storm is, in one line."""
    minutes = int(STORM_WINDOW.total_seconds() // 60)
    return f"Storm: {most_an_hour:,} messages left within an hour; what follows is gathered every {minutes} minutes"


def storm_message(alert: Alert, public_url: str) -> Message:
    """Return the one message that says so to whoever answers for the tenant.

    Args:
        alert: of the storm.
        public_url: the address of Plaudit from outside; empty where it is not known.
    """
    text = (
        f"{alert.summary}.\n\n"
        "Nothing is lost: each summary lists what has come, what is urgent first and never later than a minute. When "
        "fewer messages come, each leaves by itself again."
    )
    console = public_url.rstrip("/")
    link = f"{console}{MESSAGES}" if console else ""
    return Message(
        tenant=alert.tenant_id,
        key=f"storm:{alert.id}",
        topic=STORM_TOPIC,
        to=mail_to(alert.owner),
        content=Content(alert.summary, text, link=link, link_label="Open all messages"),
        thread=alert.thread,
    )
