"""Scoring on a migrated database of each test's own: its application, and its groups without a broker."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit.common.api_keys import commands as api_keys
from plaudit.common.contracts import REVIEWS, ReviewState
from plaudit.common.db import Database, Role, Tx
from plaudit.common.kafka.subscription import Handler, Subscription
from plaudit.common.process import Resources
from plaudit.common.tenants import commands as tenants
from plaudit.scoring.cells import commands as cells
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.main import SERVICE, build
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.sums.domain.review import ScoredChange
from plaudit_testing.answered import Answering
from plaudit_testing.databases import NO_KAFKA, PATIENT, migrated
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.review_events import pending_envelope, record_of
from plaudit_testing.servers import PostgresServer


@pytest.fixture
def scoring_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a database with the schemas `common` and `scoring`, and nothing in them."""
    template = postgres_server.template("scoring", lambda dsn: migrated(dsn, SERVICE.name))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
def more_settings() -> dict[str, Any]:
    """What a test file sets beyond the defaults."""
    return {"kafka_bootstrap_servers": NO_KAFKA}


@pytest.fixture
async def resources(scoring_url: str, more_settings: dict[str, Any]) -> AsyncIterator[Resources[ScoringSettings]]:
    """What scoring's parts are built from."""
    settings = ScoringSettings.model_validate({"database_url": scoring_url, **PATIENT, **more_settings})
    made = Resources(settings, SERVICE.name)
    yield made
    await made.close()


@pytest.fixture
def worker(resources: Resources[ScoringSettings]) -> Database:
    """Connections that see every tenant's rows."""
    return resources.database(Role.WORKER)


@pytest.fixture
async def worker_tx(worker: Database) -> AsyncIterator[Tx]:
    """An open transaction of the worker."""
    async with worker.transaction() as tx:
        yield tx


@pytest.fixture
async def superuser(scoring_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees and may change everything, as only a test may."""
    connection = await asyncpg.connect(scoring_url)
    yield connection
    await connection.close()


@pytest.fixture
async def client_of(
    resources: Resources[ScoringSettings], scoring_url: str
) -> AsyncIterator[Callable[..., Awaitable[httpx.AsyncClient]]]:
    """Makes clients of the API with a key of a tenant and these scopes; the tenant is made where it is new."""
    app = build(resources).app
    assert app is not None
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    made: list[httpx.AsyncClient] = []

    async def make(tenant_id: str = "default", *scopes: str) -> httpx.AsyncClient:
        async with owner.transaction() as tx:
            await tenants.create(tx, tenant_id, tenant_id)
            key = await api_keys.create(tx, tenant_id, "test", scopes or ("scores:read",))
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://scoring.example",
            timeout=DEADLINE_SECONDS,
            headers={"authorization": f"Bearer {key}"},
        )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()
    await owner.close()


@pytest.fixture
async def api(client_of: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    """A client of the tenant `default` that may read scores."""
    return await client_of()


@pytest.fixture
async def staff(client_of: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    """A browser of the tenant `default`, signed in by a key that may read scores."""
    client = await client_of()
    key = client.headers.pop("authorization").removeprefix("Bearer ")
    client.headers["accept"] = "text/html"
    signed_in = await client.post("/sign-in", data={"key": key}, headers={"sec-fetch-site": "same-origin"})
    assert signed_in.status_code == 303
    return client


class Bus:
    """Changes of reviews, given to the handlers of both groups as the runner gives them."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker
        self._sequence = 0
        self._handlers: dict[str, Handler[ScoredChange]] = {}

    async def tell(
        self, before: ReviewState | None, after: ReviewState | None, *, partition: int = 0, **envelope: Any
    ) -> None:
        """One change, for both groups."""
        pending = pending_envelope(before, after, **envelope)
        self._sequence += 1
        for subscription in (LIVE, HISTORY):
            await self.give(subscription, pending, self._sequence, partition)

    async def give(
        self, subscription: Subscription[ScoredChange], pending: bytes, sequence: int, partition: int = 0
    ) -> None:
        """One record, for one group."""
        record = record_of(subscription, pending, sequence, partition)
        handle = self._handlers.setdefault(subscription.group, subscription.handler())
        async with self._worker.transaction() as tx:
            assert await handle(tx, [record]) == ()


@pytest.fixture
def bus(worker: Database) -> Bus:
    """Gives changes of reviews to both groups."""
    return Bus(worker)


class Cells:
    """Makes cells of subjects as if they were large, in steps so small that a short history takes many."""

    def __init__(self, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        self._worker = worker
        self._superuser = superuser
        monkeypatch.setattr(cells, "MAX_RECORDS", 3)
        monkeypatch.setattr(cells, "FILLED_ENTRIES", 12)

    async def name_large(self, *prefixes: str) -> None:
        """From now on they have cells, which are to be filled."""
        await self._superuser.executemany(
            "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ('default', $1)",
            [(each,) for each in prefixes],
        )

    async def carry_on(self, steps: int = 1) -> None:
        """So many steps of the job."""
        for _ in range(steps):
            async with self._worker.driver_transaction() as tx:
                await cells.carry_on(tx)

    async def fill(self) -> None:
        """All steps until the cells are filled; what came last may be left to the tail."""
        while await self._superuser.fetchval(
            "SELECT NOT coalesce(bool_and(is_filled), true) FROM scoring.celled_prefixes"
        ):
            await self.carry_on()


@pytest.fixture
def large(worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> Cells:
    """Makes cells of subjects."""
    return Cells(worker, superuser, monkeypatch)


class Groups:
    """Both groups, which note where they stand as the runner does."""

    def __init__(self, bus: Bus, superuser: asyncpg.Connection) -> None:
        self._bus = bus
        self._superuser = superuser
        self.sequences: dict[int, int] = {}

    async def tell(self, *states: ReviewState | None, partition: int = 0, only: str = "", **more: Any) -> None:
        """A change, for both groups or one of them alone."""
        pending = pending_envelope(*states, **more)
        sequence = self.sequences[partition] = self.sequences.get(partition, 0) + 1
        for subscription in (LIVE, HISTORY):
            if only in {"", subscription.group}:
                await self._bus.give(subscription, pending, sequence, partition)
                await self.stand(subscription.group, partition, sequence)

    async def stand(self, group: str, partition: int, sequence: int) -> None:
        await self._superuser.execute(
            """INSERT INTO scoring.positions VALUES ($1, $2, $3, gen_random_uuid(), $4, 1, $4)
            ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = $4, sequence = $4""",
            group,
            REVIEWS.name,
            partition,
            sequence,
        )


@pytest.fixture
def groups(bus: Bus, superuser: asyncpg.Connection) -> Groups:
    """Gives changes of reviews to both groups, which note where they stand."""
    return Groups(bus, superuser)


@pytest.fixture
def keep_half_lives(superuser: asyncpg.Connection) -> Callable[..., Awaitable[None]]:
    """Lets live add to half-lives of a tenant's own, in microseconds, from the next record on."""

    async def keep(*half_lives_us: int, tenant_id: str = "default", partitions: int = 2) -> None:
        for half_life_us in half_lives_us:
            await superuser.execute(
                """INSERT INTO scoring.half_lives (tenant_id, half_life_us, phase, wanted_at, next_turn_at)
                VALUES ($1, $2, 'kept', now(), now())""",
                tenant_id,
                half_life_us,
            )
            await superuser.execute(
                """INSERT INTO scoring.half_life_partitions
                SELECT $1, $2, partition, 0, 0, 0, true FROM generate_series(0, $3 - 1) AS partition""",
                tenant_id,
                half_life_us,
                partitions,
            )

    return keep


@pytest.fixture
def answering(worker: Database) -> Answering:
    """Tells the group of answers of reviews."""
    return Answering(worker)
