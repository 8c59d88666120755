"""`plaudit import` and `plaudit replay`: a file of reviews becomes signed webhooks, in the order of their time.

Both read row by row. Sound rows are sent; every other one is told by line, id and reason, and written to a file that
can be mended and sent again. The whole file is read before anything is sent, in memory that does not grow with it.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plaudit.common.refusals import WrongInputError
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of
from plaudit.ingest.transfer.cli.posting import Pace
from plaudit.ingest.transfer.cli.run import PosterOf, Reading, Transfer
from plaudit.ingest.transfer.domain.advice import Place
from plaudit.ingest.transfer.domain.mapping import (
    FieldMapping,
    MappingError,
    check_required,
    parse_columns,
    parse_constants,
)
from plaudit.ingest.transfer.domain.presets import PRESETS, by_name
from plaudit.ingest.transfer.domain.reading import Options
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row
from plaudit.ingest.transfer.domain.subjects import SubjectError
from plaudit.ingest.transfer.domain.values import DATE_ORDERS
from plaudit.ingest.transfer.store.files import free_path, opened, read_subjects

MAX_EVENTS_PER_DELIVERY: Final = 1_000
PREVIEWED_ROWS: Final = 20
SHOWN_REVIEWS: Final = 5
TAB_WORDS: Final = frozenset({"tab", "\\t"})

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="CSV, JSON lines (.jsonl) or a JSON array, in gzip (.gz) or not."),
]
Url = Annotated[str, typer.Option(help="The source's hook: http://HOST/v1/hooks/SOURCE_ID.")]
Secret = Annotated[str, typer.Option(envvar="PLAUDIT_WEBHOOK_SECRET", help="The source's whsec_… secret.")]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="field=column, or field=column|conversion: subject=…|slug, id=…|derived, published_at=…|epoch_ms, "
        "verified=…|YES,YES:NO. May be repeated; the first column with a value counts.",
    ),
]
Set = Annotated[list[str] | None, typer.Option("--set", help="field=value for every review.")]
Under = Annotated[str, typer.Option(help="Put every subject below this one.")]
Encoding = Annotated[str | None, typer.Option(help="Of a file without a mark, such as cp1252; UTF-8 by default.")]
Delimiter = Annotated[str | None, typer.Option(help="One character, or tab; found by the header by default.")]
Zone = Annotated[str | None, typer.Option(help="Of times without one, such as UTC or Europe/Berlin.")]
Dates = Annotated[str | None, typer.Option(help="How to read 05/03/2024: dmy, mdy or ymd.")]
Empty = Annotated[list[str] | None, typer.Option(help="A word that stands for no value, such as null.")]
SubjectsFile = Annotated[
    Path | None,
    typer.Option("--subjects", dir_okay=False, help="CSV of name,subject: it is used, and new names are added to it."),
]
RejectsFile = Annotated[
    Path | None, typer.Option("--rejects", dir_okay=False, help="Where rejected rows go; beside the file by default.")
]
Again = Annotated[bool, typer.Option("--again", help="Send what was sent before once more, to be decided anew.")]
Connections = Annotated[int, typer.Option(min=1, max=256, help="Most webhooks in flight.")]
Batch = Annotated[int, typer.Option(min=1, max=MAX_EVENTS_PER_DELIVERY, help="Most reviews in one webhook.")]
Rate = Annotated[float, typer.Option(min=0, help="Reviews a second; 0 is as fast as answered.")]


def replay(
    file: File,
    url: Url,
    secret: Secret,
    map_: Map = None,
    set_: Set = None,
    under: Under = "",
    rate: Rate = 0,
    batch: Batch = 1,
    connections: Connections = 16,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    zone: Zone = None,
    dates: Dates = None,
    empty: Empty = None,
    subjects: SubjectsFile = None,
    rejects: RejectsFile = None,
    again: Again = False,
) -> None:
    """Post a file of reviews as signed webhooks, oldest first.

    Example: plaudit replay reviews.csv.gz --url http://127.0.0.1:8000/v1/hooks/SOURCE_ID --secret whsec_…
    --map id=reviewId --map rating=stars --map published_at=date --map text=text
    """
    own = _own(map_, set_)
    try:
        check_required(own)
    except MappingError as error:
        raise typer.BadParameter(str(error)) from error
    reading = Reading(
        file, own, _options(under, zone, dates, empty), encoding, _delimiter(delimiter), subjects,
        _rejects_file(file, rejects),
    )  # fmt: skip
    _run(reading, PosterOf(url, secret, Pace(rate, batch, connections, again)))


def import_(
    file: File,
    url: Annotated[str | None, typer.Option(help="The source's hook: http://HOST/v1/hooks/SOURCE_ID.")] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="PLAUDIT_WEBHOOK_SECRET", help="The source's whsec_… secret.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what the file is and how its first rows are read; send nothing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the whole file and write its rejects; send nothing.")
    ] = False,
    preset: Annotated[
        str | None, typer.Option(help="Which platform wrote the file; found by its header by default.")
    ] = None,
    map_: Map = None,
    set_: Set = None,
    under: Under = "",
    batch: Batch = 500,
    connections: Connections = 4,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    zone: Zone = None,
    dates: Dates = None,
    empty: Empty = None,
    subjects: SubjectsFile = None,
    rejects: RejectsFile = None,
    again: Again = False,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Call nobody: the reviews start no clock, and count at their time.")
    ] = False,
) -> None:
    """Import the file that a platform or a scraper wrote: what it is, is found by its header; --map states more.

    Example: plaudit import reviews_org.example.app_202605.csv --preview
    """
    if preset is not None and by_name(preset) is None:
        raise typer.BadParameter(f"{preset!r} is none of {', '.join(each.name for each in PRESETS)}")
    reading = Reading(
        file, _own(map_, set_), _options(under, zone, dates, empty), encoding, _delimiter(delimiter), subjects,
        _rejects_file(file, rejects), use_presets=True, preset=by_name(preset) if preset else None,
    )  # fmt: skip
    if preview:
        _preview(reading)
    elif dry_run:
        _run(reading, None)
    elif url is None or secret is None:
        raise typer.BadParameter("state --url and --secret of the source, or --preview or --dry-run")
    else:
        _run(reading, PosterOf(url, secret, Pace(0, batch, connections, again, backfill)))


def _run(reading: Reading, poster_of: PosterOf | None) -> None:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as show:
        every_row_taken = Transfer(reading, console, show).run(poster_of)
    if not every_row_taken:
        raise typer.Exit(1)


def _preview(reading: Reading) -> None:
    """Print what a file is, and how its first rows are read."""
    subjects = read_subjects(reading.subjects_file)
    with opened(reading.file, reading.encoding, reading.delimiter) as table:
        preset = reading.kind_of_file(table.columns)
        kind = "no known kind of file" if preset is None else f"{preset.title} ({preset.name}, {preset.known})"
        delimiter = "tab" if table.delimiter == "\t" else table.delimiter
        typer.echo(f"{reading.file.name}: {kind}; {table.encoding}, columns parted by {delimiter}")
        if preset is not None and preset.hint:
            typer.echo(f"note: {preset.advice.told(Place.COMMAND_LINE)}")
        reader = reading.reader(table.columns, preset, subjects)
        shown = 0
        try:
            for row in islice(table.rows(), PREVIEWED_ROWS):
                read = reader.read(row) if isinstance(row, Row) else row
                if isinstance(read, Reject):
                    typer.echo(f"line {read.line} is rejected: {read.reason}")
                elif isinstance(read, Ready) and shown < SHOWN_REVIEWS:
                    shown += 1
                    typer.echo(f"line {read.line}: {'; '.join(event.decode() for event in read.events)}")
        except SubjectError as error:
            raise WrongInputError(str(error)) from error


def _own(mapped: Sequence[str] | None, constants: Sequence[str] | None) -> FieldMapping:
    try:
        return FieldMapping(parse_columns(mapped or ()), parse_constants(constants or ()))
    except MappingError as error:
        raise typer.BadParameter(str(error)) from error


def _options(under: str, zone: str | None, dates: str | None, empty: Sequence[str] | None) -> Options:
    if dates is not None and dates not in DATE_ORDERS:
        raise typer.BadParameter(f"--dates is one of {', '.join(DATE_ORDERS)}")
    try:
        return Options(under, None if zone is None else zone_of(zone), dates, frozenset(empty or ()))
    except UnknownTimeZoneError as error:
        raise typer.BadParameter(f"{zone!r} is no zone, such as UTC or Europe/Berlin") from error


def _delimiter(stated: str | None) -> str | None:
    delimiter = "\t" if stated in TAB_WORDS else stated
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise typer.BadParameter("--delimiter is one character, or tab")
    return delimiter


def _rejects_file(file: Path, stated: Path | None) -> Path:
    if stated is None:
        return free_path(file)
    if stated.exists() and stated.samefile(file):
        raise typer.BadParameter("--rejects would be written over the file that is read")
    return stated
