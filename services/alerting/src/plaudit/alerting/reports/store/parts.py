"""Parts of statements: which clocks, by what they are told, and how much time lies between two moments."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from asyncpg import Record

from plaudit.alerting.clocks.domain.filters import OwnerRule, Ownership
from plaudit.alerting.reports.domain.asked import LATE, LATE_AFTER_HOURS, LIVE, Asked, Dimension, refuse_too_many_groups
from plaudit.alerting.reports.domain.groups import Key, key_of
from plaudit.common.db.subjects import is_within


class Arguments:
    """The arguments of a statement, as they are named in it."""

    def __init__(self, *values: object) -> None:
        self.values: list[object] = [*values]

    def add(self, value: object) -> str:
        """Return the name of one more argument."""
        self.values.append(value)
        return f"${len(self.values)}"


class Dimensions:
    """What a statement over rows `c` is told by."""

    def __init__(self, asked: Asked, arguments: Arguments, *, at: str, more: Mapping[Dimension, str]) -> None:
        """Take what is asked for, and where the rows have it.

        Args:
            asked: which dimensions, and their zone and depth.
            arguments: those of the statement.
            at: the expression of the time that weeks and months are of.
            more: dimension → its expression, where these rows have it elsewhere than all others.
        """
        self._by = asked.by
        found = [more.get(each) or _expression(each, asked, arguments, at) for each in asked.by]
        names = [f"key_{number}" for number in range(len(found))]
        keys = [f"({expression})::text AS {name}" for name, expression in zip(names, found, strict=True)]
        source_name = "c.source_name" if Dimension.SOURCE in asked.by else "NULL::text"
        self.selected = ", ".join([*keys, f"{source_name} AS source_name"])
        """The columns of a row that its group is found by."""
        self.listed = ", ".join([*names, "max(source_name) AS source_name"])
        """The columns of a group."""
        self.grouped = f"GROUP BY {', '.join(names)}" if names else ""
        self._names = names

    def grouped_and(self, *more: str) -> str:
        """Return the clause that groups rows by these columns as well."""
        return f"GROUP BY {', '.join([*self._names, *more])}"

    def key(self, row: Record) -> Key:
        """Return the key of a row of `listed`."""
        return key_of(self._by, self._values(row), row["source_name"])

    def by_key(self, rows: Iterable[Record]) -> dict[Key, list[Record]]:
        """Return the rows of each group, where something else beside its key makes rows.

        Raises:
            TooMuchError: there are too many groups.
        """
        found: defaultdict[tuple[str | None, ...], list[Record]] = defaultdict(list)
        for row in rows:
            found[self._values(row)].append(row)
        refuse_too_many_groups(len(found))
        # A source that was renamed has several names: one is the group's.
        return {self.key(max(each, key=lambda row: row["source_name"] or "")): each for each in found.values()}

    def _values(self, row: Record) -> tuple[str | None, ...]:
        return tuple(row[name] for name in self._names)


def _expression(dimension: Dimension, asked: Asked, arguments: Arguments, at: str) -> str:
    match dimension:
        case Dimension.SUBJECT:
            return f"array_to_string((string_to_array(c.subject, '/'))[:{arguments.add(asked.depth)}::int], '/')"
        case Dimension.WEEK | Dimension.MONTH:
            local = f"{at} AT TIME ZONE {arguments.add(asked.zone)}::text"
            return f"date_trunc('{dimension}', {local})::date"
        case Dimension.SOURCE:
            return "c.source_id"
        case Dimension.ARRIVAL:
            is_late = f"c.started_at > c.anchor_at + interval '{LATE_AFTER_HOURS} hours'"
            return f"CASE WHEN {is_late} THEN '{LATE}' ELSE '{LIVE}' END"
    return f"c.{dimension}"


_JOINED: Final[Mapping[Dimension, str]] = MappingProxyType(
    {
        # An open alert may have been given to somebody else than who answers for the subject.
        Dimension.OWNER: """
LEFT JOIN (
    SELECT DISTINCT ON (clock_id) clock_id, owner FROM alerts
    WHERE tenant_id = $1 AND state <> 'resolved' ORDER BY clock_id, raised_at DESC
) AS a ON a.clock_id = c.id""",
        # A clock that ended before clocks kept the severity has none: its review tells it.
        Dimension.SEVERITY: "\nLEFT JOIN reviews AS r ON r.tenant_id = c.tenant_id AND r.id = c.review_id",
    }
)
"""Dimension → where clocks have it, beside their own row."""


def dimensions_of_clocks(asked: Asked, arguments: Arguments, *, at: str, whose: Ownership) -> tuple[Dimensions, str]:
    """Return the dimensions of clocks `c`, and what has to be joined for them.

    Args:
        asked: which.
        arguments: those of the statement.
        at: as of `Dimensions`.
        whose: whose clocks are whose.
    """
    more = {Dimension.SEVERITY: "coalesce(c.severity, r.severity)"}
    if Dimension.OWNER in asked.by:
        more[Dimension.OWNER] = f"coalesce(a.owner, {_owner(whose, arguments)})"
    joined = "".join(_JOINED.get(each, "") for each in asked.by)
    return Dimensions(asked, arguments, at=at, more=more), joined


def _owner(whose: Ownership, arguments: Arguments) -> str:
    """Return whose clocks `c` are by the rules, as `clocks.store.owner_column` does for statements of SQLAlchemy."""
    rules = "".join(f"WHEN {_is_covered(each, arguments)} THEN {arguments.add(each.owner)} " for each in whose.rules)
    default = f"{arguments.add(whose.default)}::text"
    return f"CASE {rules}ELSE {default} END" if rules else default


def _is_covered(rule: OwnerRule, arguments: Arguments) -> str:
    found = [is_within("c.subject", f"{arguments.add(rule.subject_prefix)}::text")]
    if rule.sources:
        found.append(f"c.source_id = ANY({arguments.add(list(rule.sources))}::text[])")
    if rule.severities:
        found.append(f"c.severity = ANY({arguments.add(list(rule.severities))}::text[])")
    return " AND ".join(found)


def filters_of_clocks(asked: Asked, arguments: Arguments) -> str:
    """Return the condition that clocks `c` of tenant `$1` meet a report's filters."""
    found = ["c.tenant_id = $1"]
    if asked.metric is not None:
        found.append(f"c.metric = {arguments.add(asked.metric.value)}")
    found += filters(asked, arguments)
    return " AND ".join(found)


def filters(asked: Asked, arguments: Arguments) -> Sequence[str]:
    """Return the conditions that rows `c`, of clocks or reviews, are of a report's subject and source."""
    found = []
    if asked.subject is not None:
        found.append(is_within("c.subject", f"{arguments.add(asked.subject)}::text"))
    if asked.source_id is not None:
        found.append(f"c.source_id = {arguments.add(asked.source_id)}")
    return found


def microseconds_of(moment: str) -> str:
    """Return an expression of the microseconds since 1970 of a moment; a double is exact for some 285 years."""
    return f"(date_part('epoch', {moment}) * 1e6)::bigint"


def checked(rows: Sequence[Any]) -> Sequence[Any]:
    """Return the rows of groups, which are not too many.

    Raises:
        TooMuchError: they are.
    """
    refuse_too_many_groups(len(rows))
    return rows
