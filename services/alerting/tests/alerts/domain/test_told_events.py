"""What endpoints are told of each kind of event, and which of them do something to an alarm."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from plaudit.alerting.alerts.domain.told_events import TOLD_ELSEWHERE, Event, content_of, is_told, message_of
from plaudit.common.contracts import ALERTS
from plaudit.common.contracts.examples import examples
from plaudit.common.delivery.domain.message import Channel, check

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENDPOINT = UUID("01900000-0000-7000-8000-000000000001")
CLOCK = "01900000-0000-7000-8000-000000000002"
DATA = {type_: msgspec.json.decode(message)["data"] for type_, message in examples() if type_ in ALERTS.types}
CHANNELS = (Channel.WEBHOOK, Channel.SLACK, Channel.TEAMS, Channel.PAGERDUTY, Channel.ALERTMANAGER)


def event(type_, at=NOW, **changes):
    data = {**DATA[type_], **changes}
    return Event("default", "event-1", type_, at, data.get("subject", "acme/berlin"), data)


def told(type_, channel=Channel.WEBHOOK, topics=("*",), since=NOW, now=NOW, **changes):
    return is_told(event(type_, **changes), channel, list(topics), since, now)


@pytest.mark.parametrize("type_", sorted(ALERTS.types))
def test_every_event_can_be_told_and_a_webhook_that_takes_its_topic_is_told_of_it(type_):
    for channel in CHANNELS:
        message = message_of(event(type_), ENDPOINT, channel, "https://plaudit.example")
        check(message)
        assert message.content.subject
        assert message.content.link.startswith("https://plaudit.example/console/")
    assert told(type_, topics=(type_.partition(".")[0],)) is (type_ not in TOLD_ELSEWHERE)


def test_what_a_person_chooses_is_told_to_programs_only():
    heard = {channel for channel in CHANNELS if told("consent.chosen", channel)}
    assert heard == {Channel.WEBHOOK}
    said = content_of(event("consent.chosen"), "")
    assert said.subject.startswith("A person has chosen what to be written to about: ")


@pytest.mark.parametrize("type_", ["clock.breached", "alert.raised"])
def test_a_long_or_hostile_summary_stays_within_a_message(type_):
    hostile = event(type_, summary="<!channel>\r\nBcc: x " * 1_000, subject="acme")
    check(message_of(hostile, ENDPOINT, Channel.WEBHOOK, ""))
    assert "\n" not in content_of(hostile, "").subject


def test_an_alarm_of_others_hears_only_what_does_something_to_it():
    heard = {channel: {type_ for type_ in ALERTS.types if told(type_, channel, reason=None)} for channel in CHANNELS}
    assert heard[Channel.PAGERDUTY] == {
        *("alert.raised", "alert.acknowledged", "alert.resolved"),
        *("clock.breached", "clock.fulfilled", "clock.cancelled", "clock.retracted"),
    }
    assert heard[Channel.ALERTMANAGER] == heard[Channel.PAGERDUTY] - {"alert.acknowledged"}


def test_a_breach_that_a_change_of_the_rules_made_begins_no_alarm():
    assert not told("clock.breached", Channel.PAGERDUTY, reason="policy_applied")
    assert told("clock.breached", Channel.WEBHOOK, reason="policy_applied")


def test_what_was_before_the_endpoint_or_more_than_a_day_ago_is_not_told():
    assert told("clock.started")
    assert not told("clock.started", since=NOW + timedelta(seconds=1))
    assert told("clock.started", now=NOW + timedelta(days=1))
    assert not told("clock.started", now=NOW + timedelta(days=1, seconds=1))


def test_an_event_of_an_alert_and_one_of_its_clock_are_of_one_alarm():
    clock_id = "01900000-0000-7000-8000-000000000002"
    assert event("alert.raised", clock_id=clock_id).alarm == event("clock.breached", clock_id=clock_id).alarm


@pytest.mark.parametrize(
    ("data", "left"),
    [
        ({"reason": "x" * 200_000, "metric": "first_answer"}, {"metric": "first_answer", "left_out": ["reason"]}),
        ({f"member-{number}": "x" * 100 for number in range(5_000)}, {"left_out": ["*"]}),
        ({"reason": "x" * 10_000}, {"reason": "x" * 10_000}),
    ],
)
def test_an_event_that_is_larger_than_a_message_is_told_without_what_is_large(data, left):
    told = Event("default", "event-1", "clock.paused", NOW, "acme", {"clock_id": CLOCK, **data})
    message = message_of(told, ENDPOINT, Channel.WEBHOOK, "")
    check(message)
    expected = left if left == {"left_out": ["*"]} else {"clock_id": CLOCK, **left}
    assert message.content.data["event"]["data"] == expected
