"""What the passing of time adds to a clock's log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from plaudit.alerting.clocks.domain.clock_events import BreachCause, Breached, ClockEvent, Unknown, Warned
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.policies.domain.revisions import BREACH, Stage

_PERCENT_OF: Final = {f"warn:{percent}": percent for percent in range(1, 100)}


def decide_due(
    run: Run,
    due: Sequence[Stage],
    *,
    now: datetime,
    read_until: datetime,
    decide_until: datetime,
    is_told: bool = True,
    was_read_late: bool = False,
) -> tuple[ClockEvent, ...]:
    """Return what the passing of time adds to the log of a clock.

    Late stages are collapsed: of several warnings only the last is published, and none once the due time has passed.

    Args:
        run: the present run.
        due: the stages that have come due.
        now: the present time.
        read_until: everything written up to here has been applied.
        decide_until: not before `read_until`; a breach between the two is provisional, one later is not decided yet.
        is_told: whether what is due is told; if not, the run becomes unknown.
        was_read_late: whether we read of what is due only long after the due time: nobody is called for that.
    """
    if not run.can_move or run.is_paused:
        return ()
    warnings = sorted((stage for stage in due if stage.kind != BREACH), key=lambda stage: stage.at)
    published = None if now > run.due_at or not warnings else warnings[-1]
    events: list[ClockEvent] = [_warned(stage, collapsed=stage != published) for stage in warnings]
    if any(stage.kind == BREACH for stage in due) and run.due_at <= decide_until:
        cause = BreachCause.READ_LATE if was_read_late else None
        events.append(_passed(run, cause, provisional=run.due_at > read_until) if is_told else Unknown(run.due_at))
    return tuple(events)


def _warned(stage: Stage, *, collapsed: bool) -> Warned:
    percent = _PERCENT_OF.get(stage.kind)
    after = None if percent is not None else stage.kind.partition(":")[2]
    return Warned(stage.at, percent, collapsed, after)


def _passed(run: Run, cause: BreachCause | None, *, provisional: bool) -> Breached:
    moved_past = run.applied_at is not None and run.due_at <= run.applied_at
    return Breached(run.due_at, provisional, BreachCause.POLICY_APPLIED if moved_past else cause)
