"""`plaudit score repair`: make whole what insight and answers keep of reviews, from ingest's feed, beside live."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.terminal import AsJson, on_database, print_done
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills.cli import Telling, app, feed_address, key_lines
from plaudit.scoring.refills.commands import keys_of_tenants
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.repairs import store
from plaudit.scoring.repairs.domain import RepairProgress
from plaudit.scoring.repairs.jobs import discard, repair, status

__all__ = ["app"]


@app.command(
    "repair",
    epilog="Example: plaudit score repair --from-feed https://plaudit.example --key-file keys.txt",
)
def repair_command(
    from_feed: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Read ingest's feed at this front door's address.")
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
    if sum((discarding, asking, from_feed is not None or key_file is not None)) > 1:
        raise WrongInputError("--discard and --status begin nothing: give one of them alone")
    if discarding:
        _discard(as_json=as_json)
    elif asking:
        _say_status(as_json=as_json)
    elif from_feed is None or key_file is None:
        raise WrongInputError("a repair needs both: --from-feed ADDRESS and --key-file FILE")
    else:
        _repair(feed_address(from_feed), key_lines(key_file), as_json=as_json)


def _repair(address: str, lines: list[str], *, as_json: bool) -> None:
    async def work(worker: Database) -> tuple[RepairProgress, list[str]]:
        async with worker.driver_transaction() as tx:
            of_tenants = await keys_of_tenants(tx, lines)
            left = [each for each in await store.kept_tenants(tx) if each not in of_tenants]
        feed = Feed(address, of_tenants)
        try:
            return await repair(worker, feed, uuid7(), Telling()), left
        finally:
            await feed.close()

    try:
        done, left = on_database(work, "scoring", Role.WORKER, pool_size=1)
    except RebuildStoppedError as error:
        raise RefusedError(str(error)) from error
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
        f"Insight and answers are whole, by {done.revisions:,} revisions of {done.tenants} tenants; {done.refused:,} "
        f"cannot be kept, {done.damaged:,} reviews were damaged and were replaced, and {done.gone:,} that ingest does "
        f"not know were taken away.{kept}",
        as_json=as_json,
    )


def _discard(*, as_json: bool) -> None:
    try:
        there_was = on_database(discard, "scoring", Role.OWNER, pool_size=1)
    except RebuildStoppedError as error:
        raise RefusedError(str(error)) from error
    said = "The repair is forgotten; what it has repaired stays so." if there_was else "There was no repair to forget."
    print_done({"discarded": there_was}, said, as_json=as_json)


def _say_status(*, as_json: bool) -> None:
    found = on_database(status, "scoring", Role.WORKER, pool_size=1)
    if found is None:
        print_done({"is_under_way": False}, "There is no repair under way.", as_json=as_json)
        return
    so_far, seconds = found
    seen = "no process works on it" if seconds is None else f"the last step was {seconds:.0f} s ago"
    print_done(
        {"is_under_way": True, "seconds_since_last_step": seconds, **msgspec.structs.asdict(so_far)},
        f"A repair is under way, and {seen}: {so_far.in_words}.",
        as_json=as_json,
    )
