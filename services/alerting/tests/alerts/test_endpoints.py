"""Endpoints are told of every event of the topics that they take; alarms of others begin and end with ours."""

import json
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from prometheus_client import REGISTRY

from plaudit.alerting.alerts.consumer import board_endpoint_subscription, endpoint_subscription
from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.contracts import Envelope
from plaudit.common.db import Role
from plaudit.common.kafka.subscription import Record
from plaudit.common.standard_webhooks import decode_secret, verify
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.delivering import leading_to, made_on, open_endpoint, says
from plaudit_testing.mailbox import told_by

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

ESCALATED = """\
people:
  - {{address: ada@acme.example, name: Ada}}
  - {{address: ben@acme.example, name: Ben}}
teams:
  - {{name: berlin, members: [ben@acme.example]}}
escalations:
  - name: usual
    steps: [{{after: 30 min, team: berlin}}, {{after: 1 h, endpoint: {endpoint_id}}}]
assignments:
  - {{subject: acme/berlin, owner: ada@acme.example, escalation: usual}}
"""


@pytest.fixture
async def receiver():
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_endpoint())


@pytest.fixture
def settings(settings, receiver):
    return leading_to(settings, receiver)


class Bus:
    """What is published is read, as the runner has it."""

    def __init__(self, stage):
        self.stage = stage
        self.read = 0
        self.subscription = endpoint_subscription(stage.settings.public_url)

    async def reads(self, *, again=False):
        rows = await self.stage.rows("SELECT envelope FROM outbox ORDER BY id")
        records = []
        for number, row in enumerate(rows[0 if again else self.read :]):
            text = bytes(row["envelope"])[:-1] + b',"epoch":"1","sequence":"%020d"}' % (number + 1)
            event = msgspec.json.decode(text, type=Envelope[self.subscription.data])
            records.append(Record(event=event, partition=0, offset=number, sequence=number + 1, epoch=1))
        self.read = len(rows)
        async with self.stage.worker.transaction() as tx:
            await self.subscription.handler()(tx, records)
        await self.stage.sends()


@pytest.fixture
def bus(stage):
    return Bus(stage)


async def breached(stage, hours=24.01):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(hours))
    await stage.fires()


def bodies(receiver):
    return [json.loads(got.body) for got in receiver.got]


def types(receiver):
    return [body["type"] for body in bodies(receiver)]


async def test_a_webhook_gets_every_event_of_the_topics_that_it_takes_once(stage, bus, receiver):
    await made_on(stage, receiver, "clock", "alert")
    await stage.happens(None, review(), at(0))
    await bus.reads()
    await stage.move_to(at(24.01))
    await stage.fires()
    await bus.reads()
    await stage.happens(review(), answered(review(), at(25)), at(25))
    await bus.reads()
    published = [event["type"] for event in await stage.events()]
    assert sorted(types(receiver)) == sorted(published)
    assert {"clock.started", "clock.breached", "clock.fulfilled", "alert.raised", "alert.resolved"} <= set(published)
    await bus.reads(again=True)
    assert len(receiver.got) == len(published)
    [raised] = [body for body in bodies(receiver) if body["type"] == "alert.raised"]
    [event] = [each for each in await stage.events() if each["type"] == "alert.raised"]
    assert raised["data"]["event"]["data"] == event["data"]
    assert raised["data"]["event"]["subject"] == "acme/berlin"
    links = {body["type"]: body["data"]["link"] for body in bodies(receiver)}
    for due in ("clock.started", "clock.breached"):
        assert links[due] == "http://plaudit.example/console/answers/review-1#selected", due
    for other in ("clock.fulfilled", "alert.raised", "alert.resolved"):
        assert links[other] == "http://plaudit.example/console/reviews/review-1", other


async def test_only_events_of_the_topics_that_it_takes_and_of_its_tenant(stage, bus, receiver):
    await made_on(stage, receiver, "clock.breached")
    await made_on(stage, receiver, "*", tenant="other")
    await breached(stage)
    await bus.reads()
    assert types(receiver) == ["clock.breached"]


async def test_where_no_endpoint_takes_an_event_nothing_is_written(stage, bus, receiver):
    await made_on(stage, receiver, "board")
    await breached(stage)
    await stage.sends()
    before = await stage.rows("SELECT count(*) AS n FROM message_deliveries")
    await bus.reads()
    assert await stage.rows("SELECT count(*) AS n FROM message_deliveries") == before


async def test_what_was_before_the_endpoint_or_long_ago_is_no_news(stage, bus, receiver):
    await breached(stage)
    await made_on(stage, receiver, "clock", "alert")
    await bus.reads()
    assert receiver.got == []
    await stage.happens(review(), answered(review(), at(25)), at(25))
    await stage.move_to(at(25) + timedelta(days=2))
    await bus.reads()
    assert receiver.got == []


async def test_pagerduty_hears_of_the_begin_the_acknowledgement_and_the_end_under_one_key(stage, bus, receiver):
    receiver.answer = lambda _: says(202)
    await made_on(stage, receiver, "alert", channel="pagerduty")
    await breached(stage)
    await bus.reads()
    [alert] = await stage.rows("SELECT id FROM alerts")
    api = await stage.client()
    assert (await api.post(f"/v1/alerts/{alert['id']}/acknowledge")).status_code < 300
    await bus.reads()
    await stage.happens(review(), answered(review(), at(25)), at(25))
    await bus.reads()
    got = bodies(receiver)
    assert [each["event_action"] for each in got] == ["trigger", "acknowledge", "resolve"]
    assert len({each["dedup_key"] for each in got}) == 1
    assert "Bearer" not in str(got)


@pytest.mark.parametrize("topic", ["alert.raised", "clock.breached"])
async def test_who_is_told_alone_that_an_alarm_begins_hears_of_its_end(stage, bus, receiver, topic):
    receiver.answer = lambda _: says(202)
    await made_on(stage, receiver, topic, channel="pagerduty")
    await breached(stage)
    await bus.reads()
    await stage.happens(review(), answered(review(), at(25)), at(25))
    await bus.reads()
    assert [each["event_action"] for each in bodies(receiver)] == ["trigger", "resolve"]


async def test_alertmanager_hears_of_the_end_with_its_time_under_one_fingerprint(stage, bus, receiver):
    await made_on(stage, receiver, "alert", channel="alertmanager")
    await breached(stage)
    await bus.reads()
    await stage.happens(review(), answered(review(), at(25)), at(25))
    await bus.reads()
    firing, resolved = ([alert] for body in bodies(receiver) for alert in body["alerts"])
    (firing,), (resolved,) = firing, resolved
    assert (firing["status"], resolved["status"]) == ("firing", "resolved")
    assert firing["fingerprint"] == resolved["fingerprint"]
    assert firing["labels"] == resolved["labels"]
    assert firing["startsAt"] == resolved["startsAt"] < resolved["endsAt"]
    assert firing["endsAt"] == "0001-01-01T00:00:00Z"


async def test_an_alarm_that_was_not_begun_is_not_ended(stage, bus, receiver):
    await made_on(stage, receiver, "clock", channel="pagerduty")
    await stage.happens(None, review(), at(0))
    await stage.happens(review(), answered(review(), at(1)), at(1))
    await bus.reads()
    assert receiver.got == []


async def test_an_alarm_whose_begin_has_not_left_when_it_ends_is_not_begun_afterwards(stage, bus, receiver):
    receiver.answer = lambda _: says(500)
    await made_on(stage, receiver, "alert", channel="pagerduty")
    await breached(stage)
    await bus.reads()
    assert len(receiver.got) == 1
    await stage.happens(review(), answered(review(), at(25)), at(25))
    receiver.answer = lambda _: says(202)
    await bus.reads()
    await stage.move_to(at(26))
    await stage.sends()
    assert [each["event_action"] for each in bodies(receiver)] == ["trigger", "resolve"]
    rows = await stage.rows("SELECT state, reason FROM message_deliveries WHERE channel = 'pagerduty' ORDER BY topic")
    assert [row["state"] for row in rows] == ["withdrawn", "sent"]


async def test_an_erased_review_is_in_no_word_of_what_endpoints_were_told(stage, bus, receiver):
    from plaudit.alerting.alerts.domain.told_events import events_thread
    from plaudit.alerting.clocks.domain.clock import thread_of
    from plaudit.common.delivery import commands as deliveries

    await made_on(stage, receiver, "clock")
    await breached(stage)
    await bus.reads()
    clock = await stage.clock()
    thread = events_thread(thread_of(clock["id"]))
    async with stage.worker.transaction() as tx:
        assert await deliveries.erase_thread(tx, "default", thread) == len(receiver.got)
    kept = await stage.rows(
        "SELECT m.content FROM messages m WHERE m.thread = $1 AND m.content NOT LIKE '%erased%'", thread
    )
    assert kept == []


async def test_an_escalation_goes_from_the_owner_to_the_team_to_the_webhook_whose_receiver_checks_the_signature(
    stage, receiver, mailbox
):
    endpoint = await made_on(stage, receiver, "board")
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        document = ESCALATED.format(endpoint_id=endpoint.endpoint.id)
        await people.save(tx, "default", document, Format.YAML, "test")
    await breached(stage)
    await stage.sends()
    assert {str(mail["To"]) for mail in mailbox.mails} == {"ada@acme.example"}
    for hours in (24.52, 25.02):
        await stage.move_to(at(hours))
        await stage.escalates()
        await stage.sends()
    assert str(mailbox.mails[-1]["To"]) == "ben@acme.example"
    [got] = receiver.got
    signed = [got.headers[name].encode() for name in ("webhook-id", "webhook-timestamp", "webhook-signature")]
    verify(*signed, got.body, [decode_secret(endpoint.secret)], int(got.headers["webhook-timestamp"]))
    body = json.loads(got.body)
    assert (body["type"], body["data"]["event_action"]) == ("alert.escalated", "trigger")
    await stage.happens(review(), answered(review(), at(25.5)), at(25.5))
    await stage.move_to(at(25.5))
    await stage.sends()
    assert [each["data"]["event_action"] for each in bodies(receiver)] == ["trigger", "resolve"]


async def test_pagerduty_in_an_escalation_hears_of_the_acknowledgement_and_the_end(stage, receiver):
    receiver.answer = lambda _: says(202)
    endpoint = await made_on(stage, receiver, "board", channel="pagerduty")
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        document = ESCALATED.format(endpoint_id=endpoint.endpoint.id)
        await people.save(tx, "default", document, Format.YAML, "test")
    await breached(stage)
    for hours in (24.52, 25.02):
        await stage.move_to(at(hours))
        await stage.escalates()
        await stage.sends()
    [alert] = await stage.rows("SELECT id FROM alerts")
    api = await stage.client()
    assert (await api.post(f"/v1/alerts/{alert['id']}/acknowledge")).status_code < 300
    await stage.sends()
    await stage.happens(review(), answered(review(), at(25.5)), at(25.5))
    await stage.sends()
    got = bodies(receiver)
    assert [each["event_action"] for each in got] == ["trigger", "acknowledge", "resolve"]
    assert len({each["dedup_key"] for each in got}) == 1


@pytest.mark.parametrize("way", ["gone", "failing"])
async def test_an_endpoint_that_is_disabled_by_itself_raises_an_alert_that_enabling_it_resolves(
    stage, bus, receiver, mailbox, way
):
    receiver.answer = lambda _: says(410 if way == "gone" else 500)
    endpoint = await made_on(stage, receiver, "clock")
    await stage.happens(None, review(), at(0))
    await bus.reads()
    for hours in () if way == "gone" else range(6, 150, 6):
        await stage.move_to(at(hours))
        if hours % 24 == 0:
            await stage.happens(None, review(), at(hours), review_id=f"review-{hours}")
            await bus.reads()
        await stage.sends()
    [alert] = await stage.rows("SELECT * FROM alerts WHERE kind = 'endpoint_disabled'")
    assert (alert["state"], alert["owner"]) == ("open", "owner@acme.example")
    assert ("410" if way == "gone" else "500") in alert["summary"]
    [mail] = [mail for mail in mailbox.mails if "is disabled" in told_by(mail)]
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "/console/messages/endpoints" in text
    assert "What happens until then is not kept for it" in text
    raised = [event for event in await stage.events() if event["data"].get("kind") == "endpoint_disabled"]
    assert [event["type"] for event in raised] == ["alert.raised"]
    api = await stage.client()
    assert (await api.post(f"/v1/endpoints/{endpoint.endpoint.id}/enable")).status_code == 200
    [alert] = await stage.rows("SELECT * FROM alerts WHERE kind = 'endpoint_disabled'")
    assert (alert["state"], alert["reason"]) == ("resolved", "enabled_or_deleted")
    told = [event for event in await stage.events() if event["data"].get("kind") == "endpoint_disabled"]
    assert [event["type"] for event in told] == ["alert.raised", "alert.resolved"]


async def test_an_endpoint_is_not_told_later_of_what_happened_while_it_was_disabled(stage, bus, receiver):
    endpoint = await made_on(stage, receiver, "clock")
    api = await stage.client()
    await api.post(f"/v1/endpoints/{endpoint.endpoint.id}/disable")
    await stage.happens(None, review(), at(0))
    await bus.reads()
    await api.post(f"/v1/endpoints/{endpoint.endpoint.id}/enable")
    assert (await api.post(f"/v1/endpoints/{endpoint.endpoint.id}/redrive")).json() == {"messages": 0}
    await stage.happens(review(), answered(review(), at(1)), at(1))
    await bus.reads()
    assert types(receiver) == ["clock.fulfilled"]


async def test_an_endpoint_that_somebody_disables_raises_no_alert(stage, receiver):
    endpoint = await made_on(stage, receiver, "clock")
    api = await stage.client()
    assert (await api.post(f"/v1/endpoints/{endpoint.endpoint.id}/disable")).status_code == 200
    assert await stage.rows("SELECT 1 FROM alerts") == []


async def test_a_test_that_fails_is_given_up_counted_and_says_why(stage, receiver):
    def counted():
        return REGISTRY.get_sample_value("plaudit_messages_failed_total", {"channel": "webhook"})

    receiver.answer = lambda _: says(500)
    endpoint = await made_on(stage, receiver, "clock")
    api, before = await stage.client(), counted()
    answer = (await api.post(f"/v1/endpoints/{endpoint.endpoint.id}/test")).json()
    assert (answer["outcome"], answer["error"]) == ("failed", "it answered 500")
    [row] = await stage.rows("SELECT state, reason FROM message_deliveries")
    assert (row["state"], row["reason"]) == ("failed", "it answered 500")
    assert counted() == before + 1


class BoardBus:
    """What the board publishes is read, as the runner has it."""

    def __init__(self, stage):
        self.stage = stage
        self.subscription = board_endpoint_subscription(stage.settings.public_url)

    def event(self, kind, **data):
        """An event of the board about one request."""
        state = {"request_id": str(UUID(int=7)), "slug": "dark-mode", "title": "Dark mode", "status": "shipped"}
        return (kind, {"request": state | data.pop("state", {}), **data})

    async def reads(self, *events):
        async with self.stage.worker.transaction() as tx:
            records = []
            for number, (kind, data) in enumerate(events):
                event = Envelope(
                    specversion="1.0",
                    id=str(uuid7()),
                    source="/plaudit/feedback-board",
                    type=kind,
                    time=tx.now,
                    subject=data["request"]["request_id"],
                    tenant="default",
                    datacontenttype="application/json",
                    data=data,
                    epoch="1",
                    sequence=f"{number + 1:020d}",
                )
                records.append(Record(event=event, partition=0, offset=number, sequence=number + 1, epoch=1))
            await self.subscription.handler()(tx, records)
        await self.stage.sends()


@pytest.fixture
def board(stage):
    return BoardBus(stage)


async def test_a_webhook_gets_what_happens_on_the_board_signed_and_without_the_key_of_a_person(stage, board, receiver):
    secret = (await made(stage, receiver, "request", "review")).secret
    await board.reads(
        board.event("request.created"),
        board.event("request.voted", person="native:anna"),
        board.event("request.unvoted", person="native:anna"),
        board.event("request.status_changed", previous_status="in_progress", reason="It is there."),
        board.event("request.merged", into={"title": "Other"}),
        board.event("request.unmerged", into={"title": "Other"}),
        board.event("review.linked", review_id="review-1"),
        board.event("review.unlinked", review_id="review-1"),
    )
    assert types(receiver) == [
        *("request.created", "request.voted", "request.unvoted", "request.status_changed"),
        *("request.merged", "request.unmerged", "review.linked", "review.unlinked"),
    ]
    changed = next(body for body in bodies(receiver) if body["type"] == "request.status_changed")
    assert changed["data"]["event"]["data"]["previous_status"] == "in_progress"
    assert changed["data"]["event"]["data"]["reason"] == "It is there."
    assert changed["data"]["subject"] == "Request: Dark mode: in progress → shipped"
    assert {body["data"]["link"] for body in bodies(receiver)} == {"http://plaudit.example/b/default/r/dark-mode"}
    assert not any(b"native:anna" in got.body for got in receiver.got)
    [first, *_] = receiver.got
    signed = [first.headers[f"webhook-{name}"].encode() for name in ("id", "timestamp", "signature")]
    verify(*signed, first.body, [decode_secret(secret)], int(first.headers["webhook-timestamp"]))


async def test_of_figures_that_change_within_a_minute_the_last_are_told(stage, board, receiver):
    await made(stage, receiver, "request.score_changed")
    for reach in (1, 2, 3):
        await stage.move_to(at(0) + timedelta(seconds=10 * reach))
        await board.reads(board.event("request.scored", state={"reach": reach}))
    assert receiver.got == [], "they wait for the minute to end"
    await stage.move_to(at(0) + timedelta(minutes=1))
    await stage.sends()
    [told] = bodies(receiver)
    assert (told["type"], told["data"]["event"]["data"]["request"]["reach"]) == ("request.score_changed", 3)
    await board.reads(board.event("request.scored", state={"reach": 4}))
    await stage.move_to(at(0) + timedelta(minutes=2))
    await stage.sends()
    assert [each["data"]["event"]["data"]["request"]["reach"] for each in bodies(receiver)] == [3, 4]


async def test_people_in_a_channel_hear_of_no_single_vote(stage, board, receiver):
    await made(stage, receiver, "*", channel="slack")
    await board.reads(
        board.event("request.voted", person="native:anna"),
        board.event("request.unvoted", person="native:anna"),
        board.event("request.scored"),
    )
    await stage.move_to(at(0) + timedelta(minutes=2))
    await stage.sends()
    assert receiver.got == []
