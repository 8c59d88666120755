"""The peers read what the product stores, so that they can be measured beside it."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from benchmarks.peers import floor
from benchmarks.peers.signing_keys import signing_keys
from plaudit.common.standard_webhooks import decode_secret
from plaudit_testing.databases import migrated
from plaudit_testing.running_ingest import Ingest, running_ingest
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture
def ingest_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    template = postgres_server.template("ingest", lambda dsn: migrated(dsn, "ingest"))
    dsn = postgres_server.create_database(template, name=request.node.name)
    yield dsn
    postgres_server.drop_database(dsn)


@pytest.fixture
async def ingest(ingest_url: str) -> AsyncIterator[Ingest]:
    async with running_ingest(ingest_url) as opened:
        yield opened


async def test_peers_know_the_key_of_each_source_that_the_product_made(ingest: Ingest) -> None:
    made = [await ingest.source(subject=subject) for subject in ("acme", "zoo")]
    keys = {UUID(source.id): decode_secret(source.secret) for source in made}
    assert await signing_keys(ingest.resources.settings) == keys
    prepared = await floor.prepare(ingest.resources.settings)
    assert {name.decode(): key for name, (_, key) in prepared.items()} == {
        str(source_id): key for source_id, key in keys.items()
    }


async def test_the_floor_writes_deliveries_as_the_product_stores_them(ingest: Ingest) -> None:
    source = await ingest.source()
    prepared = await floor.prepare(ingest.resources.settings)
    source_id, _ = prepared[source.id.encode()]
    await ingest.superuser.execute(floor.INSERT, [UUID(int=1)], [source_id], ["msg_1"], [b"{}"])
    assert await ingest.superuser.fetchval("SELECT count(*) FROM floor.deliveries") == 1
