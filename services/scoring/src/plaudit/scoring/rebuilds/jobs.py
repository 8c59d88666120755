"""The steps of a rebuild, each in a transaction of its own: it goes on where a stopped one was."""

from collections.abc import Callable

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.scoring.rebuilds import commands, store
from plaudit.scoring.rebuilds.domain import MAX_SWITCHES, Progress, RebuildStoppedError


async def rebuild(worker: Database, owner: Database, tell: Callable[[Progress], None]) -> Progress:
    """Make all sums anew from the ledger beside live, and put them in the place of the old ones.

    Args:
        worker: sees the rows of all tenants.
        owner: owns the tables.
        tell: is told after each step how far it has come.

    Raises:
        RebuildStoppedError: the text says why and what to do. What was summed is kept.
    """
    for _ in range(MAX_SWITCHES):
        is_left = True
        while is_left:
            async with worker.driver_transaction() as tx:
                is_left = await commands.sum_some(tx)
                so_far = await store.progress(tx)
                failpoint("rebuild_step_before_commit")
            tell(so_far)
        if await _switched(worker, owner):
            return so_far
    raise RebuildStoppedError(
        "history did not come as far as live, or live was too fast; see how far history lags, and run this again: it "
        "goes on from here"
    )


async def _switched(worker: Database, owner: Database) -> bool:
    """Return whether the new sums have taken the place; not where readers or writers kept it waiting for too long."""
    try:
        async with owner.driver_transaction() as tx:
            is_done = await commands.switch(tx, worker)
            failpoint("rebuild_switch_before_commit")
    except Exception as error:
        if not is_transient(error):
            raise
        return False
    return is_done
