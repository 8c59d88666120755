"""What commands share that go on where a stopped one was: options, connections, progress, answers and refusals."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
import typer

from plaudit.common.db import Database, Role, Tx
from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.terminal import on_database, print_done, read_environment
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.refills.commands import keys_of_tenants
from plaudit.scoring.refills.domain import TOLD_SECONDS
from plaudit.scoring.refills.jobs.feed import Feed

SCHEMA = "scoring"
T = TypeVar("T")


class InWords(Protocol):
    """How far something has come."""

    @property
    def in_words(self) -> str:
        """Say it."""


class GivenFeed(NamedTuple):
    """The front door's address, and the lines of a file of keys."""

    address: str
    lines: list[str]


@dataclass(frozen=True)
class Undertaking:
    """What is begun by one command, and may be stopped, asked about, gone on with and forgotten."""

    name: str
    """After `a` and `there is no`: `repair`."""
    end: str
    """What is said where it was discarded, in a sentence."""
    status: Callable[[Database], Awaitable[tuple[Any, float | None] | None]]
    """Returns how far it has come, and the seconds since its last step."""
    discard: Callable[[Database], Awaitable[bool]]

    def is_answered(self, *, discarding: bool, asking: bool, begins: bool, as_json: bool) -> bool:
        """Forget it, or say how far it is, where that was asked for; return whether it was.

        Raises:
            WrongInputError: more than one thing was asked for.
            RefusedError: another process works on it.
        """
        if sum((discarding, asking, begins)) > 1:
            raise WrongInputError("--discard and --status begin nothing: give one of them alone")
        if discarding:
            self._discard(as_json=as_json)
        elif asking:
            self._say_status(as_json=as_json)
        return discarding or asking

    def feed(self, address: str | None, key_file: Path | None) -> GivenFeed:
        """Return the feed that it is to read.

        Raises:
            WrongInputError: one of the options is not given, or says nothing that can be.
        """
        if address is None or key_file is None:
            raise WrongInputError(f"a {self.name} needs both: --from-feed ADDRESS and --key-file FILE")
        return GivenFeed(feed_address(address), key_lines(key_file))

    def _discard(self, *, as_json: bool) -> None:
        there_was = carry_out(self.discard, Role.OWNER)
        said = self.end if there_was else f"There was no {self.name} to forget."
        print_done({"discarded": there_was}, said, as_json=as_json)

    def _say_status(self, *, as_json: bool) -> None:
        found = carry_out(self.status, Role.WORKER)
        if found is None:
            print_done({"is_under_way": False}, f"There is no {self.name} under way.", as_json=as_json)
            return
        so_far, seconds = found
        seen = "no process works on it" if seconds is None else f"the last step was {seconds:.0f} s ago"
        print_done(
            {"is_under_way": True, "seconds_since_last_step": seconds, **msgspec.structs.asdict(so_far)},
            f"A {self.name} is under way, and {seen}: {so_far.in_words}.",
            as_json=as_json,
        )


def carry_out(work: Callable[[Database], Awaitable[T]], role: Role) -> T:
    """Run work with a connection to scoring's schema, and return what it returns.

    Raises:
        RefusedError: it has stopped, or the database cannot be used; the text says why and what to do.
    """
    try:
        return on_database(work, SCHEMA, role, pool_size=1)
    except RebuildStoppedError as error:
        raise RefusedError(str(error)) from error


async def with_owner(work: Callable[[Database], Awaitable[T]]) -> T:
    """Run work with a connection of the owner of the tables beside that of the worker, and return what it returns."""
    owner = Database(read_environment(), SCHEMA, Role.OWNER, pool_size=1)
    try:
        return await work(owner)
    finally:
        await owner.close()


async def from_feed(
    worker: Database,
    given: GivenFeed,
    kept_tenants: Callable[[Tx], Awaitable[Collection[str]]],
    work: Callable[[Feed], Awaitable[T]],
) -> tuple[T, list[str]]:
    """Run work with the feed of the tenants whose keys are given; return what it returns, and the other tenants.

    Args:
        worker: knows the keys.
        given: where the feed is, and the keys.
        kept_tenants: returns the tenants of whom anything is kept.
        work: reads the feed.

    Raises:
        WrongInputError: as `keys_of_tenants`.
    """
    async with worker.driver_transaction() as tx:
        of_tenants = await keys_of_tenants(tx, given.lines)
        left = [each for each in await kept_tenants(tx) if each not in of_tenants]
    feed = Feed(given.address, of_tenants)
    try:
        return await work(feed), left
    finally:
        await feed.close()


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


class Telling:
    """Says on standard error how far something has come, every second."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._told_at = -inf

    def __call__(self, progress: InWords) -> None:
        """Say it, unless it was said less than a second ago."""
        if monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = monotonic()
            typer.echo(progress.in_words, err=True)
