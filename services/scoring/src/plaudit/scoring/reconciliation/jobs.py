"""The job that sums rows anew in which rounding shows, and compares all sums with the ledger every night."""

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
    begins_at,
    left_out,
)
from plaudit.scoring.reconciliation.store import celled

log = structlog.get_logger()

PAUSE_SECONDS: Final = 1.0
MARKS_OF_A_TURN: Final = 100


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


class ReconciliationJob(PeriodicJob):
    """Sums rows anew in which rounding shows, and compares one subject after the other every night."""

    def __init__(self, database: Database, ids: IdSource = uuid7) -> None:
        """Compare nothing yet.

        Args:
            database: opened under the worker role, with two connections at least.
            ids: makes ids of comparisons.
        """
        super().__init__("reconciliation", PAUSE_SECONDS, max_age_seconds=2 * MAX_TRIES * MAX_COMPARED_SECONDS)
        self._database = database
        self._ids = ids

    async def has_work(self) -> bool:
        """Return whether rounding shows somewhere, or the night's comparison is to begin or to go on."""
        return await self._database.holds(store.HAS_WORK, BEGINS_AT)

    async def turn(self) -> int:
        """Sum some rows anew, and compare one subject of one segment and all below it; return how much was done."""
        return await self.sum_rounded_anew() + await self.go_on()

    async def sum_rounded_anew(self) -> int:
        """Sum rows anew in which rounding shows; return how many subjects had some."""
        async with self._database.driver_transaction() as tx:
            found = await store.rounded(tx, MARKS_OF_A_TURN)
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
        return done

    async def go_on(self) -> int:
        """Compare the next subject; return 1, or 0 where the night's comparison is at its end.

        Where several processes do, they may compare the same subject: it is counted once, and so is each repair.
        """
        async with self._database.driver_transaction(order_keys=[store.NIGHT_LOCK]) as tx:
            night = await store.going_on(tx)
            if night is None and await store.is_due(tx, begins_at(tx.now)):
                night = await store.begin(tx, self._ids(), tx.now)
            following = None if night is None else await store.next_root(tx, night.tenant_id, night.subject)
            large = None
            if night is not None and following is None:
                large = await celled.next_of_night(tx, night.id, MAX_CELLED_A_NIGHT)
            if night is not None and following is None and large is None:
                await store.finish(tx, night.id, tx.now)
        if night is not None and large is not None:
            await self._compare_large(night.id, large)
            return 1
        if night is None or following is None:
            return 0
        outcome = await self._outcome(following.tenant_id, following.subject)
        tell(outcome)
        async with self._database.driver_transaction() as tx:
            is_first = await store.go_on(tx, night, following)
            await store.count(tx, night.id, outcome if is_first else outcome.repairs)
        return 1

    async def _compare_large(self, night_id: UUID, large: celled.Celled) -> None:
        """Compare the cells and changes of a large subject; one that fails for a time is left to another night."""
        try:
            outcome = await reconcile_large(self._database, large)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("cells_not_compared", error_type=type(error).__name__)
            outcome = Outcome(skipped=1, celled=1)
        tell(outcome)
        async with self._database.driver_transaction() as tx:
            is_first = await celled.note_compared_at_night(tx, large, night_id)
            await store.count(tx, night_id, outcome if is_first else outcome.repairs)

    async def _outcome(self, tenant_id: str, subject: str) -> Outcome:
        """Return what became of a subject; one that fails for a time is skipped, so that it keeps no other waiting."""
        try:
            return await reconcile(self._database, tenant_id, subject)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("sums_not_compared", error_type=type(error).__name__)
            return Outcome(skipped=1)
