"""Which column becomes which field of the native format, and how: `field=column`, `field=column|conversion`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from plaudit.ingest.transfer.domain.advice import Advice, AdvisedError
from plaudit.ingest.transfer.domain.values import DATE_ORDERS

TIMES: Final = frozenset({"published_at", "edited_at", "answer.published_at"})
FIELDS: Final = frozenset({
    "id", "subject", "rating", "kind", "title", "text", "language", "version", "author.id", "author.name",
    "author.email", "verified", "origin", "url", "tags", "scale.min", "scale.max", "answer.text", "answer.state",
    *TIMES,
})  # fmt: skip
DECISIONS: Final = frozenset({"removed", "skip"})
"""What a column of states decides: the review is no longer public, or the row is left out."""
REQUIRED: Final = frozenset({"id", "rating", "published_at"})
CONVERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("as-is", "derived", "query:NAME"),
    "language": ("stated",),
    "subject": ("slug",),
    "text": ("as-written",),
    "answer.text": ("as-written",),
    "verified": ("YES,YES:NO,NO",),
    "removed": ("WORD,WORD",),
    "skip": ("WORD,WORD",),
    **dict.fromkeys(TIMES, ("utc", "epoch_s", "epoch_ms", *DATE_ORDERS)),
}
"""Field → what may stand after its column's name."""
_FOLDED: Final = re.compile(r"[\W_]+")


class MappingError(AdvisedError):
    """A mapping that cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Column:
    """Where a field comes from: a column, or several, and how it is read."""

    name: str
    conversion: str = ""

    @property
    def names(self) -> list[str]:
        """The columns that it needs."""
        return self.name.split("+") if self.conversion in {"derived", "stated"} else [self.name]


@dataclass(frozen=True)
class FieldMapping:
    """What a table's columns mean. The first column of a field that has a value gives it."""

    columns: Mapping[str, Sequence[Column]]
    constants: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    """Fields whose columns need not be there: a platform's files differ."""
    guarded: bool = False
    """Whether texts that look like formulas have a quote in front, as in files of ours, which is taken off."""

    def extended(self, other: "FieldMapping") -> "FieldMapping":
        """Return this mapping with the fields of another one in place of its own."""
        own = {target: each for target, each in self.columns.items() if target not in other.constants}
        return FieldMapping(
            columns={**own, **other.columns},
            constants={**self.constants, **other.constants},
            optional=self.optional - other.columns.keys(),
            guarded=self.guarded,
        )

    def bound(self, header: Sequence[str]) -> dict[str, list[tuple[Column, list[int]]]]:
        """Return for each field its columns with their places in a table.

        A column is found by its name, or else by its name without regard to case, spaces and signs.

        Raises:
            MappingError: a column is not there, or its name stands twice.
        """
        found: dict[str, list[tuple[Column, list[int]]]] = {}
        missing = []
        for target, columns in self.columns.items():
            usable = [(column, places) for column in columns if (places := _places(column, header)) is not None]
            if usable:
                found[target] = usable
            if (target in REQUIRED and not usable) or (target not in self.optional and len(usable) < len(columns)):
                missing += [name for column in columns for name in column.names if name not in header]
        if missing:
            raise MappingError(f"there is no column {', '.join(sorted({*missing}))}; the file has {', '.join(header)}")
        return found


def parse_columns(pairs: Sequence[str]) -> dict[str, list[Column]]:
    """Read `field=column` and `field=column|conversion`; a field that is mapped twice has both columns, in order.

    Raises:
        MappingError: a pair is none of these.
    """
    columns: dict[str, list[Column]] = {}
    for pair in pairs:
        target, equals, source = pair.partition("=")
        if not equals or target not in FIELDS | DECISIONS:
            raise MappingError(f"{pair!r}: say field=column; fields are {', '.join(sorted(FIELDS | DECISIONS))}")
        name, bar, conversion = source.rpartition("|") if "|" in source else (source, "", "")
        if (bar and not _is_conversion(target, conversion)) or (target in DECISIONS and not bar):
            known = " or ".join(f"|{each}" for each in CONVERSIONS.get(target, ()))
            raise MappingError(f"{pair!r}: {target} takes {f'the conversion {known}' if known else 'no conversion'}")
        columns.setdefault(target, []).append(Column(name, conversion))
    return columns


def check_required(mapping: FieldMapping) -> None:
    """Check that every review will have an id, a rating and a time.

    Raises:
        MappingError: one of them is not mapped.
    """
    if missing := REQUIRED - mapping.columns.keys() - mapping.constants.keys():
        raise MappingError(f"map {', '.join(sorted(missing))} too, ", Advice("for example {map:id=reviewId}"))


def parse_constants(pairs: Sequence[str]) -> dict[str, str]:
    """Read `field=value`.

    Raises:
        MappingError: a field that the native format does not have, or that differs between reviews by its nature.
    """
    constants = {target: value for target, _, value in (pair.partition("=") for pair in pairs)}
    if unknown := constants.keys() - FIELDS:
        listed = f"fields are {', '.join(sorted(FIELDS))}, not {', '.join(sorted(unknown))}"
        raise MappingError(Advice("{set}: "), listed)
    if "id" in constants:
        raise MappingError(Advice("{set:id=VALUE} would make one review of all rows: map a column"))
    return constants


def words(conversion: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the two sides of `YES,YES:NO,NO`, in any case."""
    yes, _, no = conversion.partition(":")
    return _words(yes), _words(no)


def folded(name: str) -> str:
    """Return the name of a column without case, spaces and signs."""
    return _FOLDED.sub("", name.casefold())


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in text.split(",") if word.strip())


def _is_conversion(target: str, conversion: str) -> bool:
    if target in {"verified", *DECISIONS}:
        return any(words(conversion))
    if target == "id" and conversion.startswith("query:"):
        return len(conversion) > len("query:")
    return conversion in CONVERSIONS.get(target, ())


def _places(column: Column, header: Sequence[str]) -> list[int] | None:
    places = [_place(name, header) for name in column.names]
    known = [place for place in places if place is not None]
    # A derived id is made of those of its columns that are there.
    return known if known and (len(known) == len(places) or column.conversion == "derived") else None


def _place(name: str, header: Sequence[str]) -> int | None:
    for wanted, names in ((name, header), (folded(name), [folded(each) for each in header])):
        count = names.count(wanted) if wanted else 0
        if count > 1:
            raise MappingError(
                f"the column {name!r} stands {count} times in the header, so it is not clear which is meant"
            )
        if count:
            return names.index(wanted)
    return None
