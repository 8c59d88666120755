from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from plaudit.alerting.alerts.domain.alert import ENDPOINT_KIND, PAUSE_KIND, UNCAUGHT_KIND, Alert, AlertState
from plaudit.alerting.alerts.domain.notes import Note, NoteKind, content_of

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CLOCK = UUID("01956d00-0000-7000-8000-000000000001")
ALERT = Alert(
    tenant_id="default",
    id=UUID("01956d00-0000-7000-8000-000000000002"),
    clock_id=CLOCK,
    review_id="01956d00-0000-7000-8000-000000000003",
    subject="acme",
    kind="clock_breached",
    severity="urgent",
    summary="1-star review of acme not answered in time",
    owner="ben@acme.example",
    raised_at=AT,
)
NOTE = Note(ALERT.id, 0, NoteKind.ESCALATED, 1, "Nobody has acknowledged it.")
DESK = f"https://plaudit.example/console/desk/{CLOCK}"


def content(alert: Alert, public_url: str = "https://plaudit.example"):
    now = AT + timedelta(minutes=5)
    return content_of(NOTE, alert, owner="Ben", now=now, zone=UTC, public_url=public_url)


def test_whoever_is_told_of_an_open_alert_is_led_to_where_it_is_acknowledged():
    told = content(ALERT)
    assert f"Acknowledge it, assign it or silence it: {DESK}" in told.text
    assert told.link == f"https://plaudit.example/console/reviews/{ALERT.review_id}"


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        (PAUSE_KIND, "Does the pause still hold?"),
        (ENDPOINT_KIND, "An endpoint gets nothing any more"),
        (UNCAUGHT_KIND, "Nobody answers for this"),
    ],
)
def test_a_new_alert_says_above_what_it_is_about(kind, heading):
    note = Note(ALERT.id, 0, NoteKind.RAISED, 0, "It is new.")
    alert = msgspec.structs.replace(ALERT, kind=kind)
    told = content_of(note, alert, owner="Ben", now=AT, zone=UTC, public_url="https://plaudit.example")
    assert f">{heading}</h1>" in told.html


def test_nobody_is_asked_to_acknowledge_what_is_resolved():
    assert DESK not in content(msgspec.structs.replace(ALERT, state=AlertState.RESOLVED)).text


@pytest.mark.parametrize("public_url", ["", "https://plaudit.example"])
def test_an_alert_without_clock_and_review_leads_to_the_messages(public_url):
    told = content(msgspec.structs.replace(ALERT, clock_id=None, review_id=""), public_url)
    assert (told.link, told.link_label) == (
        (f"{public_url}/console/messages", "Open all messages") if public_url else ("", "")
    )
    assert "None" not in told.text
