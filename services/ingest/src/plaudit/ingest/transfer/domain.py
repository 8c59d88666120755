"""From the rows of a table to native events: which column becomes which field, and how."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Event = dict[str, Any]
"""An event of the native format."""

FIELDS: Final = frozenset({
    "id", "subject", "rating", "kind", "title", "text", "language", "published_at", "edited_at", "version",
    "author.id", "author.name", "author.email", "verified", "origin", "url", "scale.min", "scale.max",
})  # fmt: skip
NUMBERS: Final = frozenset({"rating", "version", "scale.min", "scale.max"})
REQUIRED: Final = frozenset({"id", "rating", "published_at"})


class MappingError(ValueError):
    """A mapping that cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Column:
    """Where a field comes from: a column, perhaps as a path segment."""

    name: str
    as_slug: bool = False


def parse_columns(pairs: Sequence[str]) -> dict[str, Column]:
    """Read `field=column` and `field=column|slug`.

    Raises:
        MappingError: a pair is none of these, or a required field is missing.
    """
    columns = {}
    for pair in pairs:
        target, equals, source = pair.partition("=")
        if not equals or target not in FIELDS:
            raise MappingError(f"{pair!r}: say field=column; fields are {', '.join(sorted(FIELDS))}")
        name, _, conversion = source.partition("|")
        if conversion not in {"", "slug"}:
            raise MappingError(f"{pair!r}: the only conversion is |slug")
        columns[target] = Column(name, as_slug=conversion == "slug")
    if missing := REQUIRED - columns.keys():
        raise MappingError(f"map {', '.join(sorted(missing))} too, for example --map id=reviewId")
    return columns


def parse_constants(pairs: Sequence[str]) -> dict[str, str]:
    """Read `field=value`.

    Raises:
        MappingError: a field that the native format does not have.
    """
    constants = {target: value for target, _, value in (pair.partition("=") for pair in pairs)}
    if unknown := constants.keys() - FIELDS:
        raise MappingError(f"--set: fields are {', '.join(sorted(FIELDS))}, not {', '.join(sorted(unknown))}")
    return constants


def slug(text: str) -> str:
    """Return a name as one segment of a subject's path."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:64] or "unnamed"


def to_events(
    rows: Iterable[Mapping[str, str]], columns: Mapping[str, Column], constants: Mapping[str, str], under: str
) -> list[Event]:
    """Return the reviews of a table as events, oldest first.

    Args:
        rows: column → text.
        columns: field → where it comes from.
        constants: field → the value of every review.
        under: the subject that every subject is put below; empty for none.
    """
    read = [_event(row, columns, constants, under) for row in rows]
    return sorted(read, key=lambda event: str(event["data"]["published_at"]))


def _event(row: Mapping[str, str], columns: Mapping[str, Column], constants: Mapping[str, str], under: str) -> Event:
    data: dict[str, Any] = {}
    for target, value in constants.items():
        _put(data, target, value)
    for target, column in columns.items():
        value = row[column.name]
        if value != "":
            _put(data, target, slug(value) if column.as_slug else value)
    if under:
        data["subject"] = f"{under}/{data['subject']}" if "subject" in data else under
    return {"type": "review.created", "data": data}


def _put(data: dict[str, Any], target: str, value: str) -> None:
    *parents, name = target.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    data[name] = _converted(target, value)


def _converted(target: str, value: str) -> str | float | bool:
    if target in NUMBERS:
        number = float(value)
        return int(number) if number.is_integer() else number
    if target == "verified":
        return value.strip().lower() in {"true", "1", "yes"}
    return value
