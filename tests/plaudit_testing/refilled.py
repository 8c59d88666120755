"""Ingest and scoring on one database, whose ledger is made anew: reviews that come and change, and what is asked."""

import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.common.kafka import positions
from plaudit.common.kafka.positions import Move, Place
from plaudit.common.kafka.subscription import Handler, StaleMemoryError, Subscription
from plaudit.scoring.cells.jobs import CellsJob
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.history.domain import Happened, LedgerEntry, RevisedChange, ToldChange, entries
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.moves.commands import end_of_settled
from plaudit.scoring.moves.jobs import MovesJob
from plaudit.scoring.reconciliation.domain import Outcome
from plaudit.scoring.reconciliation.jobs import ReconciliationJob, reconcile, reconcile_large
from plaudit.scoring.reconciliation.store.celled import Celled
from plaudit.scoring.refills.domain import RefillProgress
from plaudit.scoring.refills.jobs.feed import Pages
from plaudit.scoring.refills.jobs.steps import refill
from plaudit_testing.review_events import record_of
from plaudit_testing.running_ingest import Ingest, Source, created

TOPIC_ID = UUID(int=7)
SUBJECTS = ["acme", "acme/berlin", "acme/berlin/shop-3", "acme/paris"]
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
ENTRY = (
    *("tenant_id", "partition", "sign", "review_id", "revision", "subject", "source_id", "traits", "rating"),
    *("rated_at", "valid_at", "known_at", "happened", "other_star", "other_traits", "other_subject"),
)
"""What an entry says; its number says where it came from."""
TOPICS = f"""
CASE
    WHEN review_id IN (SELECT review_id FROM scoring.ledger WHERE happened = {Happened.ERASED:d}) THEN -1
    ELSE topics
END
"""
"""What the ledger says of topics once the job of erasures has gone through it."""


class Bus:
    """Carries what ingest has written to two groups, as the relay and the runner do."""

    def __init__(
        self,
        superuser: asyncpg.Connection,
        worker: Database,
        partitions: int,
        groups: tuple[Subscription[Any], ...] = (LIVE, HISTORY),
    ) -> None:
        self._superuser, self._worker, self._partitions, self._groups = superuser, worker, partitions, groups
        self.told: dict[int, list[bytes]] = defaultdict(list)
        self._handlers: dict[str, Handler[Any]] = {}

    async def begin(self) -> None:
        """Both groups begin to read all partitions."""
        async with self._worker.transaction() as tx:
            for subscription in self._groups:
                starts = dict.fromkeys(range(self._partitions), 0)
                await positions.begin(tx, subscription.group, REVIEWS.name, TOPIC_ID, starts)

    async def publish(self, most: int = 1_000_000) -> None:
        """Move the relay's cursor behind so many further events."""
        rows = await self._superuser.fetch(
            """SELECT o.xid::text AS xid, o.id, o.topic, o.partition, o.envelope
            FROM ingest.outbox o, ingest.relay_cursor c
            WHERE (o.xid, o.id) > (c.xid, c.id) ORDER BY o.xid, o.id LIMIT $1""",
            most,
        )
        for row in rows:
            if row["topic"] == REVIEWS.name:
                self.told[row["partition"]].append(row["envelope"])
        if rows:
            await self._superuser.execute(
                """UPDATE ingest.relay_cursor SET xid = $1::text::xid8, id = $2, numbers = $3::text::jsonb""",
                rows[-1]["xid"],
                rows[-1]["id"],
                msgspec.json.encode(
                    {f"{REVIEWS.name}/{partition}": len(told) for partition, told in self.told.items()}
                ).decode(),
            )

    async def take(self, subscription: Subscription[Any], most: int = 1_000_000) -> None:
        """A group applies what is published of each partition, as the runner does."""
        for partition, told in self.told.items():
            async with self._worker.driver_transaction() as tx:
                at = (await positions.load(tx, subscription.group, REVIEWS.name, [partition]))[partition].place
            pending = told[at.next_offset : at.next_offset + most]
            if not pending:
                continue
            records = [record_of(subscription, each, at.sequence + n, partition) for n, each in enumerate(pending, 1)]
            move = Move(partition, at, Place(at.next_offset + len(pending), 1, at.sequence + len(pending)))
            try:
                await self._apply(subscription, move, records)
            except StaleMemoryError:
                # The runner drops what a handler remembers, and gives it the batch again.
                self._handlers.pop(subscription.group)
                await self._apply(subscription, move, records)

    async def _apply(self, subscription: Subscription[Any], move: Move, records: list[Any]) -> None:
        handle = self._handlers.setdefault(subscription.group, subscription.handler())
        async with self._worker.driver_transaction() as tx:
            await positions.advance(tx, subscription.group, REVIEWS.name, [move])
            await handle(tx, records)

    async def carry(self) -> None:
        """Everything comes to both groups."""
        await self.publish()
        for subscription in self._groups:
            await self.take(subscription)

    def standing(self) -> dict[str, Mapping[str, Any]]:
        """Review → its tenant and state, as the events tell it to anybody who follows them."""
        found: dict[str, Mapping[str, Any]] = {}
        for told in self.told.values():
            for envelope in told:
                event = msgspec.json.decode(envelope)
                if event["data"]["after"] is None:
                    found.pop(event["data"]["review_id"], None)
                else:
                    found[event["data"]["review_id"]] = {**event["data"]["after"], "tenant": event["tenant"]}
        return found

    def entries(self) -> list[LedgerEntry]:
        """What a ledger of all events has."""
        found: list[LedgerEntry] = []
        for partition, told in self.told.items():
            events = [msgspec.json.decode(envelope) for envelope in told]
            changes = [
                ToldChange(
                    tenant_id=event["tenant"],
                    type=event["type"],
                    partition=partition,
                    epoch=1,
                    sequence=sequence,
                    known_at=datetime.fromisoformat(event["time"]),
                    change=msgspec.convert(event["data"], RevisedChange),
                )
                for sequence, event in enumerate(events, 1)
            ]
            found += entries(changes, {})
        return found


class World:
    """Reviews that come, change, move, go and come back at a platform, at random."""

    def __init__(self, ingest: Ingest, source: Source, chance: random.Random) -> None:
        self._ingest, self._source, self._chance = ingest, source, chance
        self._versions: dict[str, int] = {}
        self._removed: set[str] = set()

    async def go_on(self, times: int) -> None:
        """Things happen."""
        for _ in range(times):
            answer = await self._ingest.post(self._source, self._next())
            assert answer.status_code == 202, answer.text

    def _next(self) -> dict[str, Any]:
        chance = self._chance
        if not self._versions or chance.random() < 0.45:
            external_id = f"r-{len(self._versions)}"
            self._versions[external_id] = 1
            published_at = datetime(2026, 2, 14, tzinfo=UTC) - timedelta(minutes=chance.randrange(2_000_000))
            return created(
                external_id,
                chance.choice([1, 2, 4, 5]),
                subject=chance.choice(SUBJECTS),
                version=1,
                published_at=published_at.isoformat(),
            )
        external_id = chance.choice(sorted(self._versions))
        self._versions[external_id] += 1
        more: dict[str, Any] = {}
        if external_id in self._removed:
            kind = "restored"
            self._removed.discard(external_id)
        else:
            kind = chance.choice(["edited", "edited", "moved", "reworded", "removed"])
            if kind == "removed":
                self._removed.add(external_id)
            changes: dict[str, dict[str, Any]] = {
                "edited": {"rating": chance.choice([1, 3, 5])},
                "moved": {"subject": chance.choice(SUBJECTS)},
                "reworded": {"text": f"Words {chance.random()}."},
                "removed": {},
            }
            more = changes[kind]
            kind = kind if kind == "removed" else "edited"
        return {
            "type": f"review.{kind}",
            "data": {"id": external_id, "version": self._versions[external_id], **more},
        }


def nothing(_progress: RefillProgress) -> None:
    pass


@dataclass
class Product:
    """Ingest, both groups, and what asks them."""

    ingest: Ingest
    told: Bus
    world: World
    feed: Pages
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
