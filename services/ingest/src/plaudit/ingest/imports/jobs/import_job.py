"""The job that carries imports out: it reads a file whole, then writes its rows in the order of their time.

What it needs of a file in between lies in temporary files of the process. Where the process ends, another one reads the
file again, and goes on behind the last row that was committed.
"""

import asyncio
import time
from typing import Final

import msgspec
import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob
from plaudit.common.outbox import Outbox, UnitOfWork, lag
from plaudit.common.refusals import WrongInputError
from plaudit.common.vault import Vault
from plaudit.ingest.imports import commands, store
from plaudit.ingest.imports.commands import Batch, LostImportError, Outlook
from plaudit.ingest.imports.domain import Counts, Import, Stage, UnusableFileError, cleaned
from plaudit.ingest.imports.jobs.running import EXTEND_SECONDS, Running, halves
from plaudit.ingest.reviews.domain.order_keys import order_key
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.transfer.domain.advice import Place, told
from plaudit.ingest.transfer.domain.rows import Reject
from plaudit.ingest.transfer.domain.subjects import SubjectError
from plaudit.ingest.transfer.domain.table import UnreadableFileError

PAUSE_SECONDS: Final = 1.0
UNUSABLE: Final = (UnreadableFileError, UnusableFileError, SubjectError, WrongInputError)

log = structlog.get_logger()


class ImportJob(PeriodicJob):
    """Carries one import on, a bounded part of it in each turn."""

    def __init__(self, worker: Database, hook: Database, outbox: Outbox, ids: IdSource, vault: Vault) -> None:
        """Claim imports as a worker, and write as the hooks do."""
        super().__init__("imports", PAUSE_SECONDS, max_age_seconds=300.0)
        self._worker = worker
        self._hook = hook
        self._outbox = outbox
        self._ids = ids
        self._vault = vault
        self._running: Running | None = None
        self._process = ids()

    @property
    def running(self) -> Import | None:
        """The import that is carried on by this process, as far as it is."""
        return None if self._running is None else self._running.now

    async def run(self, stop: asyncio.Event) -> None:
        """Take turns until told to stop, and leave what is not done to others."""
        try:
            await super().run(stop)
        finally:
            await self._leave()

    async def has_work(self) -> bool:
        """Return whether an import is carried on, or waits for it."""
        return self._running is not None or await self._worker.holds(store.HAS_OPEN)

    async def turn(self) -> int:
        """Do a part of an import; return 0 where there is nothing to do now."""
        if self._running is None:
            async with self._worker.driver_transaction() as tx:
                claimed = await store.claim(tx, self._process)
            if claimed is None:
                return 0
            self._running = Running(claimed, self._outbox.partitions)
        running = self._running
        try:
            return await self._carry_on(running)
        except LostImportError:
            await self._leave()
        except UNUSABLE as error:
            await self._end(running, Stage.FAILED, told(error, Place.IMPORT))
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("import_failed", import_id=str(running.now.id))
            await self._end(running, Stage.FAILED, "something went wrong on our side; it is logged")
        return 1

    async def _carry_on(self, running: Running) -> int:
        await self._keep(running)
        if running.table is None:
            async with self._worker.driver_transaction() as tx:
                part = await store.chunk(tx, running.now.id, running.chunks)
            await asyncio.to_thread(running.add_chunk, part)
        elif running.now.stage is Stage.READING:
            rejects = await asyncio.to_thread(running.read)
            if rejects:
                async with self._worker.driver_transaction() as tx:
                    await commands.reject(tx, running.now, rejects)
        else:
            return await self._write(running)
        return 1

    async def _keep(self, running: Running) -> None:
        if time.monotonic() < running.extend_at and running.now.stage is running.stored_stage:
            return
        running.extend_at = time.monotonic() + EXTEND_SECONDS
        running.stored_stage = running.now.stage
        async with self._worker.driver_transaction() as tx:
            if not await store.extend(tx, self._process, running.now):
                raise LostImportError

    async def _write(self, running: Running) -> int:
        outlook = await self._outlook(running)
        source = outlook.terms.source
        if source.paused_at is not None:
            await self._leave()  # it is claimed again once its source goes on; imports of other sources go first
            return 1
        batch = await running.group(outlook, self._ids)
        if not batch.portions and not running.rejects:
            await self._end(running, Stage.DONE, None)
            return 1
        if batch.portions and await self._gives_way():
            return 0
        if running.now.dry_run or not batch.portions:
            await self._count(running, batch)
        else:
            await self._write_batch(running, source, batch)
        running.go_on()
        return 1

    async def _count(self, running: Running, batch: Batch) -> None:
        rows = batch.row_count
        counts = Counts(rows=rows, accepted=rows)
        async with self._worker.driver_transaction() as tx:
            await commands.advance(tx, self._process, running.now, counts, running.rejects)
        running.advanced(rows)

    async def _write_batch(self, running: Running, source: KeyedSource, batch: Batch) -> None:
        """Write a batch; where the database refuses its content, write it by halves, down to the row that it refuses.

        A transient error is raised: the next turn writes the same batch, unless it is written already.
        """
        rows = batch.row_count
        keys = [order_key(source.tenant_id, source.id, row.id) for each in batch.portions for row in each.rows.rows]
        keys += [f"delivery:{source.id}:{portion.sent_id}" for portion in batch.portions]
        try:
            async with self._hook.driver_transaction(source.tenant_id, order_keys=keys) as tx:
                work = UnitOfWork(tx, self._outbox, self._ids)
                await commands.write(work, self._process, running.now, source, batch, running.rejects)
        except (*UNUSABLE, LostImportError):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            if rows > 1:
                await self._write_halves(running, source, batch)
                return
            log.exception("import_row_refused", import_id=str(running.now.id))
            refused = batch.portions[0].rows.rows[0]
            reject = cleaned(Reject(refused.line, refused.id, "the database does not take it", refused.cells))
            async with self._worker.driver_transaction() as tx:
                rejects = [*running.rejects, reject]
                await commands.advance(tx, self._process, running.now, Counts(rows=1), rejects)
        running.advanced(rows)

    async def _write_halves(self, running: Running, source: KeyedSource, batch: Batch) -> None:
        for half in halves(batch):
            try:
                await self._write_batch(running, source, half)
            except Exception as error:
                if is_transient(error):
                    # The other half may be written: what is left of the batch is found by reading the file again.
                    raise LostImportError from error
                raise

    async def _gives_way(self) -> bool:
        async with self._worker.driver_transaction() as tx:
            return await lag.is_behind(tx)

    async def _outlook(self, running: Running) -> Outlook:
        of, before = running.now, running.outlook
        async with self._hook.driver_transaction(of.tenant_id) as tx:
            source = await sources.find(tx, of.source_id, self._vault)
            is_polled = await sources.is_polled(tx, of.tenant_id, of.source_id)
            in_force = await sorting_rules.in_force(tx, of.tenant_id)
            if before is not None and before.terms.in_force == in_force:
                rules = before.rules
            else:
                rules = await sorting_rules.rules_of(tx, of.tenant_id)
        if source is None or source.tenant_id != of.tenant_id:
            raise UnusableFileError("its source was deleted")
        terms = commands.terms_of(of, source, in_force, is_polled=is_polled)
        running.outlook = Outlook(terms, rules, tx.now)
        return running.outlook

    async def _end(self, running: Running, stage: Stage, reason: str | None) -> None:
        ended = msgspec.structs.replace(running.now, stage=stage, reason=reason)
        async with self._worker.driver_transaction() as tx:
            await store.extend(tx, self._process, running.now)
            await store.end(tx, self._process, ended, tx.now)
        log.info("import_ended", import_id=str(ended.id), tenant_id=ended.tenant_id, stage=stage.value)
        await running.settle()
        running.close()
        self._running = None

    async def _leave(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        await running.settle()
        running.close()
        try:
            async with self._worker.driver_transaction() as tx:
                await store.release(tx, self._process, running.now.id)
        except Exception as error:
            if not is_transient(error):
                raise
