"""Statements and rows that are derived by name from a table's one column list, so that nobody counts positions.

`Columns` holds the columns that one statement reads or writes, in one order. Each is filled from the attribute of the
same name, or from a dotted path where a state is nested: `Columns(clocks, {"review_id": "review.id"})`.

A statement that writes several tables at once reads them from a `relation`: columns of these tables that it is given
as parameters. `Columns.unnested` makes its rows, and `Columns.selected` takes the columns of each table from it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import ARRAY, Column, MetaData, Table
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves its constructor untyped


def under(path: str, *names: str) -> dict[str, str]:
    """Return column → attribute path, for columns that the attributes of the same names fill below a path."""
    return {name: f"{path}.{name}" for name in names}


def relation(name: str, *columns: Column[Any], without: Iterable[str] = ()) -> Table:
    """Return rows that exist in a statement only, as a table for `Columns`.

    Columns of several tables are copied; those of one name become one column.
    """
    left_out = frozenset(without)
    by_name = {column.name: Column(column.name, column.type) for column in columns if column.name not in left_out}
    return Table(name, MetaData(), *by_name.values())


class Columns:
    """Some columns of a table in one order, and the attributes that fill them."""

    def __init__(self, table: Table, paths: Mapping[str, str] | None = None, *, without: Iterable[str] = ()) -> None:
        """Take a table's columns.

        Args:
            table: the table.
            paths: column → attribute path, for columns that the attribute of the same name does not fill.
            without: columns that these statements neither read nor write.

        Raises:
            ValueError: a name is not a column.
        """
        paths, left_out = paths or {}, frozenset(without)
        if unknown := (paths.keys() | left_out) - set(table.c.keys()):
            raise ValueError(f"table {table.name} has no column {', '.join(sorted(unknown))}")
        self.table = table
        self.names: tuple[str, ...] = tuple(name for name in table.c.keys() if name not in left_out)  # noqa: SIM118
        self._keys = tuple(column.name for column in table.primary_key)
        self._values = _tuple_of([paths.get(name, name) for name in self.names])
        self._parts = _by_owner([paths.get(name, name) for name in self.names])

    @property
    def listed(self) -> str:
        """The columns as SQL lists them: `a, b, c`."""
        return ", ".join(self.names)

    def of(self, alias: str) -> str:
        """Return the columns of an alias: `t.a, t.b`."""
        return ", ".join(f"{alias}.{name}" for name in self.names)

    def unnest(self, first: int = 1) -> str:
        """Return `unnest($1::text[], …)`: one array parameter for each column, numbered from `first`.

        Raises:
            TypeError: a column is an array, which unnest would flatten.
        """
        return f"unnest({', '.join(self.array(name, first) for name in self.names)})"

    def array(self, name: str, first: int = 1) -> str:
        """Return `$2::text[]`: the array parameter of one column, where those of all are numbered from `first`.

        Raises:
            TypeError: as `unnest`.
            ValueError: the name is not one of the columns.
        """
        return f"${first + self.names.index(name)}::{self._type(name)}[]"

    def unnested(self, first: int = 1) -> str:
        """Return `unnest($1::text[]) AS a, …`: the same rows as a select list, which need not be stored on the way.

        Raises:
            TypeError: as `unnest`.
        """
        return ", ".join(f"unnest({self.array(name, first)}) AS {name}" for name in self.names)

    def selected(self, expressions: Mapping[str, str] | None = None, *, present: Collection[str] | None = None) -> str:
        """Return a select list of all columns, in their order.

        Args:
            expressions: column → what it is selected as, where that is not the column of the same name.
            present: which columns there are to select; the others are null. All, if not given.

        Raises:
            ValueError: a name is not one of the columns.
        """
        expressions = expressions or {}
        named = expressions.keys() | (self.names if present is None else present)
        if unknown := named - set(self.names):
            raise ValueError(f"{self.table.name} has no column {', '.join(sorted(unknown))} here")
        nulls = {name: f"NULL::{self._type(name)}" for name in self.names if name not in named}
        renamed = {name: f"{expression} AS {name}" for name, expression in {**nulls, **expressions}.items()}
        return ", ".join(renamed.get(name, name) for name in self.names)

    def values(self, first: int = 1) -> str:
        """Return `$1, $2, …`: one parameter for each column."""
        return ", ".join(f"${n}" for n, _ in enumerate(self.names, start=first))

    def excluded(self, *, keep: Iterable[str] = ()) -> str:
        """Return the assignments of `ON CONFLICT DO UPDATE SET`: every column but the primary key and those to keep."""
        kept = {*self._keys, *keep}
        return ", ".join(f"{name} = excluded.{name}" for name in self.names if name not in kept)

    def row(self, state: object) -> tuple[Any, ...]:
        """Return one state as the parameters of `values`."""
        values: tuple[Any, ...] = self._values(state)
        return values

    def arrays(self, states: Iterable[object]) -> list[Sequence[Any]]:
        """Return states as the parameters of `unnest`: one sequence for each column."""
        rows = list(states)
        arrays: list[Sequence[Any]] = [()] * len(self.names)
        if not rows:
            return arrays
        # Column by column: turning round a tuple of each row costs a half more.
        for owner, columns in self._parts:
            owners = rows if owner is None else list(map(owner, rows))
            for place, value in columns:
                arrays[place] = list(map(value, owners))
        return arrays

    def _type(self, name: str) -> str:
        kind = self.table.c[name].type
        if isinstance(kind, ARRAY):
            raise TypeError(f"{self.table.name}.{name} is an array, which unnest would flatten")
        return str(kind.compile(dialect=_DIALECT))


def _tuple_of(paths: Sequence[str]) -> Callable[[object], tuple[Any, ...]]:
    """Return what reads attribute paths of a state, as a tuple."""
    values = attrgetter(*paths)
    # Of a single path, attrgetter returns the value and no tuple.
    return values if len(paths) > 1 else lambda state: (values(state),)


_Part = tuple[Callable[[object], Any] | None, list[tuple[int, Callable[[object], Any]]]]


def _by_owner(paths: Sequence[str]) -> list[_Part]:
    """Return how to read attribute paths with each nested state looked up once.

    For each: what finds it in a state, None where it is the state itself; and the place of each value with what reads
    it.
    """
    columns: dict[str, list[tuple[int, Callable[[object], Any]]]] = {}
    for place, path in enumerate(paths):
        owner, _, name = path.rpartition(".")
        columns.setdefault(owner, []).append((place, attrgetter(name)))
    return [(attrgetter(owner) if owner else None, found) for owner, found in columns.items()]
