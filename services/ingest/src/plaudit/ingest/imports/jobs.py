"""The job that carries imports out: it reads a file whole, then writes its rows in the order of their time.

What it needs of a file in between lies in temporary files of the process. Where the process ends, another one reads the
file again, and goes on behind the last row that was committed.
"""

import asyncio
import gzip
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Final, cast

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
from plaudit.ingest.imports.commands import LostImportError, Portion
from plaudit.ingest.imports.domain import GZIP_MARK, Counts, Import, Stage, UnusableFileError, cleaned
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.reviews.domain.order_keys import order_key
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.transfer.domain.deliveries import Delivery as Rows
from plaudit.ingest.transfer.domain.deliveries import cut
from plaudit.ingest.transfer.domain.json_lines import JsonLines
from plaudit.ingest.transfer.domain.reading import MAX_BODY_BYTES, RowReader, SameId
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row
from plaudit.ingest.transfer.domain.subjects import SubjectError
from plaudit.ingest.transfer.domain.table import Table, UnreadableFileError
from plaudit.ingest.transfer.store.files import table_in
from plaudit.ingest.transfer.store.spill import SortedRows

PAUSE_SECONDS: Final = 1.0
EXTEND_SECONDS: Final = 2.0
READ_SECONDS: Final = 0.25
"""In one turn."""
CHECK_ROWS: Final = 200
EVENTS_PER_DELIVERY: Final = 500
"""As the command line sends them: what it has sent is known here by its ids, and the other way round."""
DELIVERIES_PER_GROUP: Final = 2
MAX_UNPACKED_BYTES: Final = 16 * 1024 * 1024 * 1024
KEPT: Final = timedelta(days=30)
"""How long an import and its rejects are kept after its end."""
UPLOAD_KEPT: Final = timedelta(days=1)
MAX_DELETED: Final = 20
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
        self._running: _Running | None = None
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
            self._running = _Running(claimed)
        running = self._running
        try:
            return await self._carry_on(running)
        except LostImportError:
            await self._leave()
        except UNUSABLE as error:
            await self._end(running, Stage.FAILED, str(error))
        return 1

    async def _carry_on(self, running: "_Running") -> int:
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

    async def _keep(self, running: "_Running") -> None:
        if time.monotonic() < running.extend_at and running.now.stage is running.stored_stage:
            return
        running.extend_at = time.monotonic() + EXTEND_SECONDS
        running.stored_stage = running.now.stage
        async with self._worker.driver_transaction() as tx:
            if not await store.extend(tx, self._process, running.now):
                raise LostImportError

    async def _write(self, running: "_Running") -> int:
        source = await self._source(running.now)
        if source.paused_at is not None:
            return 0
        group = await running.group(source)
        if not group and not running.rejects:
            await self._end(running, Stage.DONE, None)
            return 1
        if group and await self._gives_way():
            return 0
        if running.now.dry_run or not group:
            await self._count(running, group)
        else:
            await self._write_group(running, source, group)
        running.go_on()
        return 1

    async def _count(self, running: "_Running", group: Sequence[Portion]) -> None:
        rows = sum(len(portion.rows.rows) for portion in group)
        counts = Counts(rows=rows, accepted=rows)
        async with self._worker.driver_transaction() as tx:
            await commands.advance(tx, self._process, running.now, counts, running.rejects)
        running.advanced(rows)

    async def _write_group(self, running: "_Running", source: KeyedSource, group: Sequence[Portion]) -> None:
        """Write a group; where the database refuses its content, write it by halves, down to the row that it refuses.

        A transient error is raised: the next turn writes the same group, unless it is written already.
        """
        rows = sum(len(portion.rows.rows) for portion in group)
        keys = [order_key(source.tenant_id, source.id, row.id) for each in group for row in each.rows.rows]
        keys += [f"delivery:{source.id}:msg_{portion.rows.digest}" for portion in group]
        final = ADAPTERS[source.platform].tells.removals_are_final
        try:
            async with self._hook.driver_transaction(source.tenant_id, order_keys=keys) as tx:
                work = UnitOfWork(tx, self._outbox, self._ids)
                await commands.write(
                    work, self._process, running.now, source, group, running.rejects, removals_are_final=final
                )
        except (*UNUSABLE, LostImportError):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            if rows > 1:
                await self._write_halves(running, source, group)
                return
            log.exception("import_row_refused", import_id=str(running.now.id))
            refused = group[0].rows.rows[0]
            reject = cleaned(Reject(refused.line, refused.id, "the database does not take it", refused.cells))
            async with self._worker.driver_transaction() as tx:
                rejects = [*running.rejects, reject]
                await commands.advance(tx, self._process, running.now, Counts(rows=1), rejects)
        running.advanced(rows)

    async def _write_halves(self, running: "_Running", source: KeyedSource, group: Sequence[Portion]) -> None:
        for half in _halves(group, source):
            try:
                await self._write_group(running, source, half)
            except Exception as error:
                if is_transient(error):
                    # The other half may be written: what is left of the group is found by reading the file again.
                    raise LostImportError from error
                raise

    async def _gives_way(self) -> bool:
        async with self._worker.driver_transaction() as tx:
            return await lag.is_behind(tx)

    async def _source(self, of: Import) -> KeyedSource:
        async with self._hook.driver_transaction(of.tenant_id) as tx:
            source = await sources.find(tx, of.source_id, self._vault)
        if source is None or source.tenant_id != of.tenant_id:
            raise UnusableFileError("its source was deleted")
        return source

    async def _end(self, running: "_Running", stage: Stage, reason: str | None) -> None:
        ended = msgspec.structs.replace(running.now, stage=stage, reason=reason)
        async with self._worker.driver_transaction() as tx:
            await store.extend(tx, self._process, running.now)
            await store.end(tx, self._process, ended, tx.now)
        log.info("import_ended", import_id=str(ended.id), tenant_id=ended.tenant_id, stage=stage.value)
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


class ImportRetentionJob(PeriodicJob):
    """Deletes imports that ended long ago, and uploads that never did."""

    def __init__(self, worker: Database) -> None:
        """Take a worker's connections."""
        super().__init__("import-retention", 300.0, max_age_seconds=900.0)
        self._worker = worker

    async def turn(self) -> int:
        """Delete a batch; return how many."""
        async with self._worker.driver_transaction() as tx:
            return await store.delete_old(tx, tx.now - UPLOAD_KEPT, tx.now - KEPT, MAX_DELETED)


class _Running:
    """An import that this process carries out: its file, its rows in order, and the group that is being written."""

    def __init__(self, claimed: Import) -> None:
        self.now = msgspec.structs.replace(claimed, stage=Stage.READING, rows_read=0, skipped=0)
        self.stored_stage = Stage.READING
        self.extend_at = time.monotonic() + EXTEND_SECONDS
        self.chunks = 0
        self.table: Table | JsonLines | None = None
        self.rejects: list[Reject] = []
        """That were found on the way to the rows of the group."""
        self._open = ExitStack()
        self._file: IO[bytes] = self._open.enter_context(TemporaryFile())  # noqa: SIM115 - closed with all others
        self._content = self._file
        self._rows = self._open.enter_context(SortedRows())
        self._reader: RowReader | None = None
        self._unread: Iterator[Row | Reject] = iter(())
        self._portions: Iterator[Rows] | None = None
        self._group: list[Portion] | None = None
        self._ahead: asyncio.Task[tuple[list[Portion], list[Reject]]] | None = None
        self._found: list[Reject] = []

    def close(self) -> None:
        """Close and delete its files."""
        self._open.close()

    async def settle(self) -> None:
        """Wait until no thread uses its files."""
        if self._ahead is not None:
            await asyncio.wait([self._ahead])

    def add_chunk(self, part: bytes | None) -> None:
        """Take the next part of the file; without one it is whole, and its header is read."""
        if part is not None:
            self._file.write(part)
            self.chunks += 1
            return
        self._file.seek(0)
        is_packed = self._file.read(len(GZIP_MARK)) == GZIP_MARK
        self._file.seek(0)
        if is_packed:
            self._content = cast("IO[bytes]", gzip.GzipFile(fileobj=self._file))
        wanted = self.now.wanted
        self.table = table_in(self._open, self._content, wanted.encoding, wanted.parting, is_json_lines=None)
        self._reader, understood = wanted.reader(self.table.columns)
        understood = msgspec.structs.replace(understood, encoding=self.table.encoding, delimiter=self.table.delimiter)
        self.now = msgspec.structs.replace(self.now, understood=understood)
        self._unread = self.table.rows()

    def read(self) -> list[Reject]:
        """Read rows for a short while; return those that cannot be taken. The last one leads to the next stage."""
        assert self._reader is not None, "the header is read first"
        until = time.monotonic() + READ_SECONDS
        rejects: list[Reject] = []
        rows, skipped, taken = self.now.rows_read, self.now.skipped, CHECK_ROWS
        while taken == CHECK_ROWS and time.monotonic() < until:
            taken = 0
            for row in islice(self._unread, CHECK_ROWS):
                taken += 1
                read = self._reader.read(row) if isinstance(row, Row) else row
                if isinstance(read, Ready):
                    self._rows.add(read)
                elif isinstance(read, Reject):
                    rejects.append(cleaned(read))
                else:
                    skipped += 1
            rows += taken
        if self._content.tell() > MAX_UNPACKED_BYTES:
            raise UnusableFileError(f"the file has more than {MAX_UNPACKED_BYTES:,} bytes when it is unpacked")
        stage = Stage.READING if taken == CHECK_ROWS else Stage.WRITING
        self.now = msgspec.structs.replace(self.now, rows_read=rows, skipped=skipped, stage=stage)
        return rejects

    async def group(self, source: KeyedSource) -> list[Portion]:
        """Return what is to be written next, and let a thread prepare what follows it."""
        if self._group is not None:
            return self._group
        ahead, self._ahead = self._ahead, None
        group, found = await (ahead or asyncio.to_thread(self._next_group, source))
        self.rejects += found
        if group:
            self._ahead = asyncio.create_task(asyncio.to_thread(self._next_group, source))
        self._group = group
        return group

    def go_on(self) -> None:
        """Go on to the next group."""
        self._group = None

    def advanced(self, rows: int) -> None:
        """Note that rows are written, and the rejects before them stored."""
        self.now = msgspec.structs.replace(self.now, position=self.now.position + rows)
        self.rejects = []

    def _next_group(self, source: KeyedSource) -> tuple[list[Portion], list[Reject]]:
        if self._portions is None:
            same_id = SameId(self._found.append)
            rows = same_id.sorted_out(iter(self._rows))
            # A file is read the same again, so these are the rows that are written already.
            done = islice(rows, self.now.position)
            for _ in done:
                pass
            self._portions = cut(rows, EVENTS_PER_DELIVERY, MAX_BODY_BYTES)
        group = [
            Portion(each, () if self.now.dry_run else ADAPTERS["native"].read(each.body, source))
            for each in islice(self._portions, DELIVERIES_PER_GROUP)
        ]
        found = [cleaned(each) for each in self._found]
        self._found.clear()
        return group, found


def _halves(group: Sequence[Portion], source: KeyedSource) -> list[list[Portion]]:
    """Return two groups of half the rows each."""
    if len(group) > 1:
        middle = len(group) // 2
        return [list(group[:middle]), list(group[middle:])]
    native = ADAPTERS["native"]
    return [[Portion(half, native.read(half.body, source))] for half in group[0].rows.halves()]
