"""An import: what is wanted of it, how its file was understood, and how far it is."""

import codecs
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of
from plaudit.ingest.transfer.domain.advice import Advice, AdvisedError, Place, told
from plaudit.ingest.transfer.domain.mapping import (
    Column,
    FieldMapping,
    MappingError,
    check_required,
    folded,
    parse_columns,
    parse_constants,
)
from plaudit.ingest.transfer.domain.presets import PRESETS, Preset, by_name, mapping_of, recognise
from plaudit.ingest.transfer.domain.reading import Options, RowReader
from plaudit.ingest.transfer.domain.rows import Reject
from plaudit.ingest.transfer.domain.subjects import Subjects
from plaudit.ingest.transfer.domain.values import DATE_ORDERS

GUESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "reviewid", "uuid", "externalid"),
    "rating": ("rating", "stars", "score", "reviewrating", "starrating"),
    "published_at": ("publishedat", "date", "createdat", "reviewdate", "time", "timestamp", "at"),
    "text": ("text", "content", "body", "review", "comment", "reviewtext"),
    "title": ("title", "headline", "reviewtitle", "summary"),
    "language": ("language", "lang", "locale"),
    "author.id": ("authorid", "userid", "customerid"),
    "url": ("url", "link", "reviewurl"),
}
"""Field → names of columns, without case and signs, that probably hold it."""
MAX_REJECTS: Final = 100_000
"""Of one import: with more of them, the file is not what it was taken for."""
MAX_REJECT_BYTES: Final = 256 * 1024 * 1024
TAB_WORDS: Final = frozenset({"tab", "\\t"})


class UnusableFileError(AdvisedError):
    """A file that cannot be read, or a mapping that does not fit it; the text says what to do."""


class UnknownImportError(Exception):
    """There is no such import."""


class FinishedImportError(Exception):
    """The import has ended, so that nothing of it can be cancelled."""


class PausedSourceError(Exception):
    """The source is paused: nothing is taken for it."""


class Stage(StrEnum):
    """How far an import is."""

    UPLOADING = "uploading"
    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


ENDED: Final = frozenset({Stage.DONE, Stage.CANCELLED, Stage.FAILED})


class Wanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a file is to be read, as on the command line."""

    preset: str | None = None
    map: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    under: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    zone: str | None = None
    dates: str | None = None
    empty: tuple[str, ...] = ()

    @property
    def parting(self) -> str | None:
        """The character between columns; None to find it by the header.

        Raises:
            UnusableFileError: it is none.
        """
        delimiter = "\t" if self.delimiter in TAB_WORDS else self.delimiter
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
            raise UnusableFileError(Advice("{delimiter}: it is one character, or tab"))
        return delimiter

    def reader(self, columns: Sequence[str], place: Place) -> "tuple[RowReader, Understood]":
        """Return what reads the rows of a table with these columns, and how they are understood.

        Rejects are told in the words of the place.

        Raises:
            UnusableFileError: they cannot be read so.
        """
        preset = self._preset(columns)
        try:
            own = FieldMapping(parse_columns(self.map), parse_constants(self.set))
            mapping = mapping_of(columns, own, preset)
            reader = RowReader(mapping, columns, Subjects({}), self._options(place))
            check_required(mapping)
            bound = mapping.bound(columns)
        except MappingError as error:
            raise UnusableFileError(*error.parts, *(() if preset is None else preset.also)) from error
        used = [_pair(target, column) for target, found in bound.items() for column, _ in found]
        constants = [f"{target}={value}" for target, value in mapping.constants.items()]
        name = None if preset is None else preset.name
        return reader, Understood(preset=name, columns=tuple(columns), map=tuple(used), set=tuple(constants))

    def _preset(self, columns: Sequence[str]) -> Preset | None:
        if self.preset is None:
            return recognise(columns)
        found = by_name(self.preset)
        if found is None:
            raise UnusableFileError(f"preset: it is one of {', '.join(each.name for each in PRESETS)}")
        return found

    def _options(self, place: Place) -> Options:
        _check_dates(self.dates)
        return Options(self.under, _zone(self.zone), self.dates, frozenset(self.empty), place)


def wrong_settings(wanted: Wanted, place: Place) -> dict[str, str]:
    """Return which settings cannot be, whatever the file: the name of each → why, in the words of a place.

    The words do not name the setting itself: they stand beside it.
    """
    checks: dict[str, Callable[[], object]] = {
        "map": lambda: parse_columns(wanted.map),
        "set": lambda: parse_constants(wanted.set),
        "under": lambda: _check_subject(wanted.under),
        "zone": lambda: _zone(wanted.zone),
        "dates": lambda: _check_dates(wanted.dates),
        "encoding": lambda: _check_encoding(wanted.encoding),
        "delimiter": lambda: wanted.parting,
    }
    wrong: dict[str, str] = {}
    for name, check in checks.items():
        try:
            check()
        except AdvisedError as error:
            said = Advice(f"{{{name}}}: ").told(place)
            wrong[name] = told(error, place).removeprefix(said)
    return wrong


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """What a file was found to be."""

    columns: tuple[str, ...]
    preset: str | None = None
    map: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ","


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows of one step of an import."""

    rows: int = 0
    accepted: int = 0
    unchanged: int = 0


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and how far its rows are written."""

    tenant_id: str
    id: UUID
    source_id: UUID
    stage: Stage
    wanted: Wanted
    understood: Understood | None
    dry_run: bool
    backfill: bool
    requested_by: str
    requested_at: datetime
    size_bytes: int = 0
    rows_read: int = 0
    skipped: int = 0
    position: int = 0
    """How many rows, in the order of their time, are written or refused."""
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    reject_bytes: int = 0
    reason: str | None = None
    """Why it failed."""
    finished_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.stage in ENDED


def guessed(columns: Sequence[str]) -> tuple[str, ...]:
    """Return a mapping of columns by their names, to be looked at by whoever knows the file."""
    by_name_of = {folded(column): column for column in reversed(columns)}
    found = {
        target: next((by_name_of[name] for name in names if name in by_name_of), None)
        for target, names in GUESSES.items()
    }
    return tuple(f"{target}={column}" for target, column in found.items() if column is not None)


def clean(text: str) -> str:
    """Return a text as the database takes it: what no text may hold is shown by its number."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def cleaned(reject: Reject) -> Reject:
    """Return a reject as the database takes it."""
    return Reject(reject.line, clean(reject.id), clean(reject.reason), [clean(cell) for cell in reject.cells])


def _pair(target: str, column: Column) -> str:
    return f"{target}={column.name}|{column.conversion}" if column.conversion else f"{target}={column.name}"


def _check_dates(order: str | None) -> None:
    if order is not None and order not in DATE_ORDERS:
        raise UnusableFileError(Advice("{dates}: "), f"it is one of {', '.join(DATE_ORDERS)}")


def _check_subject(path: str) -> None:
    if path and not is_subject(path):
        raise UnusableFileError(SUBJECT_RULE)


def _check_encoding(name: str | None) -> None:
    try:
        codecs.lookup(name or "utf-8")
    except LookupError as error:
        known = f"{name!r} is no encoding that is known, such as utf-8, utf-16-le or cp1252"
        raise UnusableFileError(known) from error


def _zone(name: str | None) -> tzinfo | None:
    try:
        return None if name is None else zone_of(name)
    except UnknownTimeZoneError as error:
        raise UnusableFileError(Advice("{zone}: "), f"{name!r} is no zone, such as UTC or Europe/Berlin") from error
