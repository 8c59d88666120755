"""A migrated database, the board's application over it, people who use it, and reviews that arrive."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.contracts import Envelope, Kind, Origin, RawRating, ReviewChange, ReviewState, Severity, SourceRef
from plaudit.common.db import Database, Role, lock
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import Record
from plaudit.common.process import Parts, Resources
from plaudit.common.tenants import commands as tenants
from plaudit.feedback_board.links import consumer
from plaudit.feedback_board.links.domain import LinkableChange
from plaudit.feedback_board.main import SERVICE, build
from plaudit.feedback_board.requests.jobs import RecountJob
from plaudit.feedback_board.settings import BoardSettings
from plaudit_testing.databases import PATIENT, migrated
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import running
from plaudit_testing.servers import PostgresServer
from plaudit_testing.vault import VAULT_KEYS


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker of this folder known."""
    config.addinivalue_line("markers", "settings(**values): what the board is told beyond the defaults")


def _settings(database_url: str, **more: Any) -> BoardSettings:
    return BoardSettings.model_validate(
        {
            "database_url": database_url,
            "test_clock": True,
            "database_pool_size": 6,
            "least_form_seconds": 0,  # tests fill in forms faster than people
            "vault_keys": VAULT_KEYS,
            **PATIENT,
            **more,
        }
    )


@pytest.fixture
def board_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a database with the board's schema, and nothing in it."""
    template = postgres_server.template("feedback_board", lambda dsn: migrated(dsn, SERVICE.name))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
def more_settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the board is told beyond its defaults: by a test's marker `settings`."""
    marker = request.node.get_closest_marker("settings")
    return dict(marker.kwargs) if marker else {}


@pytest.fixture
async def resources(board_url: str, more_settings: dict[str, Any]) -> AsyncIterator[Resources[BoardSettings]]:
    """What the board's parts are built from."""
    made = Resources(_settings(board_url, **more_settings), SERVICE.name)
    yield made
    await made.close()


@pytest.fixture
async def parts(resources: Resources[BoardSettings]) -> AsyncIterator[Parts]:
    """The board's parts; what counts votes for requests runs, as in each process that serves them."""
    made = build(resources)
    async with running(*(job for job in made.jobs if job.with_api)):
        yield made


@pytest.fixture
def worker(resources: Resources[BoardSettings]) -> Database:
    """Connections that see every tenant's rows."""
    return resources.database(Role.WORKER)


class Clients:
    """Clients of the application, which they call in this process."""

    def __init__(self, parts: Parts, owner: Database) -> None:
        self._parts = parts
        self._owner = owner
        self._made: list[httpx.AsyncClient] = []

    async def with_key(self, tenant: str, *scopes: str) -> httpx.AsyncClient:
        """A client with an API key of a tenant, made with it where it is new."""
        return self.visitor(headers={"authorization": f"Bearer {await self.key(tenant, *scopes)}"})

    async def key(self, tenant: str, *scopes: str) -> str:
        """An API key of a tenant, made with it where it is new."""
        async with self._owner.transaction() as tx:
            await tenants.create(tx, tenant, tenant.title())
            await tenants.set_board_public(tx, tenant, on=True)
            return await api_keys.create(tx, tenant, "test", scopes)

    async def staff(self, tenant: str, *scopes: str) -> httpx.AsyncClient:
        """A browser that is signed in with a key."""
        browser = self.visitor()
        answer = await browser.post("/sign-in", data={"key": await self.key(tenant, *scopes)})
        assert answer.status_code == 303, answer.text
        return browser

    async def set_board_public(self, tenant: str, *, on: bool) -> None:
        """Switch a tenant's board on or off."""
        async with self._owner.transaction() as tx:
            await tenants.set_board_public(tx, tenant, on)

    def visitor(
        self, *, address: str = "203.0.113.7", headers: dict[str, str] | None = None, scheme: str = "http"
    ) -> httpx.AsyncClient:
        """A client without a key, from an address, that keeps its cookies and says where its forms come from."""
        assert self._parts.app is not None
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._parts.app, client=(address, 40_000)),
            base_url=f"{scheme}://board.example",
            headers={"sec-fetch-site": "same-origin"} if headers is None else headers,
            timeout=DEADLINE_SECONDS,
        )
        self._made.append(client)
        return client

    async def close(self) -> None:
        for client in self._made:
            await client.aclose()


@pytest.fixture
async def clients(parts: Parts, board_url: str) -> AsyncIterator[Clients]:
    """Makes clients with and without a key."""
    owner = Database(_settings(board_url), "common", Role.OWNER, pool_size=1)
    made = Clients(parts, owner)
    await made.set_board_public("default", on=True)
    yield made
    await made.close()
    await owner.close()


@pytest.fixture
async def api(clients: Clients) -> httpx.AsyncClient:
    """A client of the tenant `default` with every scope."""
    return await clients.with_key("default", "*")


@pytest.fixture
async def api_key(clients: Clients) -> str:
    """A key of the tenant `default` with every scope."""
    return await clients.key("default", "*")


class Reviews:
    """Reviews that arrive as they do from Kafka: under the order lock, in one transaction."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker

    def state(self, **fields: Any) -> ReviewState:
        """A review's state; published yesterday unless told otherwise."""
        published_at = fields.pop("published_at", datetime.now(UTC) - timedelta(days=1))
        return ReviewState(
            **{
                "subject": "northwind/lisbon",
                "kind": Kind.STARS,
                "rating": 2.0,
                "raw_rating": RawRating(value=2, min=1, max=5),
                "verified": True,
                "origin": Origin.ORGANIC,
                "severity": Severity.NEGATIVE,
                "source": SourceRef(id=str(uuid7()), name="Shop", platform="native", created_at=published_at),
                "external_id": "r-1",
                "published_at": published_at,
                "rated_at": published_at,
                "received_at": published_at,
                "title": "Nobody called back",
                "text": "I waited two days for an answer about the deposit.",
                "person": "native:anna",
                **fields,
            }
        )

    def record(self, change: ReviewChange, tenant: str = "default") -> Record[LinkableChange]:
        """The change as the consumer decodes it."""
        envelope: Envelope[Any] = Envelope(
            specversion="1.0",
            id=str(uuid7()),
            source="/plaudit/ingest",
            type="review.edited",
            time=datetime.now(UTC),
            subject="northwind/lisbon",
            tenant=tenant,
            datacontenttype="application/json",
            data=change,
            epoch="1",
            sequence=f"{1:020d}",
        )
        event = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope[LinkableChange])
        return Record(event=event, partition=0, offset=0, sequence=1, epoch=1)

    async def apply(self, *records: Record[LinkableChange]) -> None:
        """Run a batch through the handler."""
        async with self._worker.transaction() as tx:
            await lock(tx, [key for record in records for key in consumer.order_keys(record)])
            assert await consumer.keep(tx, records) == ()

    async def published(self, revision: int = 1, *, review_id: UUID | None = None, **fields: Any) -> UUID:
        """Let a review arrive; returns its id."""
        review_id, tenant = review_id or uuid7(), fields.pop("tenant", "default")
        change = ReviewChange(review_id=str(review_id), revision=revision, before=None, after=self.state(**fields))
        await self.apply(self.record(change, tenant))
        return review_id

    async def removed(self, review_id: UUID, revision: int = 2) -> None:
        """Let a review's removal arrive."""
        change = ReviewChange(review_id=str(review_id), revision=revision, before=self.state(), after=None)
        await self.apply(self.record(change))


@pytest.fixture
def reviews(worker: Database) -> Reviews:
    """Reviews that arrive."""
    return Reviews(worker)


class Outbox:
    """What the board has said."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker

    async def events(self) -> Sequence[dict[str, Any]]:
        """All its events in commit order."""
        async with self._worker.transaction() as tx:
            rows = await tx.raw.fetch("SELECT envelope FROM outbox ORDER BY xid, id")
        return [msgspec.json.decode(row["envelope"]) for row in rows]

    async def types(self) -> list[str]:
        """The types of all its events in commit order."""
        return [event["type"] for event in await self.events()]


@pytest.fixture
def outbox(worker: Database) -> Outbox:
    """What the board has said."""
    return Outbox(worker)


@pytest.fixture
async def request_path(api: httpx.AsyncClient) -> str:
    """The path of a request in the API."""
    made = await api.post("/v1/requests", json={"title": "Refund the deposit at once", "text": "It took eleven days."})
    assert made.status_code == 201
    return f"/v1/requests/{made.json()['id']}"


@pytest.fixture
def recount(resources: Resources[BoardSettings]) -> Any:
    """Counts what is due, as the job does; returns how many requests that were."""
    job = RecountJob(resources.database(Role.WORKER), resources.outbox, resources.ids)

    async def turn() -> int:
        saw = await job.has_work()
        done = await job.turn()
        assert saw or not done, "the job takes no turn unless it sees work"
        return done

    return turn


class Clock:
    """Moves the time of the database's clock port."""

    def __init__(self, board_url: str) -> None:
        self._settings = _settings(board_url)

    async def move_to(self, offset: timedelta) -> None:
        """Let all transactions begin so much later than they do."""
        owner = Database(self._settings, "common", Role.OWNER, pool_size=1)
        try:
            async with owner.transaction() as tx:
                await tx.raw.execute(
                    "INSERT INTO clock_offset (moved_by) VALUES ($1) ON CONFLICT (one) DO UPDATE SET moved_by = $1",
                    offset,
                )
        finally:
            await owner.close()


@pytest.fixture
def clock(board_url: str) -> Clock:
    """Moves time."""
    return Clock(board_url)
