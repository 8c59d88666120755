"""A ledger that was damaged is made anew from ingest's feed while reviews come, and every figure is right again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database
from plaudit.common.failpoints import FailpointError
from plaudit.common.ids import uuid7
from plaudit.scoring.cells.jobs import CellsJob
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.reconciliation.jobs import ReconciliationJob, reconcile
from plaudit.scoring.refills import commands
from plaudit.scoring.refills.domain import FEED_EPOCH, RefillProgress
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.refills.jobs.steps import discard, refill
from plaudit_testing.review_events import pending_envelope, review_state

pytestmark = pytest.mark.postgres

OWN_US = 3 * DAY_US
DAMAGES = {
    "entries are gone": "DELETE FROM scoring.ledger WHERE sequence % 3 = 0",
    "entries are there twice": """
        INSERT INTO scoring.ledger (tenant_id, partition, epoch, sequence, sign, review_id, revision, subject,
            source_id, traits, rating, rated_at, valid_at, known_at)
        SELECT tenant_id, partition, 0, sequence, sign, review_id, revision, subject, source_id, traits, rating,
            rated_at, valid_at, known_at
        FROM scoring.ledger WHERE sequence % 2 = 0
    """,
    "entries are wrong": "UPDATE scoring.ledger SET rating = 1, known_at = known_at + interval '1 hour' WHERE sign = 1",
    "all is gone": "DELETE FROM scoring.ledger",
}
TABLES = ("refills", "refill_tenants", "refill_places", "refill_partitions", "refill_erased", "sums_anew")


def nothing(_progress: RefillProgress) -> None:
    pass


@dataclass
class Product:
    """Ingest, both groups, and what asks them."""

    ingest: Any
    told: Any
    world: Any
    feed: Feed
    worker: Database
    owner: Database
    superuser: asyncpg.Connection
    api: httpx.AsyncClient
    ledger: Callable[[], Awaitable[list[tuple[Any, ...]]]]

    async def go_on(self, times: int) -> None:
        """Things happen, and come to both groups."""
        await self.world.go_on(times)
        await self.told.carry()

    async def refill(self, tell: Callable[[RefillProgress], None] = nothing) -> RefillProgress:
        """A process makes the ledger anew."""
        return await refill(self.worker, self.owner, self.feed, uuid7(), tell)

    async def expire(self) -> None:
        """A minute goes by since the last step."""
        await self.superuser.execute("UPDATE scoring.refills SET seen_at = seen_at - interval '61 seconds'")

    async def figures_are_right(self) -> None:
        """Sums agree with the ledger, and scores with what the events say from scratch."""
        job = ReconciliationJob(self.worker)
        while await job.sum_rounded_anew():
            pass
        outcome = await reconcile(self.worker, "default", "acme")
        assert (outcome.differing, outcome.rounded, outcome.skipped) == (0, 0, 0)
        standing = [state for state in self.told.standing().values() if state["tenant"] == "default"]
        for subject in ("acme", "acme/berlin", "acme/berlin/shop-3", "acme/paris"):
            ratings = [state["rating"] for state in standing if f"{state['subject']}/".startswith(f"{subject}/")]
            now = await self.api.get(f"/v1/scores/{subject}", params={"profile": "lifetime"})
            if now.status_code == 404:
                assert ratings == []
                continue
            params = {"profile": "lifetime", "at": now.json()["at"]}
            for answer in (now.json(), (await self.api.get(f"/v1/scores/{subject}", params=params)).json()):
                assert answer["count"] == len(ratings)
                assert answer["distribution"] == {
                    str(star): sum(int(rating + 0.5) == star for rating in ratings) for star in range(1, 6)
                }


@pytest.fixture
async def product(
    ingest: Any, source: Any, told: Any, worker: Database, owner: Database, superuser: asyncpg.Connection,
    client_of: Any, feed_of: Any, ledger: Any, keep_half_lives: Any, resources: Any, world_of: Any,
    request: pytest.FixtureRequest,
) -> Product:  # fmt: skip
    """All of it, with some history and a half-life of the tenant's own."""
    await keep_half_lives(OWN_US, partitions=resources.settings.partitions)
    world = world_of(source, getattr(request, "param", 1))
    made = Product(ingest, told, world, await feed_of(), worker, owner, superuser, await client_of(), ledger)
    await made.go_on(50)
    return made


@pytest.mark.parametrize("damage", DAMAGES)
async def test_while_reviews_come_the_ledger_is_as_it_was_and_every_figure_is_right(
    product: Product, damage: str
) -> None:
    right = await product.ledger()
    await product.superuser.execute(DAMAGES[damage])
    assert await product.ledger() != right
    asked = product.feed.page
    pages = 0

    async def page(tenant_id: str, after: str | None) -> Any:
        """Reviews come while the feed is read; now and then a group is behind."""
        nonlocal pages, right
        found = await asked(tenant_id, after)
        pages += 1
        before = await product.ledger()
        await product.world.go_on(2)
        await product.told.publish(1)
        await product.told.take(LIVE if pages % 2 else HISTORY)
        await product.told.carry()
        right = sorted(right + without(await product.ledger(), before))
        return found

    product.feed.page = page  # type: ignore[method-assign] # the last word of the feed, with what happens meanwhile
    told: list[RefillProgress] = []
    done = await product.refill(told.append)

    assert pages > 4
    assert (done.refused, done.tenants_read, done.records_left) == (0, 1, 0)
    assert [each.revisions for each in told] == sorted(each.revisions for each in told)
    assert await product.ledger() == right
    await product.figures_are_right()
    assert await product.superuser.fetchval("SELECT count(*) FROM scoring.ledger WHERE epoch = $1", FEED_EPOCH) > 0
    for table in TABLES:
        assert await product.superuser.fetchval(f"SELECT count(*) FROM scoring.{table}") == 0

    await product.go_on(20)
    await product.figures_are_right()


def without_topics(entries: list[Any]) -> list[Any]:
    """What entries say besides what their reviews mention."""
    return [entry[:-1] for entry in entries]


def without(entries: list[Any], others: list[Any]) -> list[Any]:
    """The entries that are not among the others, each as often as it is there more."""
    left = list(others)
    found = []
    for entry in entries:
        if entry in left:
            left.remove(entry)
        else:
            found.append(entry)
    return found


@pytest.mark.parametrize(
    ("point", "hit"),
    [
        ("refill_page_before_commit", 1),
        ("refill_page_before_commit", 3),
        ("refill_step_before_commit", 2),
        ("refill_step_before_commit", 9),
        ("refill_before_switch", 1),
        ("refill_switch_before_commit", 1),
    ],
)
async def test_wherever_it_dies_another_process_goes_on_and_nothing_is_lost_or_doubled(
    product: Product, armed: Callable[[str], None], point: str, hit: int
) -> None:
    right = await product.ledger()
    await product.superuser.execute(DAMAGES["entries are gone"])
    armed(f"{point}=raise@{hit}")

    with pytest.raises(FailpointError):
        await product.refill()
    read = await product.superuser.fetchval("SELECT sum(revisions) FROM scoring.refill_tenants")
    before = await product.ledger()
    await product.go_on(5)
    right = sorted(right + without(await product.ledger(), before))
    await product.expire()
    told: list[RefillProgress] = []
    await product.refill(told.append)

    assert told[0].revisions >= read
    assert await product.ledger() == right
    await product.figures_are_right()


async def test_two_at_once_are_refused_and_the_first_one_goes_on(product: Product) -> None:
    asked = product.feed.page
    refused: list[str] = []

    async def page(tenant_id: str, after: str | None) -> Any:
        if after is not None and not refused:
            with pytest.raises(RebuildStoppedError) as raised:
                await product.refill()
            refused.append(str(raised.value))
        return await asked(tenant_id, after)

    product.feed.page = page  # type: ignore[method-assign] # another process begins in between
    right = await product.ledger()
    await product.refill()

    assert [each[:68] for each in refused] == ["another process makes the ledger anew, or did a minute ago: wait for"]
    assert await product.ledger() == right


async def test_a_rebuild_of_sums_does_not_mix_with_it_until_it_is_discarded(product: Product) -> None:
    await product.superuser.execute(DAMAGES["all is gone"])
    page = product.feed.page

    async def stop(tenant_id: str, after: str | None) -> Any:
        if after is not None:
            raise RebuildStoppedError("it is stopped")
        return await page(tenant_id, after)

    product.feed.page = stop  # type: ignore[method-assign] # as if somebody had stopped it
    with pytest.raises(RebuildStoppedError, match="it is stopped"):
        await product.refill()
    with pytest.raises(RebuildStoppedError, match="--from-feed, or --discard"):
        await rebuild(product.worker, product.owner, lambda _: None)

    assert await discard(product.owner)
    assert not await discard(product.owner)
    assert await product.ledger() == []
    for table in TABLES:
        assert await product.superuser.fetchval(f"SELECT count(*) FROM scoring.{table}") == 0


async def test_what_was_erased_does_not_come_back_and_what_was_shown_before_stays(
    product: Product, erase: Callable[[str], Awaitable[None]]
) -> None:
    """Of some of them the ledger is damaged: of these nothing is known any more, and nothing is made up."""
    await erase("r-1")
    await erase("r-2")
    await product.told.carry()
    right = await product.ledger()
    [lost] = await product.ingest.rows(
        "SELECT id FROM ingest.reviews WHERE source_id IS NOT NULL AND erased_at IS NOT NULL ORDER BY id LIMIT 1"
    )
    await product.superuser.execute("DELETE FROM scoring.ledger WHERE review_id = $1 AND sign = 1", lost["id"])
    await product.superuser.execute(
        "DELETE FROM scoring.ledger WHERE sequence % 3 = 0 AND review_id NOT IN (SELECT id FROM ingest.reviews "
        "WHERE erased_at IS NOT NULL)"
    )

    await product.refill()

    assert await product.ledger() == [entry for entry in right if entry[3] != lost["id"]]
    await product.figures_are_right()


async def test_a_review_that_is_erased_while_its_feed_is_read_is_taken_away_once(
    product: Product, erase: Callable[[str], Awaitable[None]]
) -> None:
    asked = product.feed.page
    pages = 0

    async def page(tenant_id: str, after: str | None) -> Any:
        nonlocal pages
        found = await asked(tenant_id, after)
        pages += 1
        if pages in (1, 4):
            await erase(f"r-{pages}")
            await product.told.carry()
        return found

    product.feed.page = page  # type: ignore[method-assign] # erasures come in between
    before = without_topics(await product.ledger())
    await product.refill()

    entries = without_topics(await product.ledger())
    assert without(before, entries) == []
    assert {entry[2] for entry in without(entries, before)} <= {-1}
    await product.figures_are_right()


async def test_an_erasure_that_does_not_come_by_the_bus_is_waited_for_and_then_it_goes_on(
    product: Product, erase: Callable[[str], Awaitable[None]]
) -> None:
    asked = product.feed.page
    pages = 0

    async def page(tenant_id: str, after: str | None) -> Any:
        nonlocal pages
        found = await asked(tenant_id, after)
        pages += 1
        if pages == 1:
            for external_id in ("r-5", "r-6", "r-7", "r-8", "r-9"):
                await erase(external_id)
        return found

    product.feed.page = page  # type: ignore[method-assign] # erasures come in between, and the relay stands still
    with pytest.raises(RebuildStoppedError, match="were erased while the feed was read"):
        await product.refill()
    await product.told.carry()
    await product.expire()
    await product.refill()

    await product.figures_are_right()


async def test_tenants_without_a_key_keep_their_ledger(product: Product, world_of: Any, feed_of: Any) -> None:
    other = world_of(await product.ingest.source("other"), 9)
    await other.go_on(20)
    await product.told.carry()
    right = await product.ledger()
    await product.superuser.execute("DELETE FROM scoring.ledger WHERE tenant_id = 'default'")

    await product.refill()
    assert await product.ledger() == right

    product.feed = await feed_of("default", "other")
    await product.superuser.execute("DELETE FROM scoring.ledger WHERE tenant_id = 'other'")
    await product.refill()
    assert await product.ledger() == right
    await product.figures_are_right()


async def test_it_is_refused_for_others_than_it_was_begun_for(
    product: Product, feed_of: Any, armed: Callable[[str], None]
) -> None:
    armed("refill_page_before_commit=raise@2")
    with pytest.raises(FailpointError):
        await product.refill()
    await product.expire()
    product.feed = await feed_of("default", "other")

    with pytest.raises(RebuildStoppedError, match="begun for default: name keys of the same tenants"):
        await product.refill()


async def test_records_that_are_set_aside_stop_it(product: Product) -> None:
    await product.superuser.execute(
        """INSERT INTO scoring.dead_letters (id, consumer_group, topic, partition, record_offset, epoch, sequence,
        headers, value, order_keys, reason, error, tries)
        VALUES ($1, $2, $3, 0, 9, 1, 9, '[]', $4, '{}', 'failed', '', 5)""",
        uuid7(),
        HISTORY.group,
        REVIEWS.name,
        pending_envelope(None, review_state(5, "acme")),
    )
    with pytest.raises(RebuildStoppedError, match="redrive or discard them"):
        await product.refill()

    await product.superuser.execute("UPDATE scoring.dead_letters SET state = 'redriven'")
    await product.expire()
    with pytest.raises(RebuildStoppedError, match="was settled since this rebuild was begun"):
        await product.refill()

    await discard(product.owner)
    await product.refill()
    await product.figures_are_right()


async def test_groups_that_are_behind_the_feed_are_waited_for(product: Product) -> None:
    await product.world.go_on(5)
    await product.told.publish()
    right = await product.ledger()

    with pytest.raises(RebuildStoppedError, match="has not come as far as the feed tells"):
        await product.refill()
    assert await product.ledger() == right

    await product.told.carry()
    right = await product.ledger()
    await product.expire()
    await product.refill()
    assert await product.ledger() == right


async def test_a_feed_of_another_epoch_is_refused(product: Product) -> None:
    await product.superuser.execute("UPDATE ingest.relay_cursor SET epoch = 2")

    with pytest.raises(RebuildStoppedError, match="numbers its events in epoch 2, and scoring reads epoch 1"):
        await product.refill()


@pytest.mark.parametrize(
    ("address", "said"),
    [("http://127.0.0.1:9", "cannot be read now: no connection can be made"), ("/nowhere", "404 in place of the feed")],
)
async def test_an_address_that_is_none_is_told_with_what_to_do(
    product: Product, feed_at: Any, address: str, said: str
) -> None:
    base = str(product.ingest.client.base_url)
    product.feed = feed_at(address if address.startswith("http") else base.rstrip("/") + address, product.feed._keys)

    with pytest.raises(RebuildStoppedError, match=said):
        await product.refill()


async def test_a_key_that_may_not_read_reviews_is_told_with_what_to_do(product: Product, feed_at: Any) -> None:
    key = await product.ingest.key("default", "scores:read")
    product.feed = feed_at(str(product.ingest.client.base_url), {"default": key})

    with pytest.raises(RebuildStoppedError, match="plaudit keys create --tenant default"):
        await product.refill()


async def test_cells_are_filled_again_from_the_new_ledger(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    await product.superuser.execute(
        "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ('default', 'acme')"
    )
    cells = CellsJob(product.worker)
    while await cells.has_work():
        await cells.turn()
    await product.superuser.execute(DAMAGES["entries are gone"])
    await product.refill()
    assert await product.superuser.fetchval("SELECT count(*) FROM scoring.cells") == 0
    await product.figures_are_right()

    await product.go_on(10)
    while await cells.has_work():
        await cells.turn()

    assert await product.superuser.fetchval("SELECT count(*) FROM scoring.cells") > 0
    await product.figures_are_right()


async def test_the_new_ledger_is_as_well_guarded_and_found_as_the_old_one(product: Product) -> None:
    """Rights, row security, checks, indexes by name, and what the table is for."""
    statement = """
        SELECT 'grant', grantee || ' ' || privilege_type FROM information_schema.role_table_grants
        WHERE table_schema = 'scoring' AND table_name = 'ledger'
        UNION ALL SELECT 'index', replace(indexdef, 'ledger_anew', 'ledger') FROM pg_indexes
        WHERE schemaname = 'scoring' AND tablename = 'ledger'
        UNION ALL SELECT 'policy', polname || ' ' || pg_get_expr(polqual, polrelid) || polroles::regrole[]::text
        FROM pg_policy WHERE polrelid = 'scoring.ledger'::regclass
        UNION ALL SELECT 'secured', relrowsecurity || ' ' || relforcerowsecurity || ' ' || relowner::regrole
        FROM pg_class WHERE oid = 'scoring.ledger'::regclass
        UNION ALL SELECT 'constraint', conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = 'scoring.ledger'::regclass
        UNION ALL SELECT 'comment', obj_description('scoring.ledger'::regclass)
        ORDER BY 1, 2
    """
    before = [tuple(row) for row in await product.superuser.fetch(statement)]
    await product.refill()

    assert [tuple(row) for row in await product.superuser.fetch(statement)] == before


async def test_where_a_reader_keeps_it_waiting_it_tries_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch, tries = commands.switch, 0

    async def held_up(owner: Any, worker: Database, run_id: Any) -> bool:
        nonlocal tries
        tries += 1
        if tries > 1:
            return await switch(owner, worker, run_id)
        await owner.raw.execute("SET LOCAL lock_timeout = 100")
        async with product.worker.driver_transaction() as reading:
            await reading.raw.execute("LOCK TABLE half_lives IN EXCLUSIVE MODE")
            return await switch(owner, worker, run_id)

    monkeypatch.setattr(commands, "switch", held_up)
    await asyncio.wait_for(product.refill(), 60)

    assert tries == 2
