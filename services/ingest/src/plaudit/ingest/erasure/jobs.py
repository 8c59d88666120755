"""The job that carries erasures out."""

import time
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob, SetAside
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.erasure import commands, store
from plaudit.ingest.erasure.domain import SETTLING_SECONDS, Stage

PAUSE_SECONDS: Final = 2.0
MAX_SEEN: Final = 10_000
"""Erasures that wait together; of more, the later ones wait after the earlier ones."""

log = structlog.get_logger()


class ErasureJob(PeriodicJob):
    """Carries on the oldest erasure, a bounded part of it in each turn.

    How long one has waited is measured from when this process has first seen it, by a clock that nobody sets. A process
    that was started again waits once more.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        ids: IdSource,
        vault: Vault,
        settling_seconds: float = SETTLING_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a worker's connections."""
        super().__init__("erasures", PAUSE_SECONDS)
        self._database = database
        self._outbox = outbox
        self._ids = ids
        self._vault = vault
        self._settling_seconds = settling_seconds
        self._now = monotonic
        self._set_aside = SetAside()
        self._seen_at: dict[UUID, float] = {}
        """When each was seen first that still looks for reviews."""

    async def has_work(self) -> bool:
        """Return whether an erasure is to be carried on."""
        return await self._database.holds(store.HAS_OPEN)

    async def turn(self) -> int:
        """Carry on one erasure; return how much was done. One that cannot be carried on keeps no other waiting."""
        async with self._database.transaction() as tx:
            found = await store.first_open(tx, self._set_aside.ids)
            if found is None:
                return 0
            if found.stage is Stage.REVIEWS and found.id not in self._seen_at:
                self._see([found.id, *await store.looking_for_reviews(tx, MAX_SEEN)])
        is_settled = found.stage is not Stage.REVIEWS or self._has_settled(found.id)
        try:
            async with self._database.transaction() as tx:
                work = UnitOfWork(tx, self._outbox, self._ids)
                done = await commands.carry_on(work, found, self._vault, is_settled=is_settled)
                if done:
                    failpoint("erased_before_commit")
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("erasure_failed", stage=found.stage.value)
            self._set_aside.put(found.id)
            return 1
        if done:
            failpoint("erased_after_commit")
        return done

    def _see(self, open_ids: Sequence[UUID]) -> None:
        now = self._now()
        self._seen_at = {each: self._seen_at.get(each, now) for each in open_ids}

    def _has_settled(self, erasure_id: UUID) -> bool:
        return self._now() - self._seen_at[erasure_id] >= self._settling_seconds
