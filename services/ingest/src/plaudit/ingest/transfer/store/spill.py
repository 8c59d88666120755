"""Rows in the order of their time, however many: what does not fit in memory is sorted on disk and merged."""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Final, Self

import msgspec

from plaudit.ingest.transfer.domain.rows import Ready

MAX_HELD_BYTES: Final = 16 * 1024 * 1024
"""Of rows in memory, without the overhead of their objects."""
MAX_RUNS: Final = 32
"""Sorted files that are merged at once; as many more are merged into one before."""
LENGTH_BYTES: Final = 4
BUFFER_BYTES: Final = 64 * 1024
ROW_OVERHEAD_BYTES: Final = 400

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, str, int, list[bytes], list[str]]).decode


class SortedRows:
    """Takes rows in any order, and gives them back ordered by instant, id and line."""

    def __init__(self, folder: Path | None = None, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        """Hold so many bytes in memory; put the rest into a folder, by default the system's for temporary files."""
        self._folder = folder
        self._max_held_bytes = max_held_bytes
        self._held: list[Ready] = []
        self._held_bytes = 0
        self._runs: list[IO[bytes]] = []
        self._open = ExitStack()
        self.count = 0
        self.event_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, row: Ready) -> None:
        """Take a row."""
        self._held.append(row)
        self._held_bytes += sum(map(len, row.events)) + sum(map(len, row.cells)) + ROW_OVERHEAD_BYTES
        self.count += 1
        self.event_count += len(row.events)
        if self._held_bytes >= self._max_held_bytes:
            self._write_run(iter(sorted(self._held)))
            self._held, self._held_bytes = [], 0

    def __iter__(self) -> Iterator[Ready]:
        """Return all rows that were taken, in order; this can be done again."""
        return self._merged([*map(_read_run, self._runs), iter(sorted(self._held))])

    def _write_run(self, rows: Iterator[Ready]) -> None:
        if len(self._runs) == MAX_RUNS:
            whole = self._run_of(self._merged(list(map(_read_run, self._runs))))
            for run in self._runs:
                run.close()
            self._runs = [whole]
        self._runs.append(self._run_of(rows))

    def _run_of(self, rows: Iterator[Ready]) -> IO[bytes]:
        # It has no name, so nothing of it is left behind when the program is killed.
        file = TemporaryFile(dir=self._folder, buffering=BUFFER_BYTES)  # noqa: SIM115 - closed with all others
        run: IO[bytes] = self._open.enter_context(file)
        for row in rows:
            packed = _encode(tuple(row))
            run.write(len(packed).to_bytes(LENGTH_BYTES, "big") + packed)
        return run

    @staticmethod
    def _merged(runs: list[Iterator[Ready]]) -> Iterator[Ready]:
        return heapq.merge(*runs)


def _read_run(run: IO[bytes]) -> Iterator[Ready]:
    run.seek(0)
    while length := run.read(LENGTH_BYTES):
        yield Ready(*_decode(run.read(int.from_bytes(length, "big"))))
