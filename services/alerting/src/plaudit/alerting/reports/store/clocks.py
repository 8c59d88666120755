"""Statements about clocks: how many were in time, and how long each took."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from plaudit.alerting.calendars import store as calendar_store
from plaudit.alerting.calendars.domain import Calendar, CalendarRef, segments
from plaudit.alerting.calendars.domain.timeline import microseconds
from plaudit.alerting.clocks.domain.filters import Ownership
from plaudit.alerting.policies import store as policy_store
from plaudit.alerting.policies.domain.revisions import PolicyRef
from plaudit.alerting.reports.domain import asked as limits
from plaudit.alerting.reports.domain import compliance, response_times
from plaudit.alerting.reports.domain.asked import (
    Asked,
    LateEntries,
    Start,
    TimeKind,
    refuse_too_many_clocks,
)
from plaudit.alerting.reports.domain.compliance import Compliance
from plaudit.alerting.reports.domain.groups import Group, Report, in_order
from plaudit.alerting.reports.domain.response_times import Seen, Times, times_of
from plaudit.alerting.reports.store.parts import (
    Arguments,
    checked,
    dimensions_of_clocks,
    filters_of_clocks,
    microseconds_of,
)
from plaudit.common.db import Tx

_BEGINNING_US: Final = -(2**62)
"""Before every moment, so that each comes after an edge."""
_END: Final = "coalesce(c.fulfilled_at, c.cancelled_at, $2::timestamptz)"
_OPEN_TIME: Final = "LEFT JOIN opened AS k ON (k.name, k.revision) = (c.calendar, c.calendar_revision)"
# Looked up once for each clock: without the OFFSET it would be wherever it is used.
_PLACES: Final = """
CROSS JOIN LATERAL (
    SELECT width_bucket(u.from_us, k.edges) AS from_place, width_bucket(u.to_us, k.edges) AS to_place OFFSET 0
) AS b
"""

# Indexes have the due times of clocks that are settled; those that are open are far fewer, and are looked at each.
_IS_OPEN: Final = "c.state IN ('running', 'paused')"
_DUE_IN: Final = f"""
(c.settled_due_at >= {{0}} AND c.settled_due_at < {{1}} OR {_IS_OPEN} AND c.due_at >= {{0}} AND c.due_at < {{1}})
"""
# What is due comes after its anchor, so that the index of due times leaves out what is older.
_ANCHORED_IN: Final = f"""
(c.settled_due_at >= {{0}} OR {_IS_OPEN}) AND c.anchor_at >= {{0}} AND c.anchor_at < {{1}}
"""

# What a clock has come to by its own due time, as it was decided.
_OUTCOME: Final = """
CASE WHEN c.breached_at IS NOT NULL THEN CASE WHEN c.waiting THEN 'open_past_due' ELSE 'late' END
    WHEN c.fulfilled_at IS NOT NULL THEN 'in_time'
    WHEN c.cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN c.state = 'unknown' THEN 'unknown'
    WHEN c.state = 'paused' THEN 'paused'
    WHEN c.due_at >= {now} THEN 'not_yet_due'
    WHEN c.answers = 'untold' THEN 'unknown'
    ELSE 'open_past_due' END
"""

# What it would have come to if every hour counted. Where answers are not told, only an answer says that it was late.
_CALENDAR_DUE: Final = """
greatest(c.anchor_at + t.target_seconds * interval '1 second', c.started_at + t.grace_seconds * interval '1 second')
"""
_CALENDAR_OUTCOME: Final = """
CASE WHEN c.fulfilled_at IS NOT NULL THEN CASE WHEN c.fulfilled_at <= d.at THEN 'in_time' ELSE 'late' END
    WHEN c.cancelled_at <= d.at THEN 'cancelled'
    WHEN c.cancelled_at IS NOT NULL THEN
        CASE WHEN c.answers = 'untold' AND c.breached_at IS NULL THEN 'cancelled' ELSE 'late' END
    WHEN c.state = 'unknown' THEN 'unknown'
    WHEN d.at >= {now} THEN 'not_yet_due'
    WHEN c.answers = 'untold' AND c.breached_at IS NULL THEN 'unknown'
    ELSE 'open_past_due' END
"""

# A clock is open where answers are not told: whether it still waits, nobody knows.
_KIND: Final = """
CASE WHEN c.waiting AND (c.state = 'unknown' OR c.answers = 'untold') THEN 'unknown'
    WHEN c.fulfilled_at IS NULL AND c.reason = 'answered_before' THEN 'answered_before'
    WHEN coalesce(c.fulfilled_at, c.cancelled_at) < {start} THEN 'ended_before'
    WHEN c.fulfilled_at IS NOT NULL THEN 'answered'
    WHEN c.cancelled_at IS NOT NULL THEN 'cancelled'
    ELSE 'waiting' END
"""


async def compliance_of(tx: Tx, tenant_id: str, asked: Asked, whose: Ownership) -> Report[Compliance]:
    """Return how many clocks that are due in a time were in time, together and by group.

    Both kinds of time are of the same clocks: those whose own due time lies in the window, by the week of that.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        asked: which clocks, by what, in which kind of time.
        whose: whose clocks are whose.

    Raises:
        TooMuchError: there are too many groups.
    """
    arguments = Arguments(tenant_id, tx.now, asked.window.start, asked.window.end)
    dimensions, joined = dimensions_of_clocks(asked, arguments, at="c.due_at", whose=whose)
    where = f"{filters_of_clocks(asked, arguments)} AND {_DUE_IN.format('$3', '$4')}"
    outcome = _OUTCOME
    if asked.time is TimeKind.CALENDAR:
        joined += await _terms(tx, tenant_id, asked, _DUE_IN.format("$2", "$3"), arguments)
        outcome = _CALENDAR_OUTCOME
    counted = ", ".join(f"count(*) FILTER (WHERE outcome = '{name}') AS {name}" for name in Compliance._fields)
    rows = await tx.raw.fetch(
        f"""
        SELECT {dimensions.listed}, {counted}
        FROM (
            SELECT {dimensions.selected}, {outcome.format(now="$2::timestamptz")} AS outcome
            FROM clocks AS c {joined} WHERE {where}
        ) AS c {dimensions.grouped}
        """,
        *arguments.values,
    )
    found = [
        Group(dimensions.key(row), Compliance(*(row[name] for name in Compliance._fields))) for row in checked(rows)
    ]
    groups = in_order(found, asked.by, {group.key: group.figures.all for group in found})
    return Report(compliance.together(group.figures for group in found), groups if asked.by else ())


async def times_of_clocks(tx: Tx, tenant_id: str, asked: Asked, whose: Ownership) -> Report[Times]:
    """Return how soon what is due happens, of clocks that count from a moment in a time.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        asked: which clocks, by what, in which kind of time, by which start.
        whose: whose clocks are whose.

    Raises:
        TooMuchError: they are too many, or there are too many groups.
    """
    calendars = frozenset[CalendarRef]()
    if asked.time is TimeKind.BUSINESS:
        calendars = await _calendars_of(tx, tenant_id, asked, _ANCHORED_IN.format("$2", "$3"))
    arguments = Arguments(tenant_id, tx.now, asked.window.start, asked.window.end)
    dimensions, joined = dimensions_of_clocks(asked, arguments, at="c.anchor_at", whose=whose)
    where = f"{filters_of_clocks(asked, arguments)} AND {_ANCHORED_IN.format('$3', '$4')}"
    start = "c.started_at" if asked.start is Start.RECEIPT else "c.anchor_at"
    opened = await _opened(tx, tenant_id, asked, calendars, arguments)
    rows = await tx.raw.fetch(
        f"""
        WITH {opened}
        seen AS (
            SELECT {dimensions.selected}, {_KIND.format(start=start)} AS kind,
                {_wait(asked, start, has_calendars=bool(calendars))} AS wait,
                {_known(asked, has_calendars=bool(calendars))} AS known
            FROM clocks AS c {joined} {_OPEN_TIME if calendars else ""}
            CROSS JOIN LATERAL (
                SELECT {microseconds_of(start)} AS from_us, {microseconds_of(_END)} AS to_us OFFSET 0
            ) AS u {_PLACES if calendars else ""}
            WHERE {where} LIMIT {limits.MAX_CLOCKS + 1}
        ), told AS (
            SELECT *, CASE WHEN known > 0 AND wait <= known AND kind IN ('answered', 'cancelled', 'waiting')
                THEN 'ended_before' ELSE kind END AS told_kind
            FROM seen OFFSET 0
        )
        SELECT {dimensions.listed}, count(*) AS clocks,
            {_waits_of("answered")}, {_waits_of("waiting")}, {_waits_of("cancelled")},
            array_agg(known) FILTER (WHERE known > 0 AND told_kind IN ('answered', 'waiting', 'cancelled')) AS entered,
            {_count_of("unknown")}, {_count_of("answered_before")}, {_count_of("ended_before")}
        FROM told {dimensions.grouped}
        """,
        *arguments.values,
    )
    refuse_too_many_clocks(sum(row["clocks"] for row in rows))
    seen = [(dimensions.key(row), _seen(row)) for row in checked(rows)]
    found = [Group(key, times_of(each)) for key, each in seen] if asked.by else []
    groups = in_order(found, asked.by, {group.key: group.figures.all for group in found})
    return Report(times_of(response_times.together(each for _, each in seen)), groups)


def _waits_of(kind: str) -> str:
    return f"array_agg(greatest(wait, 0)) FILTER (WHERE told_kind = '{kind}') AS {kind}"


def _count_of(kind: str) -> str:
    return f"count(*) FILTER (WHERE told_kind = '{kind}') AS {kind}"


def _seen(row: Record) -> Seen:
    """Return the waits of a group; there is no array of none."""
    names = ("answered", "waiting", "cancelled", "entered")
    answered, waiting, cancelled, entered = (tuple(row[name] or ()) for name in names)
    unknown, answered_before, ended_before = row["unknown"], row["answered_before"], row["ended_before"]
    return Seen(answered, waiting, cancelled, entered, unknown, answered_before, ended_before)


async def _calendars_of(tx: Tx, tenant_id: str, asked: Asked, when: str) -> frozenset[CalendarRef]:
    """Return the calendars that the clocks of a report are pinned to, where `$2` and `$3` are the window."""
    if not await calendar_store.present(tx, tenant_id):
        return frozenset()
    arguments = Arguments(tenant_id, asked.window.start, asked.window.end)
    rows = await tx.raw.fetch(
        f"""
        SELECT DISTINCT c.calendar, c.calendar_revision FROM clocks AS c
        WHERE {filters_of_clocks(asked, arguments)} AND {when} AND c.calendar IS NOT NULL
        """,
        *arguments.values,
    )
    return frozenset(CalendarRef(*row) for row in rows)


async def _terms(tx: Tx, tenant_id: str, asked: Asked, when: str, arguments: Arguments) -> str:
    """Return what joins the terms of clocks `c` as `t`, and as `d` when each would be due if every hour counted.

    Raises:
        KeyError: what a clock is pinned to is not stored.
    """
    of_pins = Arguments(tenant_id, asked.window.start, asked.window.end)
    pins = await tx.raw.fetch(
        f"""
        SELECT DISTINCT c.policy_id, c.policy_revision, c.policy_class FROM clocks AS c
        WHERE {filters_of_clocks(asked, of_pins)} AND {when}
        """,
        *of_pins.values,
    )
    policies = await policy_store.load(tx, [tenant_id])
    rules = [(ref, policies.pinned(tenant_id, ref)) for ref in (PolicyRef(*row) for row in pins)]
    columns: Sequence[tuple[str, Sequence[object]]] = (
        ("text", [ref.id for ref, _ in rules]),
        ("int", [ref.revision for ref, _ in rules]),
        ("text", [ref.name for ref, _ in rules]),
        ("int", [rule.target_seconds for _, rule in rules]),
        ("int", [rule.grace_seconds for _, rule in rules]),
    )
    listed = ", ".join(f"{arguments.add(values)}::{kind}[]" for kind, values in columns)
    return f"""
    JOIN unnest({listed}) AS t (policy_id, policy_revision, policy_class, target_seconds, grace_seconds)
        ON (t.policy_id, t.policy_revision, t.policy_class) = (c.policy_id, c.policy_revision, c.policy_class)
    CROSS JOIN LATERAL (SELECT {_CALENDAR_DUE} AS at) AS d
    """


async def _opened(tx: Tx, tenant_id: str, asked: Asked, refs: frozenset[CalendarRef], arguments: Arguments) -> str:
    """Return the part of a WITH that holds the open time of calendars as `opened`; nothing where there are none.

    Of each it has the edges of its segments up to now, and what the open time is counted from after each edge: up to a
    moment it is `base`, and within a segment the moment more. The place of a moment among the edges is found by halves,
    as `calendars.domain.timeline` finds it.

    Raises:
        KeyError: a calendar is not stored.
    """
    if not refs:
        return ""
    known = await calendar_store.pinned(tx, [(tenant_id, ref) for ref in refs])
    rows = [(ref, *_edges_of(known[tenant_id, ref], asked.window.start, tx.now)) for ref in sorted(refs)]
    columns: Sequence[tuple[str, Sequence[object]]] = (
        ("text", [ref.name for ref, _, _ in rows]),
        ("int", [ref.revision for ref, _, _ in rows]),
        ("text", [_array(edges) for _, edges, _ in rows]),
        ("text", [_array(base) for _, _, base in rows]),
    )
    listed = ", ".join(f"{arguments.add(values)}::{kind}[]" for kind, values in columns)
    return f"""opened AS MATERIALIZED (
        SELECT name, revision, edges::bigint[] AS edges, base::bigint[] AS base
        FROM unnest({listed}) AS k (name, revision, edges, base)
    ),"""


def _edges_of(calendar: Calendar, start: datetime, end: datetime) -> tuple[Sequence[int], Sequence[int]]:
    """Return the edges of a calendar's segments between two moments, and what open time counts from after each."""
    edges, base, total = [_BEGINNING_US], [0], 0
    for opening, closing in segments(calendar, start, end):
        opens_us, closes_us = microseconds(opening), microseconds(closing)
        edges += [opens_us, closes_us]
        base.append(total - opens_us)
        total += closes_us - opens_us
        base.append(total)
    return edges, base


def _array(values: Sequence[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _wait(asked: Asked, start: str, *, has_calendars: bool) -> str:
    """Return an expression of the time that counts from the start of a clock `c` to its end, or to now."""
    plain = "u.to_us - u.from_us"
    if has_calendars:
        opened = f"{_open_at('b.to_place', 'u.to_us')} - ({_open_at('b.from_place', 'u.from_us')})"
        plain = f"CASE WHEN c.calendar IS NULL THEN {plain} ELSE {opened} END"
    if asked.time is TimeKind.CALENDAR:
        return plain
    return f"{plain} - {_paused(start, _END, has_calendars=has_calendars)}"


def _known(asked: Asked, *, has_calendars: bool) -> str:
    """Return an expression of the time that counts up to when a clock `c` was known; 0 where that is not asked for."""
    if asked.late_entries is not LateEntries.TRUNCATED or asked.start is not Start.PUBLICATION:
        return "0"
    between = _between("c.anchor_at", "c.started_at", has_calendars=has_calendars)
    if asked.time is TimeKind.BUSINESS:
        between += f" - {_paused('c.anchor_at', 'c.started_at', has_calendars=has_calendars)}"
    return f"CASE WHEN c.started_at > c.anchor_at THEN {between} ELSE 0 END"


def _paused(start: str, end: str, *, has_calendars: bool) -> str:
    """Return an expression of the open time of a clock `c` between two moments that is paused; pauses may overlap."""
    return f"""CASE WHEN c.pauses = '[]' THEN 0 ELSE (
        SELECT coalesce(sum({_between("lower(p.times)", "upper(p.times)", has_calendars=has_calendars)}), 0)::bigint
        FROM unnest((
            SELECT range_agg(tstzrange(from_at, to_at)) * tstzmultirange(tstzrange({start}, greatest({start}, {end})))
            FROM jsonb_to_recordset(c.pauses::jsonb) AS pause (from_at timestamptz, to_at timestamptz)
            WHERE to_at IS NULL OR from_at < to_at
        )) AS p (times)
    ) END"""


def _between(start: str, end: str, *, has_calendars: bool) -> str:
    """Return an expression of the open time between two moments; all of it for a clock around the clock."""
    plain = f"{microseconds_of(end)} - {microseconds_of(start)}"
    if not has_calendars:
        return f"({plain})"
    return f"(CASE WHEN c.calendar IS NULL THEN {plain} ELSE {_up_to(end)} - {_up_to(start)} END)"


def _up_to(moment: str) -> str:
    """Return an expression of the open time up to a moment, since the first segment of the calendar `k`."""
    at = microseconds_of(moment)
    return f"""(
        SELECT {_open_at("b.place", "b.at")}
        FROM (SELECT {at} AS at, width_bucket({at}, k.edges) AS place OFFSET 0) AS b
    )"""


def _open_at(place: str, at: str) -> str:
    """Return an expression of the open time up to a moment whose place among the edges of `k` is known.

    The first edge is before all segments, so that a segment begins at each even place.
    """
    return f"k.base[{place}] + (1 - {place} % 2) * {at}"
