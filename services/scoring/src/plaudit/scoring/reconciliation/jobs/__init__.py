"""The job that sums rows anew in which rounding shows, and compares all that is kept with its origin every night."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.ids import IdSource, uuid7
from plaudit.common.jobs import PeriodicJob
from plaudit.scoring import metrics
from plaudit.scoring.moves import store as moves
from plaudit.scoring.reconciliation import commands, store
from plaudit.scoring.reconciliation.domain import (
    BEGINS_AT,
    MAX_CELLED_A_NIGHT,
    MAX_COMPARED_SECONDS,
    MAX_ROWS,
    MAX_TRIES,
    Comparison,
    Outcome,
    Scope,
    Step,
    Walk,
    begins_at,
    left_out,
)
from plaudit.scoring.reconciliation.jobs import derived
from plaudit.scoring.reconciliation.store import celled
from plaudit.scoring.reconciliation.store.derived import DERIVATIONS

log = structlog.get_logger()

PAUSE_SECONDS: Final = 1.0
MARKS_OF_A_TURN: Final = 100
LEFT_ALONE_SECONDS: Final = 30.0
"""How long a subject in which rounding shows, and which cannot be summed anew now, is left alone."""


async def reconcile(database: Database, tenant_id: str, subject: str) -> Outcome:
    """Compare all sums of a subject and all below it with the ledger, and sum rows that differ anew.

    Args:
        database: opened under the worker role, with two connections at least.
        tenant_id: whose.
        subject: it.
    """
    async with database.driver_transaction() as tx:
        half_lives = await store.half_lives(tx, tenant_id)
    outcome = await reconcile_one(database, tenant_id, subject)
    for half_life_us in half_lives:
        outcome = outcome + await reconcile_one(database, tenant_id, subject, half_life_us)
    return outcome


async def reconcile_one(
    database: Database, tenant_id: str, subject: str, half_life_us: int | None = None, *, alone: bool = False
) -> Outcome:
    """Do the same for the sums of one half-life of a tenant's own, or of those that every tenant has.

    Args:
        database: as `reconcile`.
        tenant_id: whose.
        subject: it.
        half_life_us: of the tenant's own; None: those that every tenant has.
        alone: whether only its own sums are compared, and none of what lies below.
    """
    outcome, root = Outcome(), subject.partition("/")[0]
    holding: tuple[int, ...] = ()
    for _ in range(MAX_TRIES):
        found = await _compare(database, tenant_id, subject, half_life_us, alone=alone, holding=holding)
        if found is None:
            return outcome + Outcome(skipped=1)
        outcome = outcome + Outcome(compared=0 if outcome.compared else found.compared)
        for partition, rows in found.differing.items():
            async with database.driver_transaction() as tx:
                repaired = await commands.repair(tx, tenant_id, root, partition, found) or ()
                failpoint("reconciliation_repair_before_commit")
            rounded = [row.is_rounded for row in rows if row.key in repaired]
            outcome = outcome + Outcome(differing=rounded.count(False), rounded=rounded.count(True))
        if not found.differing and not found.behind:
            return outcome
        holding = tuple(found.behind)
    return outcome + Outcome(skipped=1)


async def _compare(
    database: Database, tenant_id: str, subject: str, half_life_us: int | None, *, alone: bool, holding: tuple[int, ...]
) -> Comparison | None:
    """Compare; hold live meanwhile only until history has come as far and the comparison has begun.

    None: nothing can be said of this subject now.
    """
    async with database.driver_transaction() as tx:
        omitted = left_out(await store.letters(tx))
        if (tenant_id, subject.partition("/")[0]) in omitted.roots:
            return None
        begin = partial(
            store.open_comparison,
            *(tx, tenant_id, subject, half_life_us),
            alone=alone,
            without=omitted.partitions,
            max_rows=MAX_ROWS,
            seconds=MAX_COMPARED_SECONDS,
        )
        if holding:
            async with database.driver_transaction() as live:
                if not await commands.hold_even(live, holding):
                    return None
                await begin()
        else:
            await begin()
        return await store.read_comparison(tx, half_life_us, MAX_COMPARED_SECONDS)


async def reconcile_large(database: Database, large: celled.Celled, *, whole: bool = False) -> Outcome:
    """Compare the cells and changes of a large subject with the ledger, and let those that differ be made anew.

    Args:
        database: opened under the worker role.
        large: the subject. One whose cells are not filled now is skipped: the ledger answers in their place.
        whole: whether changes of all days are compared, not of those of a night.
    """
    async with database.driver_transaction() as tx:
        found = await celled.compare(tx, large, MAX_COMPARED_SECONDS, whole=whole)
    if found is None:
        return Outcome(skipped=1, celled=1)
    of_cells = (found.cells, found.places, found.rated_cells, found.late_cells)
    refilled: list[celled.Judged] = []
    if any(each.is_wrong for each in of_cells):
        async with database.driver_transaction() as tx:
            if await celled.fill_again(tx, large, found):
                refilled += of_cells
            failpoint("reconciliation_fill_again_before_commit")
    if found.moves.is_wrong:
        async with database.driver_transaction(order_keys=[moves.JOB_LOCK]) as tx:
            if await celled.sum_again(tx, large, found):
                refilled.append(found.moves)
            failpoint("reconciliation_sum_again_before_commit")
    return Outcome(
        compared=sum(each.compared for each in (*of_cells, found.moves)),
        differing=sum(each.differing for each in refilled),
        rounded=sum(each.rounded for each in refilled),
        celled=1,
        refilled=int(bool(refilled)),
    )


def tell(outcome: Outcome) -> None:
    """Count and log what became of a subject. Its name is its tenant's, and stays in the table."""
    metrics.REPAIRED_DIFFERING.inc(outcome.differing)
    metrics.REPAIRED_ROUNDED.inc(outcome.rounded)
    metrics.SUMS_NOT_COMPARED.inc(outcome.skipped)
    if outcome.differing:
        log.error("sums_differed", differing=outcome.differing, compared=outcome.compared)


def tell_derived(table: str, outcome: Outcome) -> None:
    """Count and log what became of rows of a table of insight or answers."""
    metrics.REPAIRED_DERIVED[table].inc(outcome.remade)
    metrics.SUMS_NOT_COMPARED.inc(outcome.skipped)
    if outcome.remade:
        log.error("rows_differed", table=table, differing=outcome.remade, compared=outcome.derived)


class ReconciliationJob(PeriodicJob):
    """Sums rows anew in which rounding shows, and compares one subject after the other every night."""

    def __init__(
        self, database: Database, ids: IdSource = uuid7, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Compare nothing yet.

        Args:
            database: opened under the worker role, with two connections at least.
            ids: makes ids of comparisons.
            monotonic: a clock.
        """
        super().__init__("reconciliation", PAUSE_SECONDS, max_age_seconds=2 * MAX_TRIES * MAX_COMPARED_SECONDS)
        self._database = database
        self._ids = ids
        self._monotonic = monotonic
        self._left_alone: dict[tuple[bool, int], float] = {}
        """Marks, each with whether it is of a tenant's own half-life, and until when they are left alone."""

    async def has_work(self) -> bool:
        """Return whether rounding shows somewhere, or the night's comparison is to begin or to go on."""
        return await self._database.holds(store.HAS_WORK, BEGINS_AT, *self._marks_left_alone())

    async def turn(self) -> int:
        """Sum some rows anew, and compare one subject of one segment and all below it; return how much was done."""
        return await self.sum_rounded_anew() + await self.go_on()

    async def sum_rounded_anew(self) -> int:
        """Sum rows anew in which rounding shows; return how many subjects had some.

        One that cannot be summed anew now, since a group has set a record aside or is behind, is left alone.
        """
        async with self._database.driver_transaction() as tx:
            found = await store.rounded(tx, MARKS_OF_A_TURN, *self._marks_left_alone())
        done = 0
        for each in found:
            outcome = Outcome()
            if each.tenant_id is not None and each.prefix is not None:
                outcome = await reconcile_one(
                    self._database, each.tenant_id, each.prefix, each.half_life_us, alone=True
                )
                tell(outcome)
            if not outcome.skipped:
                async with self._database.driver_transaction() as tx:
                    await store.drop_marks(tx, each)
                done += 1
            else:
                until = self._monotonic() + LEFT_ALONE_SECONDS
                self._left_alone |= {(each.half_life_us is not None, mark): until for mark in each.marks}
        return done

    def _marks_left_alone(self) -> tuple[list[int], list[int]]:
        """Return the marks that are left alone now: of sums that every tenant has, and of tenants' own half-lives."""
        now = self._monotonic()
        self._left_alone = {each: until for each, until in self._left_alone.items() if until > now}
        return [m for is_own, m in self._left_alone if not is_own], [m for is_own, m in self._left_alone if is_own]

    async def go_on(self) -> int:
        """Compare what comes next; return 1, or 0 where the night's comparison is at its end.

        First one subject of one segment after the other, then large subjects, then where reviews are found. Where
        several processes do, they may compare the same: it is counted once, and so is each repair.
        """
        async with self._database.driver_transaction(order_keys=[store.NIGHT_LOCK]) as tx:
            night = await store.going_on(tx)
            if night is None and await store.is_due(tx, begins_at(tx.now)):
                night = await store.begin(tx, self._ids(), tx.now)
            if night is None:
                return 0
            following = large = None
            if night.step is None:
                following = await store.next_root(tx, night.tenant_id, night.subject)
            if night.step is None and following is None:
                large = await celled.next_of_night(tx, night.id, MAX_CELLED_A_NIGHT)
        if following is not None:
            await self._compare_subject(night, following)
        elif large is not None:
            await self._compare_large(night.id, large)
        else:
            await self._take_step(night, night.step or Step(Walk.SAID, ""))
        return 1

    async def _compare_subject(self, night: store.Reconciliation, following: store.Root) -> None:
        """Compare sums and counts of days of a subject and all below it."""
        named = self._database, following.tenant_id, following.subject
        outcome = await self._tried(lambda: reconcile(*named), "sums")
        tell(outcome)
        of_days = await self._tried(lambda: derived.reconcile_days(*named), derived.DAYS)
        tell_derived(derived.DAYS, of_days)
        outcome = outcome + of_days
        async with self._database.driver_transaction() as tx:
            is_first = await store.go_on(tx, night, following)
            await store.count(tx, night.id, outcome if is_first else outcome.repairs)

    async def _compare_large(self, night_id: UUID, large: celled.Celled) -> None:
        """Compare the cells and changes of a large subject."""
        outcome = await self._tried(lambda: reconcile_large(self._database, large), "cells")
        outcome = outcome + Outcome(celled=1 - outcome.celled)
        tell(outcome)
        async with self._database.driver_transaction() as tx:
            is_first = await celled.note_compared_at_night(tx, large, night_id)
            await store.count(tx, night_id, outcome if is_first else outcome.repairs)

    async def _take_step(self, night: store.Reconciliation, step: Step) -> None:
        """Compare where the next reviews are found; one that fails for a time is taken again."""
        outcome, after = await derived.take_step(self._database, step.walk, Scope(), step.after)
        tell_derived(DERIVATIONS[step.walk].places.name, outcome)
        async with self._database.driver_transaction() as tx:
            is_first = await store.take_step(tx, night, step.going_on(after))
            await store.count(tx, night.id, outcome if is_first else outcome.repairs)

    async def _tried(self, work: Callable[[], Awaitable[Outcome]], table: str) -> Outcome:
        """Return what became of something; what fails for a time is skipped, so that it keeps no other waiting."""
        try:
            return await work()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("not_compared", table=table, error_type=type(error).__name__)
            return Outcome(skipped=1)
