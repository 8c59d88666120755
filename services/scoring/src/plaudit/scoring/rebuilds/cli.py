"""`plaudit score rebuild`: make all sums anew from the ledger, beside live."""

import typer

from plaudit.common.db import Database, Role
from plaudit.common.refusals import RefusedError
from plaudit.common.terminal import AsJson, on_database, print_done, read_environment
from plaudit.scoring.rebuilds.domain import Progress, RebuildStoppedError
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.reconciliation.cli import app

__all__ = ["app"]


@app.command("rebuild", epilog="Example: plaudit score rebuild --json")
def rebuild_command(as_json: AsJson = False) -> None:
    """Make all sums anew from the ledger while scores are read and kept, and then read the new ones.

    It goes on where a stopped one was.
    """

    async def work(worker: Database) -> Progress:
        owner = Database(read_environment(), "scoring", Role.OWNER, pool_size=1)
        try:
            return await rebuild(worker, owner, _tell)
        finally:
            await owner.close()

    try:
        done = on_database(work, "scoring", Role.WORKER, pool_size=1)
    except RebuildStoppedError as error:
        raise RefusedError(str(error)) from error
    print_done({"records": done.summed}, f"Sums are made anew from {done.summed:,} records.", as_json=as_json)


def _tell(progress: Progress) -> None:
    typer.echo(f"{progress.summed:,} of {progress.applied:,} records", err=True)
