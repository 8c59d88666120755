"""Alerting on a migrated database, with a mailbox, end offsets that a test sets, and time that a test moves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from plaudit.alerting.alerts.commands.unreachable import recipient_watch
from plaudit.alerting.alerts.jobs import EscalationJob, SilenceJob
from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME
from plaudit.alerting.clocks.consumer import GROUP, subscription
from plaudit.alerting.clocks.domain.clock import clock_id
from plaudit.alerting.main import SERVICE, build, checks, completed, followers, gatherings, owner_of_settings
from plaudit.alerting.policies import commands as policies
from plaudit.alerting.policies.domain.default import shipped_text
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.stored import RevisionKey
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers.consumer import CONTACTS, CustomerNews
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.contracts import Answers, Envelope, ReviewChange, ReviewState
from plaudit.common.db import Database, Role, lock
from plaudit.common.db.migrate import migrate, migration, upgrade_runtime, upgrade_until
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.jobs import DeliveryJob
from plaudit.common.kafka.subscription import Record
from plaudit.common.mail.smtp import SendMail
from plaudit.common.process import Resources
from plaudit.common.tenants import commands as tenants
from plaudit.common.vault import vault_of
from plaudit_testing.clocks import PUBLISHED
from plaudit_testing.databases import PATIENT, migrated
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.mailbox import Mailbox, open_mailbox
from plaudit_testing.servers import PostgresServer
from plaudit_testing.vault import VAULT_KEYS

OWNER = "owner@acme.example"
PARTITION = 3
TYPES = {
    (False, True): "review.created",
    (True, True): "review.edited",
    (True, False): "review.removed",
    (False, False): "review.edited",
}


NO_HURRY = {**PATIENT, "smtp_timeout_seconds": 30.0}
"""No test of alerting is about how soon a server answers."""


def settings_for(database_url: str, **more: object) -> AlertingSettings:
    return AlertingSettings.model_validate(
        {
            "database_url": database_url,
            "owner_email": OWNER,
            "vault_keys": VAULT_KEYS,
            "public_url": "http://plaudit.example",
            "test_clock": True,
            "partitions": 8,
            "database_pool_size": 4,
            **NO_HURRY,
            **more,
        }
    )


@pytest.fixture
def alerting_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the schemas `common` and `alerting`, and nothing in them."""
    template = postgres_server.template("alerting", lambda dsn: migrated(dsn, "alerting"))
    dsn = postgres_server.create_database(template, request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A real SMTP server."""
    async with open_mailbox() as opened:
        yield opened


@pytest.fixture
def settings(alerting_url: str, mailbox: Mailbox) -> AlertingSettings:
    """Settings that point at this test's servers."""
    return settings_for(alerting_url, smtp_port=mailbox.port)


@pytest.fixture
async def stage(settings: AlertingSettings) -> AsyncIterator["Stage"]:
    """All of alerting but Kafka, at the moment of the publication of the tests' reviews."""
    made = Stage(settings)
    await made.move_to(PUBLISHED)
    yield made
    await made.close()


@pytest.fixture
async def database_of_before(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A database of a revision of before: that before clocks were about anything, where a test names no other."""
    dsn = postgres_server.create_database(None, request.node.name)
    settings = settings_for(dsn)
    await migrate(settings, "common")
    async with migration(settings, "alerting") as connection:
        await upgrade_runtime(connection, "alerting")
        await upgrade_until(connection, "alerting", getattr(request, "param", "0005"))
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def common_of_before(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A database in which the schema `common` is that of a revision of before, and there is no other yet."""
    dsn = postgres_server.create_database(None, request.node.name)
    async with migration(settings_for(dsn), "common") as connection:
        await upgrade_until(connection, "common", request.param)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def stage_on() -> AsyncIterator[Callable[[str], Awaitable["Stage"]]]:
    """Brings a database to the newest revisions, and alerting onto it."""
    stages: list[Stage] = []

    async def opened(dsn: str) -> Stage:
        for service in ("common", "alerting"):
            await migrate(settings_for(dsn), service)
        stages.append(Stage(settings_for(dsn)))
        return stages[-1]

    yield opened
    for each in stages:
        await each.close()


@pytest.fixture
async def first_answers_only(stage: "Stage") -> None:
    """A policy in force, for the tests' tenants, that has the shipped classes of first answers and no others."""
    api = stage.resources.database(Role.API)
    document = shipped_text().partition("  # The author edits")[0]
    for tenant in ("default", "other", "acme", "stranger"):
        async with api.driver_transaction(tenant) as tx:
            saved = await policies.save_draft(tx, tenant, document, Format.YAML, "test", {ALWAYS_NAME: ALWAYS})
        async with api.driver_transaction(tenant) as tx:
            key = RevisionKey(saved.policy.id, saved.policy.number)
            await policies.activate(tx, tenant, key, "test", {ALWAYS_NAME: ALWAYS})


@dataclass
class Stage:
    """Alerting in this process: records go to its handler as the runner brings them, time goes where the test says."""

    settings: AlertingSettings
    end_offset: int = 0
    """The end offset of every partition, which a test sets."""
    revisions: dict[str, int] = field(default_factory=dict)
    senders: list[Sender] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.resources = Resources(self.settings, SERVICE.name)
        self.worker = self.resources.database(Role.WORKER)
        self.common = Database(self.settings, "common", Role.OWNER, pool_size=1)
        self.subscription = subscription(followers(self.settings), self.settings.partitions)
        self.timers = self.new_timers()
        self.escalations = EscalationJob(self.worker, owner_of_settings(self.settings))
        self.silences = SilenceJob(self.worker, owner_of_settings(self.settings))
        self.processes: list[Resources[AlertingSettings]] = []
        self.mails = self.new_mails()
        self.clients: list[httpx.AsyncClient] = []

    def new_timers(self) -> TimerJob:
        """The timers as a process has them that has just started."""
        return self._timers_of(self.resources)

    def timers_of_another_process(self) -> TimerJob:
        """The timers of a process with connections of its own."""
        self.processes.append(Resources(self.settings, SERVICE.name))
        return self._timers_of(self.processes[-1])

    def _timers_of(self, resources: Resources[AlertingSettings]) -> TimerJob:
        return TimerJob(resources, followers(self.settings), self._end_offset)

    async def _end_offset(self, _topic: str, _partition: int) -> int:
        if self.end_offset < 0:
            raise OSError("the broker is away")
        return self.end_offset

    def new_mails(self, hand_over: SendMail | None = None) -> DeliveryJob:
        """What sends messages, as another process has it."""
        sender = Sender(self.settings, hand_over=hand_over)
        self.senders.append(sender)
        return DeliveryJob(
            self.worker,
            self.settings,
            sender,
            vault_of(self.settings),
            checks(self.settings),
            gatherings(self.settings, self.resources.outbox),
            completed(self.worker, vault_of(self.settings), None),
            watch=recipient_watch(owner_of_settings(self.settings), self.resources.outbox),
        )

    async def close(self) -> None:
        for client in self.clients:
            await client.aclose()
        for sender in self.senders:
            await sender.close()
        for resources in (self.resources, *self.processes):
            await resources.close()
        await self.common.close()

    async def move_to(self, moment: datetime) -> None:
        """Set the time; it goes on from there."""
        async with self.common.transaction() as tx:
            await tx.raw.execute(
                "INSERT INTO clock_offset (moved_by) VALUES ($1::timestamptz - clock_timestamp()) "
                "ON CONFLICT (one) DO UPDATE SET moved_by = excluded.moved_by",
                moment,
            )

    async def happens(
        self,
        before: ReviewState | None,
        after: ReviewState | None,
        recorded: datetime,
        *,
        review_id: str = "review-1",
        tenant: str = "default",
        kind: str | None = None,
        revision: int | None = None,
        answers: Answers = Answers.TOLD,
    ) -> None:
        """Change a review, and let alerting read the change."""
        await self.reads([self.record(before, after, recorded, review_id, tenant, kind, revision, answers)])

    def record(
        self,
        before: ReviewState | None,
        after: ReviewState | None,
        recorded: datetime,
        review_id: str = "review-1",
        tenant: str = "default",
        kind: str | None = None,
        revision: int | None = None,
        answers: Answers = Answers.TOLD,
    ) -> Record[ReviewChange]:
        """The record of a change, the next one of its review."""
        number = revision or self.revisions.get(review_id, 0) + 1
        self.revisions[review_id] = max(number, self.revisions.get(review_id, 0))
        self.end_offset += 1
        event = Envelope(
            specversion="1.0",
            id=str(uuid4()),
            source="/plaudit/ingest",
            type=kind or TYPES[before is not None, after is not None],
            time=recorded,
            subject=(after or before).subject,  # type: ignore[union-attr]
            tenant=tenant,
            datacontenttype="application/json",
            data=ReviewChange(review_id=review_id, revision=number, before=before, after=after, answers=answers),
            epoch="1",
            sequence=f"{self.end_offset:020d}",
        )
        return Record(event=event, partition=PARTITION, offset=self.end_offset - 1, sequence=self.end_offset, epoch=1)

    async def reads(self, records: Sequence[Record[ReviewChange]]) -> None:
        """Alerting reads a batch, as the runner has it: locks, position, handler, outbox, in one transaction."""
        async with self.worker.transaction() as tx:
            await lock(tx, {key for record in records for key in self.subscription.order_keys(record)})
            await tx.raw.execute(
                "INSERT INTO positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence) "
                "VALUES ($1, 'reviews.v1', $2, gen_random_uuid(), $3, 1, $3) "
                "ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
                GROUP,
                PARTITION,
                records[-1].offset + 1,
            )
            await self.resources.outbox.append(tx, await self.subscription.handler()(tx, records))

    async def hears(self, *records: Record[CustomerNews]) -> None:
        """Alerting reads events about customers, as the runner has it."""
        async with self.worker.transaction() as tx:
            await lock(tx, {key for record in records for key in CONTACTS.order_keys(record)})
            await CONTACTS.handler()(tx, records)

    def contact(
        self, person: str, happened_at: datetime, *, tenant: str = "default", kind: str = "customer.contacted"
    ) -> Record[CustomerNews]:
        """The record of a contact with a person."""
        data = CustomerNews(
            person=person, event_id=str(uuid4()), happened_at=happened_at, channel="phone", erased_at=happened_at
        )
        event = Envelope(
            specversion="1.0",
            id=str(uuid4()),
            source="/plaudit/ingest",
            type=kind,
            time=happened_at,
            subject=person,
            tenant=tenant,
            datacontenttype="application/json",
            data=data,
            epoch="1",
            sequence=f"{1:020d}",
        )
        return Record(event=event, partition=PARTITION, offset=0, sequence=1, epoch=1)

    async def fires(self) -> None:
        """The timers have their turns, until nothing is left to do for them."""
        while await self.timers.turn():
            pass

    async def escalates(self) -> None:
        """What time does to alerts and silences has its turns, until nothing is left to do for it now."""
        while await self.escalations.turn() or await self.silences.turn():
            pass

    async def sends(self) -> None:
        """The mails have their turns, until nothing is left to do for them now."""
        await self.mails.settle()

    async def rows(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        """Ask the database."""
        async with self.worker.transaction() as tx:
            return [dict(row) for row in await tx.raw.fetch(query, *arguments)]

    async def clock(
        self,
        review_id: str = "review-1",
        tenant: str = "default",
        metric: Metric = Metric.FIRST_ANSWER,
        instance: int = 1,
    ) -> dict[str, Any]:
        """A review's clock."""
        [row] = await self.rows(
            "SELECT * FROM clocks WHERE tenant_id = $1 AND review_id = $2 AND metric = $3 AND instance = $4",
            tenant,
            review_id,
            metric,
            instance,
        )
        assert row["id"] == clock_id(tenant, review_id, metric, instance)
        return row

    async def log(
        self, review_id: str = "review-1", metric: Metric = Metric.FIRST_ANSWER, instance: int = 1
    ) -> list[str]:
        """The kinds of a clock's log, in order; a collapsed warning is in parentheses."""
        rows = await self.rows(
            "SELECT e.kind, (e.event ->> 'percent')::int AS percent, (e.event ->> 'collapsed')::boolean AS collapsed "
            "FROM clock_events e JOIN clocks c ON c.id = e.clock_id "
            "WHERE c.review_id = $1 AND c.metric = $2 AND c.instance = $3 ORDER BY e.id",
            review_id,
            metric,
            instance,
        )
        texts = [f"{row['kind']} {row['percent']}" if row["percent"] else row["kind"] for row in rows]
        return [f"({text})" if row["collapsed"] else text for text, row in zip(texts, rows, strict=True)]

    async def published(self, metric: Metric = Metric.FIRST_ANSWER) -> list[str]:
        """The types of the outbox, in order, of clocks of a metric and of their alerts."""
        events = await self.events()
        ids = {event["data"]["clock_id"] for event in events if event["data"].get("metric") == metric}
        return [event["type"] for event in events if event["data"]["clock_id"] in ids]

    async def events(self) -> list[dict[str, Any]]:
        """The outbox, in order."""
        rows = await self.rows("SELECT envelope FROM outbox ORDER BY id")
        return [httpx.Response(200, content=row["envelope"]).json() for row in rows]

    async def client(self, *scopes: str, tenant: str = "default") -> httpx.AsyncClient:
        """A client with an API key of a tenant, made with it where it is new."""
        async with self.common.transaction() as tx:
            await tenants.create(tx, tenant, tenant.title())
            key = await api_keys.create(tx, tenant, "test", scopes or ("*",))
        return self.plain_client(authorization=f"Bearer {key}")

    def plain_client(self, **headers: str) -> httpx.AsyncClient:
        """A client without a key."""
        app = build(self.resources).app
        assert app is not None
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://alerting.example",
            headers=headers,
            timeout=DEADLINE_SECONDS,
        )
        self.clients.append(client)
        return client


def id_of(review_id: str, tenant: str = "default") -> UUID:
    """The id of a review's clock for its first answer."""
    return clock_id(tenant, review_id, Metric.FIRST_ANSWER)
