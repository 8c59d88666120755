"""One run of a transfer: a file is read whole, then posted, and what became of each row is told at the end."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import typer
from rich.console import Console
from rich.progress import Progress

from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.standard_webhooks import InvalidSecretError, decode_secret
from plaudit.ingest.transfer.cli.posting import Outcome, Pace, Poster
from plaudit.ingest.transfer.domain.advice import Place, told
from plaudit.ingest.transfer.domain.json_lines import JsonLines
from plaudit.ingest.transfer.domain.mapping import FieldMapping, MappingError
from plaudit.ingest.transfer.domain.presets import Preset, mapping_of, recognise
from plaudit.ingest.transfer.domain.reading import Options, RowReader, SameId
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row
from plaudit.ingest.transfer.domain.subjects import SubjectError, Subjects
from plaudit.ingest.transfer.domain.table import Table
from plaudit.ingest.transfer.store.files import Rejects, opened, read_subjects, write_subjects
from plaudit.ingest.transfer.store.spill import SortedRows

MAX_REASONS_SHOWN: Final = 10
SHOW_EVERY_ROWS: Final = 1_000


@dataclass(frozen=True)
class Reading:
    """How a file is read."""

    file: Path
    own: FieldMapping
    """What is mapped and set on the command line."""
    options: Options
    encoding: str | None
    delimiter: str | None
    subjects_file: Path | None
    rejects_file: Path
    use_presets: bool = False
    preset: Preset | None = None

    def kind_of_file(self, columns: Sequence[str]) -> Preset | None:
        """Return the preset for a table with these columns, the stated one or the one that fits; None if none does."""
        return self.preset or (recognise(columns) if self.use_presets else None)

    def reader(self, columns: Sequence[str], preset: Preset | None, subjects: Subjects) -> RowReader:
        """Return what reads the rows of a table with these columns.

        Raises:
            BadParameter: they cannot be mapped so.
        """
        try:
            return RowReader(mapping_of(columns, self.own, preset), columns, subjects, self.options)
        except MappingError as error:
            said = (*error.parts, *(() if preset is None else preset.also))
            raise typer.BadParameter(told(said, Place.COMMAND_LINE)) from error


class Transfer:
    """One run: what was read, rejected and posted, told at the end."""

    def __init__(self, reading: Reading, console: Console, show: Progress) -> None:
        """Read as stated; show progress, and what became of the rows."""
        self._reading = reading
        self._console = console
        self._show = show
        self._reasons: list[str] = []
        self._skipped = 0
        self._rejects: Rejects | None = None

    def run(self, poster_of: "PosterOf | None") -> bool:
        """Read the file, and post it unless there is nothing to post to; return whether every row was taken."""
        started = time.monotonic()
        with self._rows() as rows:
            same_id = SameId(self._reject)
            outcome = Outcome()
            if poster_of is not None:
                task = self._show.add_task("posting", total=rows.count)
                poster = poster_of(self._reject, lambda count: self._show.advance(task, count))
                outcome = _posted(poster, same_id.sorted_out(rows), poster_of.url)
            else:
                outcome.accepted = sum(1 for _ in same_id.sorted_out(rows))
        self._show.stop()
        self._tell(outcome, same_id, time.monotonic() - started, posted=poster_of is not None)
        return not (self._rejected or outcome.refused or outcome.unsent)

    @property
    def _rejected(self) -> int:
        return 0 if self._rejects is None else self._rejects.count

    @contextmanager
    def _rows(self) -> Iterator[SortedRows]:
        """Read the whole file; rejects can be added until the end of the context."""
        reading = self._reading
        subjects = read_subjects(reading.subjects_file)
        with ExitStack() as stack:
            rows = stack.enter_context(SortedRows())
            with opened(reading.file, reading.encoding, reading.delimiter) as table:
                preset = reading.kind_of_file(table.columns)
                reader = reading.reader(table.columns, preset, subjects)
                if preset is not None:
                    self._print(f"{reading.file.name}: {preset.title} ({preset.name})")
                self._rejects = Rejects(reading.rejects_file, table.columns, table.delimiter)
                stack.enter_context(self._rejects)
                self._read(table, reader, rows)
            if reading.subjects_file is not None:
                write_subjects(reading.subjects_file, subjects)
            self._rejects.keep = True
            yield rows

    def _read(self, table: Table | JsonLines, reader: RowReader, rows: SortedRows) -> None:
        task = self._show.add_task("reading", total=None)
        try:
            for number, row in enumerate(table.rows(), 1):
                read = reader.read(row) if isinstance(row, Row) else row
                if isinstance(read, Ready):
                    rows.add(read)
                elif isinstance(read, Reject):
                    self._reject(read)
                else:
                    self._skipped += 1
                if number % SHOW_EVERY_ROWS == 0:
                    self._show.update(task, completed=number)
        except SubjectError as error:
            raise WrongInputError(f"nothing was sent: {error}") from error
        self._show.update(task, completed=rows.count, total=rows.count)

    def _reject(self, reject: Reject) -> None:
        assert self._rejects is not None, "rows are rejected after the header was read"
        self._rejects.add(reject)
        if len(self._reasons) < MAX_REASONS_SHOWN:
            name = f" ({reject.id})" if reject.id else ""
            self._reasons.append(f"  line {reject.line}{name}: {reject.reason}")

    def _tell(self, outcome: Outcome, same_id: SameId, seconds: float, *, posted: bool) -> None:
        parts = [f"{outcome.accepted} {'accepted' if posted else 'can be sent'}", f"{self._rejected} rejected"]
        parts += [f"{outcome.refused} refused"] if posted else []
        parts += [f"{outcome.unsent} not sent"] if outcome.unsent else []
        parts += [f"{self._skipped} left out"] if self._skipped else []
        rows = outcome.accepted + self._rejected + outcome.refused
        self._print(f"{', '.join(parts)} in {seconds:.1f} s ({rows / max(seconds, 1e-9):.0f} reviews/s)")
        if same_id.example:
            one, other = same_id.example
            self._print(
                f"Rows with the id and time of another row that differ from it: {same_id.count}, for example lines "
                f"{one} and {other}; the last one counts"
            )
        if outcome.refusal:
            self._print(f"  {outcome.refusal}")
        for reason in self._reasons:
            self._print(reason)
        if self._rejected:
            self._print(f"The rejected rows are in {self._reading.rejects_file}: mend them there, and send that file")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class PosterOf:
    """Where to post, and how fast."""

    url: str
    secret: str
    pace: Pace

    def __post_init__(self) -> None:
        """Check address and secret.

        Raises:
            WrongInputError: one of them cannot be used.
        """
        try:
            decode_secret(self.secret)
            is_http = httpx.URL(self.url).scheme in {"http", "https"}
        except InvalidSecretError as error:
            raise WrongInputError(str(error)) from error
        except httpx.InvalidURL as error:
            raise WrongInputError(f"{self.url!r} is not an address: {error}") from error
        if not is_http:
            raise WrongInputError(f"{self.url!r} is not an address that begins with http:// or https://")

    def __call__(self, reject: Callable[[Reject], None], advance: Callable[[int], None]) -> Poster:
        """Return what posts there."""
        return Poster(self.url, self.secret, self.pace, reject, advance)


def _posted(poster: Poster, rows: Iterator[Ready], url: str) -> Outcome:
    try:
        return asyncio.run(poster.post(rows))
    except* httpx.TransportError as errors:
        raise RefusedError(f"{url} does not answer: {_first(errors)!r}") from errors


def _first(error: BaseException) -> BaseException:
    """Return the first error in a group of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
