"""The sums that series are made of. The statements over the ledger are in `history/store.py`."""

from collections.abc import Sequence
from dataclasses import dataclass

from plaudit.common.db import SqlTx
from plaudit.scoring.history import store as history
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import FOR_EVER
from plaudit.scoring.series.domain import THE_LEAST, Span
from plaudit.scoring.sums.domain.parts import KeptPart, StepPart


@dataclass(frozen=True, slots=True)
class Moved:
    """How the sums of a subject moved."""

    before: Sequence[KeptPart]
    """Just before the first step."""
    changes: Sequence[StepPart]
    """What the steps added."""


async def moved(tx: SqlTx, tenant_id: str, subject: str, steps: Sequence[Span], *, as_known: bool) -> Moved | None:
    """Return how the sums of a subject and all below it moved in steps; None if it never had a review of any kind.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        steps: at least one; they follow on each other.
        as_known: whether a change counts from when it was known too, not only had taken effect.
    """
    just_before = steps[0].start - THE_LEAST
    before = await history.kept_at(tx, tenant_id, subject, just_before, just_before if as_known else FOR_EVER)
    starts = [step.start for step in steps]
    changes = await history.steps_of(tx, tenant_id, subject, starts, steps[-1].end, as_known=as_known)
    if not before and not changes and not await scores.is_known(tx, tenant_id, subject):
        return None
    return Moved(before, changes)
