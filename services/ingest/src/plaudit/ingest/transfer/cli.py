"""`plaudit replay`: post a file of reviews as signed webhooks, in the order of their time.

The file is CSV, gzip or not. `--map id=reviewId` says which column becomes which field of the native format;
`--map author.id=reviewerId` reaches inside, `--map subject=company|slug` turns a name into a path segment, and
`--set kind=stars` gives every review the same value. A delivery that cannot be taken now (503, 429, no connection)
is sent again under the same id; a review that was refused is counted and shown.
"""

import asyncio
import csv
import gzip
import io
import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plaudit.common.refusals import RefusedError, WrongInputError
from plaudit.common.standard_webhooks import InvalidSecretError, decode_secret, signed_headers
from plaudit.ingest.transfer.domain import Column, Event, MappingError, parse_columns, parse_constants, to_events

MAX_EVENTS_PER_DELIVERY = 1_000
MAX_TRIES = 60
RETRY_DELAY_SECONDS = 1.0
REQUEST_TIMEOUT_SECONDS = 30.0
MAX_REASONS_SHOWN = 10
MAX_REFUSAL_LENGTH = 300


@dataclass
class Outcome:
    """What became of the reviews."""

    accepted: int = 0
    quarantined: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


def read_file(path: Path, columns: Mapping[str, Column], constants: Mapping[str, str], under: str) -> list[Event]:
    """Return the file's reviews as native events, oldest first.

    Raises:
        MappingError: the file lacks a column.
    """
    with (
        path.open("rb") as stored,
        io.TextIOWrapper(
            gzip.GzipFile(fileobj=stored) if path.suffix == ".gz" else stored, encoding="utf-8-sig", newline=""
        ) as text,
    ):
        rows = csv.DictReader(text)
        unknown = {column.name for column in columns.values()} - set(rows.fieldnames or ())
        if unknown:
            raise MappingError(f"{path.name} has no column {', '.join(sorted(unknown))}; it has {rows.fieldnames}")
        return to_events(rows, columns, constants, under)


async def _post(client: httpx.AsyncClient, url: str, key: bytes, events: Sequence[Event]) -> httpx.Response:
    body = json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()
    delivery = f"msg_{uuid4().hex}"
    for left in reversed(range(MAX_TRIES)):
        signed = signed_headers([key], delivery, int(time.time()), body)
        headers = {"content-type": "application/json", **signed}
        wait_seconds = RETRY_DELAY_SECONDS
        try:
            response = await client.post(url, content=body, headers=headers)
        except httpx.TransportError:
            if not left:
                raise
        else:
            if response.status_code not in {429, 502, 503, 504} or not left:
                return response
            wait_seconds = float(response.headers.get("retry-after", wait_seconds))
        await asyncio.sleep(wait_seconds)
    raise AssertionError("the last try returns or raises")


def _count(outcome: Outcome, events: int, response: httpx.Response) -> None:
    if response.status_code == 202:
        answer = response.json()
        outcome.accepted += answer["accepted"]
        outcome.quarantined += len(answer["quarantined"])
        outcome.reasons += [f"{item['index']}: {item['reason']}" for item in answer["quarantined"]]
    else:
        outcome.refused += events
        outcome.reasons.append(f"HTTP {response.status_code}: {_refusal(response)}")


def _refusal(response: httpx.Response) -> str:
    """Return why a delivery was refused: what its problem says of each event, or the answer's first characters."""
    try:
        problem = response.json()
        return "; ".join(f"{error['pointer']}: {error['detail']}" for error in problem["errors"])[:MAX_REFUSAL_LENGTH]
    except (ValueError, KeyError, TypeError):
        return response.text[:MAX_REFUSAL_LENGTH]


def _deliveries(events: Sequence[Event], size: int) -> Iterator[list[Event]]:
    rest = iter(events)
    while delivery := list(islice(rest, size)):
        yield delivery


async def post_all(
    events: Sequence[Event],
    url: str,
    secret: str,
    *,
    rate: float,
    batch: int,
    connections: int,
    show: Progress,
) -> Outcome:
    """Post the events in their order, and return what became of them.

    Args:
        events: in the native format.
        url: the source's hook.
        secret: of the source.
        rate: reviews a second; 0 is as fast as they are answered.
        batch: reviews in one webhook.
        connections: most webhooks in flight.
        show: where progress is shown.

    Raises:
        httpx.TransportError: ingest stays out of reach.
    """
    outcome = Outcome()
    key = decode_secret(secret)
    task = show.add_task("posting", total=len(events))
    free_connections = asyncio.Semaphore(connections)
    limits = httpx.Limits(max_connections=connections)
    started = time.monotonic()

    async with (
        httpx.AsyncClient(limits=limits, timeout=REQUEST_TIMEOUT_SECONDS) as client,
        asyncio.TaskGroup() as group,
    ):

        async def post(delivery: list[Event]) -> None:
            try:
                _count(outcome, len(delivery), await _post(client, url, key, delivery))
            finally:
                free_connections.release()
            show.advance(task, len(delivery))

        for number, delivery in enumerate(_deliveries(events, batch)):
            if rate:
                await asyncio.sleep(max(0.0, started + number * batch / rate - time.monotonic()))
            await free_connections.acquire()
            group.create_task(post(delivery))
    return outcome


def _read(file: Path, mapped: Sequence[str], constants: Sequence[str], under: str) -> list[Event]:
    try:
        return read_file(file, parse_columns(mapped), parse_constants(constants), under)
    except MappingError as error:
        raise typer.BadParameter(str(error)) from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise WrongInputError(f"{file} cannot be read as CSV in UTF-8: {error}") from error


def _check_target(url: str, secret: str) -> None:
    try:
        decode_secret(secret)
        is_http = httpx.URL(url).scheme in {"http", "https"}
    except InvalidSecretError as error:
        raise WrongInputError(str(error)) from error
    except httpx.InvalidURL as error:
        raise WrongInputError(f"{url!r} is not an address: {error}") from error
    if not is_http:
        raise WrongInputError(f"{url!r} is not an address that begins with http:// or https://")


def _first(error: BaseException) -> BaseException:
    """Return the first error in a group of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, or CSV in gzip (.gz).")],
    url: Annotated[str, typer.Option(help="The source's hook: http://HOST/v1/hooks/SOURCE_ID.")],
    secret: Annotated[str, typer.Option(envvar="PLAUDIT_WEBHOOK_SECRET", help="The source's whsec_… secret.")],
    map_: Annotated[list[str], typer.Option("--map", help="field=column, or field=column|slug; may be repeated.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="field=value for every review.")] = None,
    under: Annotated[str, typer.Option(help="Put every subject below this one.")] = "",
    rate: Annotated[float, typer.Option(min=0, help="Reviews a second; 0 is as fast as answered.")] = 0,
    batch: Annotated[int, typer.Option(min=1, max=MAX_EVENTS_PER_DELIVERY, help="Reviews in one webhook.")] = 1,
    connections: Annotated[int, typer.Option(min=1, max=256, help="Most webhooks in flight.")] = 16,
) -> None:
    """Post a file of reviews as signed webhooks, oldest first.

    Example: plaudit replay reviews.csv.gz --url http://127.0.0.1:8000/v1/hooks/SOURCE_ID --secret whsec_…
    --map id=reviewId --map rating=stars --map published_at=date --map text=text
    """
    events = _read(file, map_, set_ or (), under)
    _check_target(url, secret)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    started = time.monotonic()
    with Progress(*columns, console=console) as show:
        posting = post_all(events, url, secret, rate=rate, batch=batch, connections=connections, show=show)
        try:
            outcome = asyncio.run(posting)
        except* httpx.TransportError as errors:
            raise RefusedError(f"{url} does not answer: {_first(errors)!r}") from errors
    seconds = time.monotonic() - started
    console.print(
        f"{outcome.accepted} accepted, {outcome.quarantined} quarantined, {outcome.refused} refused "
        f"in {seconds:.1f} s ({len(events) / max(seconds, 1e-9):.0f} reviews/s)"
    )
    for reason in outcome.reasons[:MAX_REASONS_SHOWN]:
        console.print(f"  {reason}")
    if outcome.refused or outcome.quarantined:
        raise typer.Exit(1)
