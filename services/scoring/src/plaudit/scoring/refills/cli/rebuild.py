"""`plaudit score rebuild`: make all sums anew from the ledger, or the ledger itself from ingest's feed, beside live."""

from pathlib import Path
from typing import Annotated, Final

import typer

from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.memory import tune_memory
from plaudit.common.numerals import counted
from plaudit.common.terminal import AsJson, print_done
from plaudit.scoring.rebuilds.domain import Progress
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.reconciliation.cli import app
from plaudit.scoring.refills import store
from plaudit.scoring.refills.cli.frame import GivenFeed, Telling, Undertaking, carry_out, from_feed, with_owner
from plaudit.scoring.refills.domain import RefillProgress
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.refills.jobs.steps import discard, refill, status

__all__ = ["app"]

REFILL: Final = Undertaking(
    "rebuild from the feed", "The rebuild from the feed is forgotten.", status=status, discard=discard
)


@app.command(
    "rebuild",
    epilog="Example: plaudit score rebuild --from-feed https://plaudit.example --key-file keys.txt",
)
def rebuild_command(
    address: Annotated[
        str | None,
        typer.Option(
            "--from-feed",
            metavar="ADDRESS",
            help="Make the ledger anew as well, from ingest's feed at this front door's address.",
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            help="A key with the scope reviews:read of each tenant whose ledger is made anew, one a line.",
        ),
    ] = None,
    discarding: Annotated[
        bool, typer.Option("--discard", help="Forget a rebuild from the feed that was begun; nothing else changes.")
    ] = False,
    asking: Annotated[
        bool, typer.Option("--status", help="Say how far a rebuild from the feed is; nothing changes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make all sums anew from the ledger while scores are read and kept, and then read the new ones.

    It goes on where a stopped one was.
    """
    begins_with_feed = address is not None or key_file is not None
    if REFILL.is_answered(discarding=discarding, asking=asking, begins=begins_with_feed, as_json=as_json):
        return
    if begins_with_feed:
        _refill(REFILL.feed(address, key_file), as_json=as_json)
    else:
        _rebuild(as_json=as_json)


def _rebuild(*, as_json: bool) -> None:
    async def work(worker: Database) -> Progress:
        return await with_owner(lambda owner: rebuild(worker, owner, Telling()))

    done = carry_out(work, Role.WORKER)
    said = f"Sums are made anew from {counted(done.summed, 'record')}."
    print_done({"records": done.summed}, said, as_json=as_json)


def _refill(given: GivenFeed, *, as_json: bool) -> None:
    async def work(worker: Database) -> tuple[RefillProgress, list[str]]:
        tune_memory()

        async def read(feed: Feed) -> RefillProgress:
            return await with_owner(lambda owner: refill(worker, owner, feed, uuid7(), Telling()))

        return await from_feed(worker, given, store.tenants_of_ledger, read)

    done, left = carry_out(work, Role.WORKER)
    kept = f" The ledger of {', '.join(left)} was kept as it is, since the file has no key of theirs." if left else ""
    print_done(
        {"revisions": done.revisions, "refused": done.refused, "tenants": done.tenants, "kept_tenants": tuple(left)},
        f"The ledger and all sums are made anew from {counted(done.revisions, 'revision')} of "
        f"{counted(done.tenants, 'tenant')}; {done.refused:,} cannot be scored.{kept}",
        as_json=as_json,
    )
