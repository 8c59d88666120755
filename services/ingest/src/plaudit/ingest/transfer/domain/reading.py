"""From a row to native events: each field by its column, or a reject that says which column cannot be read, and why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final

import msgspec

from plaudit.common.csv_cells import unguarded
from plaudit.ingest.platforms.fields import as_written
from plaudit.ingest.transfer.domain.advice import Advice, Place, told
from plaudit.ingest.transfer.domain.mapping import (
    DECISIONS,
    TIMES,
    Column,
    FieldMapping,
    MappingError,
    check_required,
    words,
)
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row, RowError, Skipped
from plaudit.ingest.transfer.domain.subjects import Subjects
from plaudit.ingest.transfer.domain.values import (
    DATE_ORDERS,
    DERIVED_PREFIX,
    NO,
    YES,
    derived_id,
    epoch,
    from_link,
    given_id,
    instant,
    number,
    quoted,
    rating,
    whole_number,
    yes_or_no,
)

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""Of a delivery: what a hook takes."""
MAX_VERSION: Final = 2**63 - 1
BEST: Final = {"stars": 5, "nps": 10, "csat": 5, "ces": 7, "thumbs": 1}
"""The upper end of a scale that is not stated."""
_UNITS: Final = {"epoch_s": 1, "epoch_ms": 1_000}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode

Convert = Callable[[list[str]], Any]
"""Takes the cells of a field's columns; returns its value, or None for none."""


@dataclass(frozen=True)
class Options:
    """What is stated about the values of a file."""

    under: str = ""
    """The subject that every subject is put below; empty for none."""
    zone: tzinfo | None = None
    """Of times without one; None to refuse them."""
    dates: str | None = None
    """The order of day, month and year in dates of digits; None to refuse them."""
    empty: frozenset[str] = field(default_factory=frozenset)
    """Words that stand for no value."""
    place: Place = Place.COMMAND_LINE
    """Where rejects are read."""


class RowReader:
    """Reads the rows of one table."""

    def __init__(self, mapping: FieldMapping, header: Sequence[str], subjects: Subjects, options: Options) -> None:
        """Find the columns.

        Raises:
            MappingError: a column is missing, or a constant is no value of its field.
        """
        check_required(mapping)
        bound = mapping.bound(header)
        self._subjects = subjects
        self._options = options
        self._empty = options.empty
        self._guarded = mapping.guarded
        self._constants = self._read_constants(mapping.constants)
        self._skip, self._removed = (self._sources(target, bound.get(target, [])) for target in ("skip", "removed"))
        self._id = self._sources("id", bound.pop("id"))
        self._fields = [
            (target, target.split("."), self._sources(target, columns))
            for target, columns in bound.items()
            if target not in DECISIONS
        ]

    def read(self, row: Row) -> Ready | Reject | Skipped:
        """Return a row as events.

        Raises:
            SubjectError: two names would become one subject: then nothing of the file may be sent.
        """
        cells = row.cells
        external_id = ""
        try:
            if self._skip and self._value("skip", self._skip, cells):
                return Skipped(row.line)
            external_id = self._value("id", self._id, cells) or ""
            if not external_id:
                return Reject(row.line, "", "the row has no id", cells)
            data = self._data(external_id, cells)
            removed = bool(self._removed and self._value("removed", self._removed, cells))
        except RowError as error:
            return Reject(row.line, external_id, told(error, self._options.place), cells)
        # Its removal goes first, so that it is never public in between: what comes after one stays removed.
        events = [_encode({"type": "review.removed", "data": {"id": external_id}})] if removed else []
        changed_at = data.get("edited_at", data["published_at"])
        events.append(_encode({"type": "review.created", "data": data}))
        if sum(map(len, events)) + len(events) + 1 > MAX_BODY_BYTES:
            return Reject(row.line, external_id, f"the review is larger than {MAX_BODY_BYTES:,} bytes", cells)
        return Ready((changed_at - _EPOCH) // _MICROSECOND, external_id, row.line, events, cells)

    def _data(self, external_id: str, cells: list[str]) -> dict[str, Any]:
        data: dict[str, Any] = {"id": external_id}
        for path, value in self._constants:
            _put(data, path, value)
        for target, path, sources in self._fields:
            if (value := self._value(target, sources, cells)) is not None:
                _put(data, path, value)
        if under := self._options.under:
            data["subject"] = f"{under}/{data['subject']}" if "subject" in data else under
        data["rating"] = _on_scale(data)
        if "published_at" not in data:
            raise RowError("published_at: the row has no time")
        if data.get("edited_at") == data["published_at"]:
            del data["edited_at"]
        answer = data.get("answer")
        if answer is not None and "text" not in answer:
            del data["answer"]
        return data

    def _value(self, target: str, sources: Sequence[tuple[Column, list[int], Convert]], cells: list[str]) -> Any:
        empty = self._empty
        for column, places, convert in sources:
            # Nearly every field is one column, and a row is read once for each of millions.
            if len(places) == 1 and not self._guarded:
                cell = cells[places[0]]
                if not cell or cell.isspace() or cell in empty:
                    continue
                read = [cell]
            else:
                read = [unguarded(cells[place]) if self._guarded else cells[place] for place in places]
                if not any(map(self._has_value, read)):
                    continue
            try:
                value = convert(read)
            except RowError as error:
                raise RowError(f"{target} (column {column.name}): ", *error.parts) from error
            if value is not None:
                return value
        return None

    def _has_value(self, cell: str) -> bool:
        return bool(cell) and not cell.isspace() and cell not in self._empty

    def _read_constants(self, constants: Mapping[str, str]) -> list[tuple[list[str], Any]]:
        try:
            return [(target.split("."), self._converter(target, "")([value])) for target, value in constants.items()]
        except RowError as error:
            raise MappingError(Advice("{set}: "), *error.parts) from error

    def _sources(
        self, target: str, columns: Sequence[tuple[Column, list[int]]]
    ) -> list[tuple[Column, list[int], Convert]]:
        return [(column, places, self._converter(target, column.conversion)) for column, places in columns]

    def _converter(self, target: str, conversion: str) -> Convert:
        if target in TIMES:
            return self._time_converter(conversion)
        if target == "id":
            return _id_converter(conversion)
        if target in {"verified", *DECISIONS}:
            yes, no = words(conversion)
            if target in DECISIONS:
                return lambda cells: cells[0].strip().casefold() in yes
            return lambda cells: yes_or_no(cells[0], (YES - no) | yes, (NO - yes) | no)
        if target == "subject" and conversion == "slug":
            return lambda cells: self._subjects.find(cells[0])
        return _PLAIN.get(f"{target}|{conversion}" if conversion else target, lambda cells: cells[0])

    def _time_converter(self, conversion: str) -> Convert:
        if conversion in _UNITS:
            return lambda cells: epoch(cells[0], _UNITS[conversion])
        zone = UTC if conversion == "utc" else self._options.zone
        order = conversion if conversion in DATE_ORDERS else self._options.dates
        return lambda cells: instant(cells[0], zone, order)


class SameId:
    """Rows of one review and one time that differ: which of them was last, nothing says."""

    def __init__(self, reject: Callable[[Reject], None]) -> None:
        """Tell the rejects among them."""
        self.count = 0
        self.example: tuple[int, int] | None = None
        """Lines of two rows under one id that was given; the later one counts."""
        self._reject = reject

    def sorted_out(self, rows: Iterable[Ready]) -> Iterator[Ready]:
        """Return rows, which are in order, without those that only share a derived id with another one."""
        before: Ready | None = None
        for row in rows:
            if before is not None and row[:2] == before[:2] and row.events != before.events:
                if row.id.startswith(DERIVED_PREFIX):
                    reason = f"line {before.line} has the same derived id and says something else: give each row an id"
                    self._reject(Reject(row.line, row.id, reason, row.cells))
                    continue
                self.count += 1
                self.example = self.example or (before.line, row.line)
            before = row
            yield row


def _id_converter(conversion: str) -> Convert:
    if conversion == "derived":
        return derived_id
    if conversion == "as-is":
        return lambda cells: cells[0].strip()
    if conversion.startswith("query:"):
        return partial(_linked_id, parameter=conversion.removeprefix("query:"))
    return lambda cells: given_id(cells[0])


def _stated_language(cells: list[str]) -> str | None:
    """Return the language that a platform said; None where we told it by the text."""
    language, is_from_text = cells
    return None if yes_or_no(is_from_text, YES, NO) else _language(language)


def _language(cell: str) -> str | None:
    return cell.strip().replace("_", "-") or None


def _tags(cells: list[str]) -> list[str] | None:
    try:
        return msgspec.json.decode(cells[0], type=list[str]) or None
    except msgspec.DecodeError as error:
        raise RowError(f"{quoted(cells[0])} is no list of texts in JSON") from error


def _linked_id(cells: list[str], parameter: str) -> str | None:
    return from_link(cells[0], parameter)


def _version(cells: list[str]) -> int:
    version = whole_number(cells[0])
    if abs(version) > MAX_VERSION:
        raise RowError(f"{quoted(cells[0])} is beyond ±{MAX_VERSION}")
    return version


_PLAIN: Final[Mapping[str, Convert]] = {
    "rating": lambda cells: rating(cells[0]),
    "version": _version,
    "scale.min": lambda cells: number(cells[0]),
    "scale.max": lambda cells: number(cells[0]),
    "language": lambda cells: _language(cells[0]),
    "language|stated": _stated_language,
    "text|as-written": lambda cells: as_written(cells[0]),
    "answer.text|as-written": lambda cells: as_written(cells[0]),
    "tags": _tags,
    "answer.state": lambda cells: cells[0].strip().casefold(),
    "kind": lambda cells: cells[0].strip().casefold(),
    "origin": lambda cells: cells[0].strip().casefold(),
    "subject": lambda cells: cells[0].strip(),
    "url": lambda cells: cells[0].strip(),
}


def _on_scale(data: dict[str, Any]) -> float:
    """Return the rating; where its cell says out of how many, that must be the best one of its scale."""
    if "rating" not in data:
        raise RowError("rating: the row has no rating")
    value: float
    value, best = data["rating"]
    scale: dict[str, float] = data.get("scale", {})
    expected = scale.get("max", BEST.get(data.get("kind", "stars")))
    if best is not None and best != expected:
        raise RowError(f"rating: it is given out of {best}, and the scale ends at {expected}: set scale.max")
    return value


def _put(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for parent in path[:-1]:
        data = data.setdefault(parent, {})
    data[path[-1]] = value
