"""What reports are told by: the groups of clocks or reviews."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from plaudit.alerting.reports.domain.asked import TIMES, Dimension

Figures = TypeVar("Figures")


class Key(NamedTuple):
    """Which group it is."""

    values: tuple[str | None, ...]
    """In the order of the dimensions; None where nothing is known of it. Weeks and months are their first date."""
    names: tuple[str, ...]
    """The same for people."""


class Group(NamedTuple, Generic[Figures]):
    """A group, and what is told of it."""

    key: Key
    figures: Figures


class Report(NamedTuple, Generic[Figures]):
    """What is told of all together, and of each group."""

    all: Figures
    groups: tuple[Group[Figures], ...]


def key_of(by: Sequence[Dimension], values: Sequence[str | None], source_name: str | None) -> Key:
    """Return the key of a group.

    Args:
        by: the dimensions.
        values: as they are stored, in the same order.
        source_name: of a group by source.
    """
    names = [_name(each, value, source_name) for each, value in zip(by, values, strict=True)]
    return Key(tuple(values), tuple(names))


def in_order(
    groups: Iterable[Group[Figures]], by: Sequence[Dimension], counts: Mapping[Key, int]
) -> tuple[Group[Figures], ...]:
    """Return groups in their order: by time where they are told by it first, else the largest first.

    Args:
        groups: in any order.
        by: the dimensions.
        counts: key → how many clocks or reviews the group has.
    """
    first_is_time = bool(by) and by[0] in TIMES
    found = sorted(groups, key=lambda group: (-counts[group.key], group.key.names))
    if first_is_time:
        found.sort(key=lambda group: group.key.values[0] or "")
    return tuple(found)


def _name(dimension: Dimension, value: str | None, source_name: str | None) -> str:
    if value is None:
        return f"no {dimension}"
    if dimension is Dimension.SOURCE:
        return source_name or value
    if dimension is Dimension.WEEK:
        return f"week of {date.fromisoformat(value):%-d %B %Y}"
    if dimension is Dimension.MONTH:
        return f"{date.fromisoformat(value):%B %Y}"
    return value.replace("_", " ") if dimension is Dimension.METRIC else value
