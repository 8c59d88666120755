"""Snapshots: the priority of a request with all that it came from, as it was at one instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from plaudit.feedback_board.requests.domain.activity import decimal_text
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.weighing import ReachView

FORMULA: Final = "impact × weighted reach ÷ effort in person-weeks, rounded half up to two decimals"
SIZING_AGE: Final = timedelta(days=90)
"""An estimate that nobody has looked at for so long is said to be old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The figures of a request at one instant."""

    at: datetime
    impact: Decimal | None
    effort_weeks: Decimal | None
    reach: int
    muted_people: int
    weighted_reach: Decimal
    reach_view: ReachView
    reach_cap: int | None
    priority: Decimal | None
    formula_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingEntry:
    """One estimate of a request: what it says, who made it, when and why."""

    id: int = 0
    impact: Decimal | None
    effort_weeks: Decimal | None
    note: str | None
    actor: str
    at: datetime


def is_old(sized_at: datetime | None, now: datetime) -> bool:
    """Return whether an estimate is older than 90 days."""
    return sized_at is not None and sized_at < now - SIZING_AGE


def snapshot(request: Request, at: datetime) -> Snapshot:
    """Return the figures of a request as they are."""
    return Snapshot(
        at=at,
        impact=request.impact,
        effort_weeks=request.effort_weeks,
        reach=request.reach,
        muted_people=request.muted_people,
        weighted_reach=request.weighted_reach,
        reach_view=request.reach_view,
        reach_cap=request.reach_cap,
        priority=request.priority,
        formula_version=request.formula_version,
    )


def worked_out(request: Request) -> str | None:
    """Return the formula with a request's numbers, as `2 × 37 people ÷ 3 weeks = 24.67`; None while unsized."""
    if request.sizing is None:
        return None
    impact, effort, reach, priority = (
        decimal_text(value)
        for value in (request.impact, request.effort_weeks, request.weighted_reach, request.priority)
    )
    people = "person" if request.weighted_reach == 1 else "people"
    return f"{impact} × {reach} {people} ÷ {effort} week{'' if effort == '1' else 's'} = {priority}"
