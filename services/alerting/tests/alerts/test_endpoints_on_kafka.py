"""Endpoints on the real runner: events that break rules, restarts, many endpoints, and the order of what was parked."""

import json
from collections import Counter
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import msgspec
import pytest

from plaudit.alerting.alerts.consumer import endpoint_subscription
from plaudit.alerting.alerts.domain.told_events import fitting
from plaudit.common.contracts.envelope import CONTENT_TYPE
from plaudit.common.db import Role
from plaudit.common.delivery.domain.endpoint import Draft
from plaudit.common.delivery.endpoints import commands as endpoints
from plaudit.common.ids import uuid7
from plaudit.common.kafka import clients
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.vault import vault_of
from plaudit_testing.clocks import at
from plaudit_testing.delivering import open_endpoint
from plaudit_testing.runtime import running, until

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

ID = "0198c0de-0000-7000-8000-000000000001"
STRANGE = [
    ("alert.raised", {"alert_id": ID}),
    ("alert.raised", {"alert_id": "no id", "kind": "breach"}),
    ("alert.raised", {}),
    ("alert.acknowledged", {"alert_id": ID, "kind": "breach", "clock_id": "no id"}),
    ("alert.resolved", {"alert_id": ["a", "list"], "kind": {}}),
    ("clock.breached", {}),
    ("clock.breached", {"clock_id": 7, "metric": ["none"], "due_at": 5}),
    ("clock.breached", {"clock_id": ID, "due_at": "soon", "raised_at": None}),
    ("clock.fulfilled", {"clock_id": "x" * 100_000, "review_id": "y" * 100_000}),
    ("alert.raised", {"alert_id": ID, "review_id": "\0", "summary": {"no": "words"}, "kind": "\0"}),
    ("alert.raised", {"alert_id": ID, "review_id": "z" * 100_000, "severity": [], "raised_at": "2026-13-01"}),
    ("consent.chosen", {"choice": "in"}),
    ("incident.opened", {"incident_id": None, "title": 5}),
    ("nobody.knows", {"anything": [1, None, {"a": "b"}]}),
]


@pytest.fixture
async def topics(kafka_topics):
    await kafka_topics.recreate({"alerts.v1": 1})


@pytest.fixture
async def receiver():
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_endpoint())


@pytest.fixture
def settings(settings, receiver, kafka_server, topics):
    networks = settings.model_validate({**settings.model_dump(), "delivery_private_networks": "127.0.0.0/8"})
    return settings.model_copy(
        update={
            "kafka_bootstrap_servers": kafka_server.bootstrap,
            "delivery_ports": (receiver.port,),
            "delivery_private_networks": networks.delivery_private_networks,
            "delivery_plain_http": True,
            "delivery_timeout_seconds": 30.0,
        }
    )


@pytest.fixture
async def bus(stage, settings):
    await stage.move_to(at(0))
    async with clients.producer(settings, "test") as producer:
        yield Bus(stage, producer)


class Bus:
    """Writes to `alerts.v1` what the outbox would, and reads it as the group does."""

    def __init__(self, stage, producer):
        self.stage = stage
        self.producer = producer
        self.sent = 0

    async def publishes(self, kind, data):
        self.sent += 1
        event = {"specversion": "1.0", "id": f"event-{self.sent}", "source": "/plaudit/alerting", "type": kind}
        event |= {"time": at(0.1).isoformat(), "subject": "acme/berlin", "tenant": "default", "data": data}
        event |= {"datacontenttype": "application/json", "epoch": "1", "sequence": f"{self.sent:020d}"}
        headers = [("content-type", CONTENT_TYPE.encode())]
        await self.producer.send_and_wait(
            "alerts.v1", msgspec.json.encode(event), key=b"default/acme", partition=0, headers=headers
        )

    def consumer(self):
        subscription = endpoint_subscription(self.stage.settings.public_url)
        return ConsumerLoop(subscription, self.stage.worker, self.stage.resources.outbox.append, self.stage.settings)

    async def has_read_all(self):
        rows = await self.stage.rows("SELECT sequence FROM positions WHERE consumer_group = 'alerting-endpoints'")
        return [row["sequence"] for row in rows] == [self.sent]

    async def reads(self):
        async with running(self.consumer()):
            await until(self.has_read_all, "the group has read all")

    async def parked(self):
        rows = await self.stage.rows("SELECT sequence, error FROM dead_letters ORDER BY sequence")
        return [(row["sequence"], row["error"]) for row in rows]


async def made(stage, receiver, channel="webhook", path=""):
    secret = "r" * 32 if channel == "pagerduty" else ""
    async with stage.resources.database(Role.API).transaction("default") as tx:
        draft = Draft(path or channel, channel, f"http://127.0.0.1:{receiver.port}/{channel}{path}", ["*"], secret)
        return await endpoints.create(
            tx, uuid7, vault_of(stage.settings), "default", draft, "person:1", [receiver.port]
        )


async def test_an_event_that_breaks_rules_is_told_as_it_is_and_none_is_set_aside(stage, bus, receiver):
    for channel in ("webhook", "slack", "teams", "pagerduty", "alertmanager"):
        await made(stage, receiver, channel)
    for kind, data in STRANGE:
        await bus.publishes(kind, data)
    await bus.reads()
    assert await bus.parked() == []
    for _ in range(3):
        await stage.sends()
    told = [json.loads(got.body)["data"]["event"] for got in receiver.got if got.path == "/webhook"]
    assert {each["id"] for each in told} == {f"event-{number + 1}" for number in range(len(STRANGE))}
    assert sorted(json.dumps(each["data"]) for each in told) == sorted(json.dumps(fitting(data)) for _, data in STRANGE)


async def test_an_event_that_names_no_alarm_begins_none(stage, bus, receiver):
    await made(stage, receiver, "pagerduty")
    await bus.publishes("alert.raised", {"kind": "breach"})
    await bus.publishes("clock.breached", {"clock_id": "no id"})
    await bus.publishes("alert.raised", {"kind": "breach", "alert_id": ID})
    await bus.reads()
    rows = await stage.rows("SELECT m.content FROM message_deliveries d JOIN messages m ON m.id = d.message_id")
    assert [json.loads(row["content"])["data"]["event"]["id"] for row in rows] == ["event-3"]


async def test_ten_endpoints_are_each_told_once_over_a_restart(stage, bus, receiver):
    for number in range(10):
        await made(stage, receiver, path=f"/{number}")
    for number in range(20):
        await bus.publishes("clock.started", {"clock_id": str(UUID(int=number))})
    async with running(bus.consumer()):
        pass
    for number in range(20, 40):
        await bus.publishes("clock.started", {"clock_id": str(UUID(int=number))})
    await bus.reads()
    async with running(bus.consumer()):
        pass
    rows = await stage.rows("SELECT outlet, count(*) AS n FROM message_deliveries GROUP BY outlet")
    assert [row["n"] for row in rows] == [40] * 10
    await stage.sends()
    counts = Counter(got.path for got in receiver.got)
    assert set(counts) == {f"/webhook/{number}" for number in range(10)}


async def test_what_ends_an_alarm_waits_with_its_begin_where_that_was_set_aside(stage, bus, receiver, alerting_url):
    await made(stage, receiver, "pagerduty")
    connection = await asyncpg.connect(alerting_url)
    await connection.execute(
        "CREATE FUNCTION alerting.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; "
        "END $$; CREATE TRIGGER refuse BEFORE INSERT ON alerting.messages FOR EACH ROW "
        "WHEN (NEW.topic = 'alert.raised') EXECUTE FUNCTION alerting.refuse()"
    )
    await connection.close()
    await bus.publishes("alert.raised", {"alert_id": ID, "kind": "breach"})
    await bus.publishes("alert.acknowledged", {"alert_id": ID, "kind": "breach"})
    await bus.publishes("alert.resolved", {"alert_id": ID, "kind": "breach"})
    await bus.reads()
    assert [sequence for sequence, _ in await bus.parked()] == [1, 2, 3]
