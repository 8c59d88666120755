"""`plaudit score rebuild`: make all sums anew from the ledger, or the ledger itself from ingest's feed, beside live."""

from math import inf
from pathlib import Path
from time import monotonic
from typing import Annotated, Protocol
from urllib.parse import urlsplit

import msgspec
import typer

from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.memory import tune_memory
from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.terminal import AsJson, on_database, print_done, read_environment
from plaudit.scoring.rebuilds.domain import Progress, RebuildStoppedError
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.reconciliation.cli import app
from plaudit.scoring.refills import commands, store
from plaudit.scoring.refills.domain import TOLD_SECONDS, RefillProgress
from plaudit.scoring.refills.jobs.feed import Feed
from plaudit.scoring.refills.jobs.steps import discard, refill, status

__all__ = ["app"]


@app.command(
    "rebuild",
    epilog="Example: plaudit score rebuild --from-feed https://plaudit.example --key-file keys.txt",
)
def rebuild_command(
    from_feed: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Make the ledger anew as well, from ingest's feed at this front door's address."
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
    if discarding or asking:
        if from_feed is not None or key_file is not None or (discarding and asking):
            raise WrongInputError(f"{'--discard' if discarding else '--status'} begins nothing: give it alone")
        if discarding:
            _discard(as_json=as_json)
        else:
            _say_status(as_json=as_json)
    elif (from_feed is None) != (key_file is None):
        raise WrongInputError("a rebuild from the feed needs both: --from-feed ADDRESS and --key-file FILE")
    elif from_feed is not None and key_file is not None:
        _refill(feed_address(from_feed), key_lines(key_file), as_json=as_json)
    else:
        _rebuild(as_json=as_json)


def _rebuild(*, as_json: bool) -> None:
    async def work(worker: Database) -> Progress:
        owner = _owner()
        try:
            return await rebuild(worker, owner, _tell)
        finally:
            await owner.close()

    try:
        done = on_database(work, "scoring", Role.WORKER, pool_size=1)
    except RebuildStoppedError as error:
        raise RefusedError(str(error)) from error
    print_done({"records": done.summed}, f"Sums are made anew from {done.summed:,} records.", as_json=as_json)


def _refill(address: str, lines: list[str], *, as_json: bool) -> None:
    async def work(worker: Database) -> tuple[RefillProgress, list[str]]:
        tune_memory()
        async with worker.driver_transaction() as tx:
            of_tenants = await commands.keys_of_tenants(tx, lines)
            left = [each for each in await store.tenants_of_ledger(tx) if each not in of_tenants]
        owner, feed = _owner(), Feed(address, of_tenants)
        try:
            return await refill(worker, owner, feed, uuid7(), Telling()), left
        finally:
            await feed.close()
            await owner.close()

    try:
        done, left = on_database(work, "scoring", Role.WORKER, pool_size=1)
    except RebuildStoppedError as error:
        raise RefusedError(str(error)) from error
    kept = f" The ledger of {', '.join(left)} was kept as it is, since the file has no key of theirs." if left else ""
    print_done(
        {"revisions": done.revisions, "refused": done.refused, "tenants": done.tenants, "kept_tenants": tuple(left)},
        f"The ledger and all sums are made anew from {done.revisions:,} revisions of {done.tenants} tenants; "
        f"{done.refused:,} cannot be scored.{kept}",
        as_json=as_json,
    )


def _discard(*, as_json: bool) -> None:
    try:
        there_was = on_database(discard, "scoring", Role.OWNER, pool_size=1)
    except RebuildStoppedError as error:
        raise RefusedError(str(error)) from error
    said = "The rebuild from the feed is forgotten." if there_was else "There was no rebuild from the feed to forget."
    print_done({"discarded": there_was}, said, as_json=as_json)


def _say_status(*, as_json: bool) -> None:
    found = on_database(status, "scoring", Role.WORKER, pool_size=1)
    if found is None:
        print_done({"is_under_way": False}, "There is no rebuild from the feed under way.", as_json=as_json)
        return
    so_far, seconds = found
    seen = "no process works on it" if seconds is None else f"the last step was {seconds:.0f} s ago"
    print_done(
        {"is_under_way": True, "seconds_since_last_step": seconds, **msgspec.structs.asdict(so_far)},
        f"A rebuild from the feed is under way, and {seen}: {so_far.in_words}.",
        as_json=as_json,
    )


def _owner() -> Database:
    return Database(read_environment(), "scoring", Role.OWNER, pool_size=1)


def feed_address(text: str) -> str:
    """Return the address of a front door.

    Raises:
        WrongInputError: it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise WrongInputError("--from-feed takes the address of the front door, such as https://plaudit.example")
    return text


def key_lines(file: Path) -> list[str]:
    """Return the lines of a file of keys.

    Raises:
        WrongInputError: it cannot be read.
    """
    try:
        return file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInputError(f"the file of keys {file} cannot be read: {error}") from error


def _tell(progress: Progress) -> None:
    typer.echo(f"{progress.summed:,} of {progress.applied:,} records", err=True)


class _InWords(Protocol):
    @property
    def in_words(self) -> str: ...


class Telling:
    """Says how far something has come, every second."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._told_at = -inf

    def __call__(self, progress: _InWords) -> None:
        """Say it, unless it was said less than a second ago."""
        if monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = monotonic()
            typer.echo(progress.in_words, err=True)
