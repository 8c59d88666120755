"""`plaudit score repair`: make whole what insight and answers keep of reviews, from ingest's feed, beside live."""

from pathlib import Path
from typing import Annotated, Final

import typer

from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.numerals import counted, noun_of
from plaudit.common.terminal import AsJson, print_done
from plaudit.scoring.refills.cli.frame import GivenFeed, Telling, Undertaking, carry_out, from_feed
from plaudit.scoring.refills.cli.rebuild import app
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.repairs import store
from plaudit.scoring.repairs.domain import RepairProgress
from plaudit.scoring.repairs.jobs import PagesOfFeed, discard, repair, status

__all__ = ["app"]

REPAIR: Final = Undertaking(
    "repair", "The repair is forgotten; what it has repaired stays so.", status=status, discard=discard
)


@app.command(
    "repair",
    epilog="Example: plaudit score repair --from-feed https://plaudit.example --key-file keys.txt",
)
def repair_command(
    address: Annotated[
        str | None,
        typer.Option("--from-feed", metavar="ADDRESS", help="Read ingest's feed at this front door's address."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="A key with the scope reviews:read of each tenant that is repaired, one a line."),
    ] = None,
    discarding: Annotated[
        bool, typer.Option("--discard", help="Forget a repair that was begun; what it has repaired stays so.")
    ] = False,
    asking: Annotated[bool, typer.Option("--status", help="Say how far a repair is; nothing changes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make whole what complaints, praise and figures of answers are made of, while reviews come.

    For a group that has missed records. It goes on where a stopped one was.
    """
    begins = address is not None or key_file is not None
    if not REPAIR.is_answered(discarding=discarding, asking=asking, begins=begins, as_json=as_json):
        _repair(REPAIR.feed(address, key_file), as_json=as_json)


def _repair(given: GivenFeed, *, as_json: bool) -> None:
    async def work(worker: Database) -> tuple[RepairProgress, list[str]]:
        async def read(feed: Feed) -> RepairProgress:
            return await repair(worker, PagesOfFeed(feed), uuid7(), Telling())

        return await from_feed(worker, given, store.kept_tenants, read)

    done, left = carry_out(work, Role.WORKER)
    kept = f" What is kept of {', '.join(left)} stays as it was, since the file has no key of theirs." if left else ""
    print_done(
        {
            "revisions": done.revisions,
            "refused": done.refused,
            "gone": done.gone,
            "damaged": done.damaged,
            "tenants": done.tenants,
            "kept_tenants": tuple(left),
        },
        f"Insight and answers are whole, by {counted(done.revisions, 'revision')} of "
        f"{counted(done.tenants, 'tenant')}; {done.refused:,} cannot be kept, {counted(done.damaged, 'review')} "
        f"{noun_of(done.damaged, 'was', 'were')} damaged and replaced, and {counted(done.gone, 'review')} that ingest "
        f"does not know {noun_of(done.gone, 'was', 'were')} taken away.{kept}",
        as_json=as_json,
    )
