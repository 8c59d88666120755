"""What compares counts of days, and where reviews are found, with what insight and answers keep of each review."""

from collections.abc import Awaitable, Callable
from typing import Final

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.scoring.reconciliation.domain import (
    MAX_COMPARED_SECONDS,
    MAX_ROWS,
    MAX_TRIES,
    REMADE_REVIEWS,
    WALKED_ROWS,
    Outcome,
    Scope,
    Walk,
)
from plaudit.scoring.reconciliation.store import derived

DAYS: Final = "insight_days"


async def reconcile_days(database: Database, tenant_id: str, subject: str) -> Outcome:
    """Compare all counts of days of a subject and all below it with its reviews, and put right those that differ.

    Args:
        database: opened under the worker role.
        tenant_id: whose.
        subject: it.
    """
    async with database.driver_transaction() as tx:
        found = await derived.compare_days(tx, tenant_id, subject, MAX_ROWS, MAX_COMPARED_SECONDS)
    outcome = Outcome(derived=found.compared)
    for _ in range(MAX_TRIES):
        if not found.missing:
            return outcome
        async with database.driver_transaction(order_keys=[derived.DAYS_LOCK]) as tx:
            # Another comparison may have put them right meanwhile, and writers have gone on.
            found = await derived.compare_days(tx, tenant_id, subject, MAX_ROWS, MAX_COMPARED_SECONDS)
            await derived.add_missing(tx, found)
            failpoint("reconciliation_days_before_commit")
        outcome = outcome + Outcome(remade=len(found.missing))
    return outcome + Outcome(skipped=int(bool(found.missing)))


async def take_step(database: Database, walk: Walk, scope: Scope, after: str) -> tuple[Outcome, str]:
    """Compare the next rows of a table, and make anew what is wrong.

    Return what became of them, and where the walk goes on: the empty text at its end.

    Args:
        database: opened under the worker role.
        walk: along which table.
        scope: whose rows.
        after: where the walk goes on; the empty text before the first step.
    """
    async with database.driver_transaction() as tx:
        found = await derived.walked(tx, walk, scope, after, WALKED_ROWS)
    outcome = Outcome(derived=found.compared, skipped=found.unreadable)
    suspects = sorted(found.suspects)
    for some in (suspects[start : start + REMADE_REVIEWS] for start in range(0, len(suspects), REMADE_REVIEWS)):
        async with database.driver_transaction() as tx:
            remade = await derived.make_anew(tx, walk, {key: found.suspects[key] for key in some})
            failpoint("reconciliation_places_before_commit")
        outcome = outcome + Outcome(remade=remade)
    return outcome, found.after


async def _nothing() -> None:
    pass


async def reconcile_places(
    database: Database, scope: Scope, after_step: Callable[[], Awaitable[object]] = _nothing
) -> Outcome:
    """Take all steps of all walks.

    Args:
        database: as `reconcile_days`.
        scope: whose rows.
        after_step: is awaited after each step.
    """
    outcome = Outcome()
    for walk in Walk:
        after, is_first = "", True
        while after or is_first:
            done, after = await take_step(database, walk, scope, after)
            outcome, is_first = outcome + done, False
            await after_step()
    return outcome
