"""`plaudit replay`: post a file of reviews as signed webhooks, in the order of their time.

The file is CSV, gzip or not. `--map id=reviewId` says which column becomes which field of the native format;
`--map author.id=reviewerId` reaches inside, `--map subject=company|slug` turns a name into a path segment, and
`--set kind=stars` gives every review the same value. What the front door cannot take now (503, 429, no connection)
is sent again under the same id; a review that was refused is counted and shown.
"""

import asyncio
import csv
import gzip
import io
import json
import re
import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plaudit.common.standard_webhooks import decode_secret, sign

FIELDS = frozenset({
    "id", "subject", "rating", "kind", "title", "text", "language", "published_at", "edited_at", "version",
    "author.id", "author.name", "author.email", "verified", "origin", "url", "scale.min", "scale.max",
})  # fmt: skip
NUMBERS = frozenset({"rating", "version", "scale.min", "scale.max"})
MAX_EVENTS_PER_DELIVERY = 1_000
MAX_TRIES = 60
RETRY_DELAY_SECONDS = 1.0
REQUEST_TIMEOUT_SECONDS = 30.0
MAX_REASONS_SHOWN = 10


@dataclass(frozen=True)
class Column:
    """Where a field comes from: a column, perhaps as a path segment."""

    name: str
    as_slug: bool = False


@dataclass
class Outcome:
    """What became of the reviews."""

    accepted: int = 0
    quarantined: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


def parse_map(pairs: Sequence[str]) -> dict[str, Column]:
    """Read `field=column` and `field=column|slug`; raises typer.BadParameter with what to do."""
    columns = {}
    for pair in pairs:
        target, equals, source = pair.partition("=")
        if not equals or target not in FIELDS:
            raise typer.BadParameter(f"{pair!r}: say field=column; fields are {', '.join(sorted(FIELDS))}")
        name, _, how = source.partition("|")
        if how not in {"", "slug"}:
            raise typer.BadParameter(f"{pair!r}: the only conversion is |slug")
        columns[target] = Column(name, as_slug=how == "slug")
    missing = {"id", "rating", "published_at"} - columns.keys()
    if missing:
        raise typer.BadParameter(f"map {', '.join(sorted(missing))} too, for example --map id=reviewId")
    return columns


def slug(text: str) -> str:
    """Return a name as one segment of a subject's path."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:64] or "unnamed"


def reviews(path: Path, columns: dict[str, Column], constants: dict[str, str], under: str) -> list[dict[str, Any]]:
    """Return the file's reviews as native events, oldest first; raises typer.BadParameter for a missing column."""
    with (
        path.open("rb") as stored,
        io.TextIOWrapper(
            gzip.GzipFile(fileobj=stored) if path.suffix == ".gz" else stored, encoding="utf-8-sig", newline=""
        ) as text,
    ):
        rows = csv.DictReader(text)
        unknown = {column.name for column in columns.values()} - set(rows.fieldnames or ())
        if unknown:
            raise typer.BadParameter(
                f"{path.name} has no column {', '.join(sorted(unknown))}; it has {rows.fieldnames}"
            )
        events = [_event(row, columns, constants, under) for row in rows]
    return sorted(events, key=lambda event: str(event["data"]["published_at"]))


def _event(row: dict[str, str], columns: dict[str, Column], constants: dict[str, str], under: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for target, value in constants.items():
        _put(data, target, value)
    for target, column in columns.items():
        value = row[column.name]
        if value != "":
            _put(data, target, slug(value) if column.as_slug else value)
    if under:
        data["subject"] = f"{under}/{data['subject']}" if "subject" in data else under
    return {"type": "review.created", "data": data}


def _put(data: dict[str, Any], target: str, value: str) -> None:
    *parents, name = target.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    if target in NUMBERS:
        number = float(value)
        data[name] = int(number) if number.is_integer() else number
    elif target == "verified":
        data[name] = value.strip().lower() in {"true", "1", "yes"}
    else:
        data[name] = value


async def _post(client: httpx.AsyncClient, url: str, key: bytes, events: Sequence[dict[str, Any]]) -> httpx.Response:
    body = json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()
    delivery = f"msg_{uuid4().hex}"
    for left in reversed(range(MAX_TRIES)):
        now = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(key, delivery, now, body),
        }
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
        outcome.reasons.append(f"HTTP {response.status_code}: {response.text[:300]}")


def _deliveries(events: Sequence[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    rest = iter(events)
    while delivery := list(islice(rest, size)):
        yield delivery


async def post_all(
    events: Sequence[dict[str, Any]],
    url: str,
    secret: str,
    *,
    rate: float,
    batch: int,
    connections: int,
    show: Progress,
) -> Outcome:
    """Post the events; raises httpx.TransportError when the front door stays out of reach."""
    outcome = Outcome()
    key = decode_secret(secret)
    task = show.add_task("posting", total=len(events))
    room = asyncio.Semaphore(connections)
    limits = httpx.Limits(max_connections=connections)
    started = time.monotonic()

    async with (
        httpx.AsyncClient(limits=limits, timeout=REQUEST_TIMEOUT_SECONDS) as client,
        asyncio.TaskGroup() as group,
    ):

        async def post(delivery: list[dict[str, Any]]) -> None:
            try:
                _count(outcome, len(delivery), await _post(client, url, key, delivery))
            finally:
                room.release()
            show.advance(task, len(delivery))

        for number, delivery in enumerate(_deliveries(events, batch)):
            if rate:
                await asyncio.sleep(max(0.0, started + number * batch / rate - time.monotonic()))
            await room.acquire()
            group.create_task(post(delivery))
    return outcome


def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, or CSV in gzip (.gz).")],
    url: Annotated[str, typer.Option(help="The source's hook: http://HOST/v1/hooks/SOURCE_ID.")],
    secret: Annotated[str, typer.Option(envvar="PLAUDIT_WEBHOOK_SECRET", help="The source's whsec_… secret.")],
    map_: Annotated[list[str], typer.Option("--map", help="field=column, or field=column|slug; may be repeated.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="field=value for every review.")] = None,
    under: Annotated[str, typer.Option(help="Put every subject below this one.")] = "",
    rate: Annotated[float, typer.Option(min=0, help="Reviews a second; 0 is as fast as answered.")] = 0,
    batch: Annotated[int, typer.Option(min=1, max=MAX_EVENTS_PER_DELIVERY, help="Reviews in one webhook.")] = 1,
    connections: Annotated[int, typer.Option(min=1, max=256)] = 16,
) -> None:
    """Post a file of reviews as signed webhooks, oldest first."""
    constants = dict(pair.split("=", 1) for pair in set_ or ())
    if unknown := constants.keys() - FIELDS:
        raise typer.BadParameter(f"--set: fields are {', '.join(sorted(FIELDS))}, not {', '.join(sorted(unknown))}")
    events = reviews(file, parse_map(map_), constants, under)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    started = time.monotonic()
    with Progress(*columns, console=console) as show:
        outcome = asyncio.run(post_all(events, url, secret, rate=rate, batch=batch, connections=connections, show=show))
    seconds = time.monotonic() - started
    console.print(
        f"{outcome.accepted} accepted, {outcome.quarantined} quarantined, {outcome.refused} refused "
        f"in {seconds:.1f} s ({len(events) / max(seconds, 1e-9):.0f} reviews/s)"
    )
    for reason in outcome.reasons[:MAX_REASONS_SHOWN]:
        console.print(f"  {reason}")
    if outcome.refused or outcome.quarantined:
        raise typer.Exit(1)
