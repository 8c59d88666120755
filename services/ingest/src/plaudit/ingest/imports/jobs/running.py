"""An import that a process carries out: its file, its rows in order, and the group that is written next."""

import asyncio
import gzip
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Final, cast

import msgspec

from plaudit.common.ids import IdSource
from plaudit.ingest.imports.commands import Batch, Outlook, Portion
from plaudit.ingest.imports.domain import Import, Stage, UnusableFileError, cleaned
from plaudit.ingest.imports.jobs.deciding import Decider
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.transfer.domain.advice import Place
from plaudit.ingest.transfer.domain.deliveries import Delivery as Rows
from plaudit.ingest.transfer.domain.deliveries import cut
from plaudit.ingest.transfer.domain.json_lines import JsonLines
from plaudit.ingest.transfer.domain.reading import MAX_BODY_BYTES, RowReader, SameId
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row
from plaudit.ingest.transfer.domain.table import GZIP_MARK, Table
from plaudit.ingest.transfer.store.files import table_in
from plaudit.ingest.transfer.store.spill import SortedRows

EXTEND_SECONDS: Final = 2.0
READ_SECONDS: Final = 0.25
"""In one turn."""
CHECK_ROWS: Final = 200
EVENTS_PER_DELIVERY: Final = 500
"""As the command line sends them: what it has sent is known here by its ids, and the other way round."""
DELIVERIES_PER_GROUP: Final = 4
BYTES_WORTH_A_PROCESS: Final = 3 * 1024 * 1024
"""Of a file that is as large, packed or not, another process decides about the rows. It takes as long to start as to
decide about 20,000 of them, and starts while the file is read."""
MAX_UNPACKED_BYTES: Final = 16 * 1024 * 1024 * 1024


class Running:
    """An import that this process carries out: its file, its rows in order, and the group that is being written."""

    def __init__(self, claimed: Import, partitions: int) -> None:
        """Begin with an import, whose events go to a bus of so many partitions."""
        self.now = msgspec.structs.replace(claimed, stage=Stage.READING, rows_read=0, skipped=0)
        self.outlook: Outlook | None = None
        """What the last group was decided with."""
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
        self._group: Batch | None = None
        self._ahead: asyncio.Task[tuple[Batch, list[Reject]]] | None = None
        self._partitions = partitions
        self._decider: Decider | None = None
        self._found: list[Reject] = []

    def close(self) -> None:
        """Close and delete its files, and end its other process."""
        self._open.close()
        if self._decider is not None:
            self._decider.close()

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
        self._reader, understood = wanted.reader(self.table.columns, Place.IMPORT)
        understood = msgspec.structs.replace(understood, encoding=self.table.encoding, delimiter=self.table.delimiter)
        self.now = msgspec.structs.replace(self.now, understood=understood)
        self._unread = self.table.rows()

    def read(self) -> list[Reject]:
        """Read rows for a short while; return those that cannot be taken. The last one leads to the next stage."""
        assert self._reader is not None, "the header is read first"
        size_bytes = max(self.now.size_bytes, self._content.tell())
        if self._decider is None and size_bytes >= BYTES_WORTH_A_PROCESS and not self.now.dry_run:
            self._decider = Decider(self._partitions)
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

    async def group(self, outlook: Outlook, ids: IdSource) -> Batch:
        """Return what is to be written next, and let a thread prepare what follows it while that is written."""
        if self._group is not None:
            return self._group
        ahead, self._ahead = self._ahead, None
        group, found = await (ahead or asyncio.to_thread(self._next_group, outlook, ids))
        self.rejects += found
        if group.portions:
            self._ahead = asyncio.create_task(asyncio.to_thread(self._next_group, outlook, ids))
        self._group = group
        return group

    def go_on(self) -> None:
        """Go on to the next group."""
        self._group = None

    def advanced(self, rows: int) -> None:
        """Note that rows are written, and the rejects before them stored."""
        self.now = msgspec.structs.replace(self.now, position=self.now.position + rows)
        self.rejects = []

    def _next_group(self, outlook: Outlook, ids: IdSource) -> tuple[Batch, list[Reject]]:
        if self._portions is None:
            same_id = SameId(self._found.append)
            rows = same_id.sorted_out(iter(self._rows))
            # A file is read the same again, so these are the rows that are written already.
            done = islice(rows, self.now.position)
            for _ in done:
                pass
            self._portions = cut(rows, EVENTS_PER_DELIVERY, MAX_BODY_BYTES)
        batch = self._decided([Portion(rows) for rows in islice(self._portions, DELIVERIES_PER_GROUP)], outlook, ids)
        found = [cleaned(each) for each in self._found]
        self._found.clear()
        return batch, found

    def _decided(self, portions: Sequence[Portion], outlook: Outlook, ids: IdSource) -> Batch:
        """Return portions with what becomes of them where nothing is known of their reviews."""
        if self.now.dry_run or not portions:
            return Batch(portions)
        if self._decider is not None:
            bodies = [(portion.sent_id, portion.rows.body) for portion in portions]
            prepared = self._decider.prepare(outlook.terms, outlook.at, bodies)
            if prepared is not None:
                return Batch(portions, prepared)
        seen: set[str] = set()
        foreseen = []
        for portion in portions:
            items = ADAPTERS["native"].read(portion.rows.body, outlook.terms.source)
            foreseen.append(Portion(portion.rows, items, outlook.foresee(items, seen, ids), outlook))
        return Batch(foreseen)


def halves(batch: Batch) -> list[Batch]:
    """Return two batches of half the rows each."""
    portions = batch.portions
    if len(portions) > 1:
        middle = len(portions) // 2
        return [Batch(portions[:middle]), Batch(portions[middle:])]
    # What is known of the whole goes by places in it.
    return [Batch([Portion(half)]) for half in portions[0].rows.halves()]
