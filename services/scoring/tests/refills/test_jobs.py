"""A ledger that was damaged is made anew from ingest's feed while reviews come, and every figure is right again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
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
from plaudit.scoring.moves.commands import end_of_settled
from plaudit.scoring.moves.jobs import MovesJob
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.reconciliation.domain import Outcome
from plaudit.scoring.reconciliation.jobs import ReconciliationJob, reconcile, reconcile_large
from plaudit.scoring.reconciliation.store.celled import Celled
from plaudit.scoring.refills import commands
from plaudit.scoring.refills.domain import FEED_EPOCH, RefillProgress
from plaudit.scoring.refills.jobs import steps
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.refills.jobs.steps import discard, refill, status
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
        right = sorted(right + without(await product.ledger(), before), key=repr)
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
        ("refill_copy_before_commit", 1),
        ("refill_index_before_commit", 2),
        ("refill_sum_before_commit", 2),
        ("refill_sum_before_commit", 5),
        ("refill_cells_before_commit", 1),
        ("refill_last_before_commit", 1),
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
    right = sorted(right + without(await product.ledger(), before), key=repr)
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

    # Whether it holds the lock of its step just then, or its lease alone.
    assert [each.startswith("another process makes") and "the ledger anew" in each for each in refused] == [True]
    assert await product.ledger() == right


async def test_what_another_process_works_on_cannot_be_discarded_until_it_has_ended(product: Product) -> None:
    asked = product.feed.page
    refused: list[str] = []

    async def page(tenant_id: str, after: str | None) -> Any:
        found = await status(product.worker)
        assert found is not None
        assert found[1] is not None
        assert 0 <= found[1] < 60
        with pytest.raises(RebuildStoppedError) as raised:
            await discard(product.owner)
        refused.append(str(raised.value))
        if after is not None:
            raise RebuildStoppedError("it is stopped")
        return await asked(tenant_id, after)

    product.feed.page = page  # type: ignore[method-assign] # another operator looks at it, and wants to end it
    with pytest.raises(RebuildStoppedError, match="it is stopped"):
        await product.refill()

    assert {each[:62] for each in refused} == {"another process makes the ledger anew, or did a minute ago: st"}
    found = await status(product.worker)
    assert found is not None
    assert found[1] is None
    assert await discard(product.owner)
    assert await status(product.worker) is None


async def test_one_that_was_discarded_while_it_stood_still_says_so(product: Product) -> None:
    asked = product.feed.page

    async def page(tenant_id: str, after: str | None) -> Any:
        while after is not None:
            await product.expire()
            try:
                await discard(product.owner)
            except RebuildStoppedError:  # it takes a step just now
                continue
            break
        return await asked(tenant_id, after)

    product.feed.page = page  # type: ignore[method-assign] # it stands still for a minute, and somebody discards it
    right = await product.ledger()

    with pytest.raises(RebuildStoppedError, match=r"was discarded|another process makes the ledger anew"):
        await product.refill()
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


@dataclass
class Large:
    """Large subjects, and the jobs that keep what is made of their entries."""

    product: Product

    async def carry_on(self) -> None:
        """Both jobs do all that there is to do."""
        cells, moves = CellsJob(self.product.worker), MovesJob(self.product.worker)
        while await cells.has_work():
            await cells.turn()
        while await moves.turn():
            pass

    async def are_right(self, *, filled: bool = True) -> None:
        """Cells and sums of changes agree with the ledger, and all of them are there."""
        named = await self.product.superuser.fetch("SELECT tenant_id, prefix, is_filled FROM scoring.celled_prefixes")
        assert {row["prefix"] for row in named} == {"acme", "acme/berlin"}
        assert {row["is_filled"] for row in named} == {filled}
        for row in named:
            outcome = await reconcile_large(self.product.worker, Celled(row["tenant_id"], row["prefix"]))
            assert outcome == Outcome(compared=outcome.compared, celled=1)
            assert outcome.compared > 50
        async with self.product.worker.driver_transaction() as tx:
            end_day = end_of_settled(tx.now)
        summed = await self.product.superuser.fetch("SELECT prefix, next_day FROM scoring.summed_prefixes")
        assert {row["prefix"] for row in summed} == {"acme", "acme/berlin"}
        assert {row["next_day"] for row in summed} == {end_day}
        assert await self.product.superuser.fetchval("SELECT count(*) FROM scoring.moves") > 20


@pytest.fixture
async def large(product: Product, move_clock: Callable[[timedelta], Awaitable[None]]) -> Large:
    """Some days of history, of which two subjects have cells and sums of changes."""
    for days in (3, 6, 70):
        await move_clock(timedelta(days=days))
        await product.go_on(25)
    await product.superuser.execute(
        "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ('default', 'acme'), ('default', 'acme/berlin')"
    )
    await move_clock(timedelta(days=72))
    made = Large(product)
    await made.carry_on()
    await made.are_right()
    return made


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_is_made_of_large_subjects_is_there_when_the_new_ledger_is(large: Large, damage: str) -> None:
    product = large.product
    await product.superuser.execute(DAMAGES[damage])

    await product.refill()

    await large.are_right()
    await product.figures_are_right()
    await product.go_on(10)
    await large.are_right()
    await large.carry_on()
    await large.are_right()
    await product.figures_are_right()


@pytest.mark.parametrize("hit", [1, 3, 6, 12])
async def test_what_comes_while_large_subjects_are_summed_is_in_their_tail_or_their_cells(
    large: Large, armed: Callable[[str], None], erase: Callable[[str], Awaitable[None]], hit: int
) -> None:
    """Among it an erasure, which takes topics out of days that are summed."""
    product = large.product
    right = await product.ledger()
    await product.superuser.execute(DAMAGES["entries are gone"])
    armed(f"refill_cells_before_commit=raise@{hit}")
    with pytest.raises(FailpointError):
        await product.refill()
    armed("")

    before = await product.ledger()
    await product.go_on(12)
    right = sorted(right + without(await product.ledger(), before), key=repr)
    await product.refill()

    assert await product.ledger() == right
    await large.are_right()
    await product.figures_are_right()

    armed(f"refill_cells_before_commit=raise@{hit}")
    with pytest.raises(FailpointError):
        await product.refill()
    armed("")
    await erase("r-3")
    await product.told.carry()
    await product.refill()

    await large.are_right()
    await product.figures_are_right()


async def test_under_traffic_that_never_ends_it_comes_to_its_end(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each step, something has come."""
    monkeypatch.setattr(commands, "FEW_RECORDS", 4)
    step, right, steps_taken = steps._step, await product.ledger(), 0

    async def step_under_traffic(*arguments: Any) -> Any:
        nonlocal right, steps_taken
        steps_taken += 1
        before = await product.ledger()
        await product.go_on(1)
        right = sorted(right + without(await product.ledger(), before), key=repr)
        return await step(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(steps, "_step", step_under_traffic)
        await asyncio.wait_for(product.refill(), 120)

    assert steps_taken > 10
    assert await product.ledger() == right
    await product.figures_are_right()


async def test_the_new_tables_are_as_well_guarded_and_found_as_the_old_ones(product: Product) -> None:
    """Rights, row security, checks, indexes by name, and what the tables are for."""
    statement = """
        WITH tables AS (
            SELECT c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE nspname = 'scoring' AND relkind = 'r'
        )
        SELECT relname, 'table', concat_ws(' ', relowner::regrole, relacl, relrowsecurity, relforcerowsecurity,
            reloptions, obj_description(tables.oid, 'pg_class'))
        FROM tables
        UNION ALL SELECT relname, 'column', concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull,
            attcollation, attacl, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
        FROM tables JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        UNION ALL SELECT relname, 'index', pg_get_indexdef(indexrelid)
        FROM tables JOIN pg_index ON indrelid = tables.oid
        UNION ALL SELECT relname, 'policy', concat_ws(' ', polname, polcmd, pg_get_expr(polqual, polrelid),
            pg_get_expr(polwithcheck, polrelid), polroles::regrole[])
        FROM tables JOIN pg_policy ON polrelid = tables.oid
        UNION ALL SELECT relname, 'constraint', conname || ' ' || pg_get_constraintdef(k.oid)
        FROM tables JOIN pg_constraint AS k ON conrelid = tables.oid
        ORDER BY 1, 2, 3
    """
    before = [tuple(row) for row in await product.superuser.fetch(statement)]
    await product.refill()

    assert [tuple(row) for row in await product.superuser.fetch(statement)] == before
    assert not await product.superuser.fetch(
        "SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname = 'scoring_anew'"
    )


async def test_no_request_reads_what_is_being_made(product: Product, armed: Callable[[str], None]) -> None:
    armed("refill_before_switch=raise")
    with pytest.raises(FailpointError):
        await product.refill()

    assert not await product.superuser.fetch(
        "SELECT FROM pg_roles WHERE rolname LIKE 'plaudit%\\_api' AND has_schema_privilege(rolname, 'scoring_anew', "
        "'USAGE')"
    )


async def test_a_step_that_the_database_cannot_take_now_is_taken_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill, times = commands.fill_some, 0

    async def slow(tx: Any) -> bool:
        nonlocal times
        times += 1
        done = await fill(tx)
        if times < 3:
            raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")
        return done

    monkeypatch.setattr(commands, "fill_some", slow)
    right = await product.ledger()
    await product.refill()

    assert times >= 3
    assert await product.ledger() == right
    await product.figures_are_right()


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
