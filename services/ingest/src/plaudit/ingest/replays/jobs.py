"""The job that carries replays out."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob, SetAside, bisect
from plaudit.common.outbox import Outbox, UnitOfWork, lag
from plaudit.common.vault import Vault
from plaudit.ingest.deliveries.store import keyed_source
from plaudit.ingest.replays import commands, store
from plaudit.ingest.replays.domain import Before, Replay
from plaudit.ingest.sources.domain import KeyedSource

PAUSE_SECONDS: Final = 1.0
MAX_DELIVERIES: Final = 50
"""In one turn."""
MAX_EVENTS: Final = 2_000
"""In one transaction, so that none is long; one delivery has fewer."""
KEPT_FOR: Final = timedelta(days=90)

log = structlog.get_logger()


class ReplayJob(PeriodicJob):
    """Carries on the oldest replay, a bounded part of it in each turn."""

    def __init__(self, database: Database, outbox: Outbox, ids: IdSource, vault: Vault) -> None:
        """Take a worker's connections."""
        super().__init__("replays", PAUSE_SECONDS)
        self._database = database
        self._outbox = outbox
        self._ids = ids
        self._vault = vault
        self._set_aside = SetAside()

    async def has_work(self) -> bool:
        """Return whether a replay is to be carried on."""
        return await self._database.holds(store.HAS_OPEN)

    async def turn(self) -> int:
        """Carry on one replay; return 0 where there is none, or where it gives way to events that wait.

        One that cannot be carried on keeps no other waiting.
        """
        async with self._database.transaction() as tx:
            replay = await store.first_open(tx, self._set_aside.ids)
        if replay is None:
            return 0
        try:
            return await self._carry_on(replay)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("replay_failed", source_id=str(replay.source_id))
            self._set_aside.put(replay.id)
            return 1

    async def _carry_on(self, replay: Replay) -> int:
        async with self._database.transaction() as tx:
            if replay.total is None:
                await commands.count(UnitOfWork(tx, self._outbox, self._ids), replay)
                return 1
            source = await keyed_source(tx, replay.tenant_id, replay.source_id, self._vault)
            if await lag.is_behind(tx):
                return 0
            batch = await store.following(tx, replay, MAX_DELIVERIES)
            if source is None or not batch:
                await commands.finish(UnitOfWork(tx, self._outbox, self._ids), replay)
                await store.delete_before(tx, tx.now - KEPT_FOR)
                return 1
        await self._replay(replay, source, batch)
        return 1

    async def _replay(self, replay: Replay, source: KeyedSource, batch: Sequence[Before]) -> None:
        """Carry on over a batch; go on behind a delivery that the database refuses."""
        at = replay

        async def work(part: Sequence[Before]) -> None:
            nonlocal at
            keys = commands.order_keys(commands.deliveries_of(part, source))
            async with self._database.driver_transaction(order_keys=keys) as tx:
                await commands.carry_on(UnitOfWork(tx, self._outbox, self._ids), at, source, part)
                later = await store.get(tx, at.tenant_id, at.id)
                failpoint("replayed_before_commit")
            failpoint("replayed_after_commit")
            at = later or at

        async def refuse(failing: Before, error: Exception) -> None:
            nonlocal at
            log.error("replay_failed_on_a_delivery", delivery_id=failing.id, exc_info=error)
            async with self._database.driver_transaction() as tx:
                await commands.skip(UnitOfWork(tx, self._outbox, self._ids), at, failing)
                later = await store.get(tx, at.tenant_id, at.id)
            at = later or at

        for part in _parts(commands.deliveries_of(batch, source)):
            await bisect(part, work, refuse)


def _parts(read: Sequence[tuple[Before, object]]) -> list[list[Before]]:
    """Return deliveries in parts that one transaction each can take."""
    parts: list[list[Before]] = []
    events = 0
    for before, delivery in read:
        count = len(getattr(delivery, "events", ()))
        if not parts or events + count > MAX_EVENTS:
            parts.append([])
            events = 0
        parts[-1].append(before)
        events += count
    return parts
