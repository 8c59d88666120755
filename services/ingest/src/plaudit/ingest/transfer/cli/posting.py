"""Posts rows as signed webhooks: several at once, in the order of their time, those of one review in turn."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from plaudit.common.standard_webhooks import decode_secret, signed_headers
from plaudit.ingest.platforms.asking import retry_after
from plaudit.ingest.transfer.domain.deliveries import Delivery, cut
from plaudit.ingest.transfer.domain.reading import MAX_BODY_BYTES
from plaudit.ingest.transfer.domain.rows import Ready, Reject

MAX_TRIES = 60
RETRY_DELAY_SECONDS = 1.0
"""At least, whatever the receiver says: tries that follow at once are used up while it restarts."""
MAX_RETRY_AFTER_SECONDS = 300.0
"""A receiver that asks for longer is asked again after that."""
REQUEST_TIMEOUT_SECONDS = 30.0
MAX_REFUSAL_CHARS: Final = 300
ACCEPTED: Final = 202
TOO_LARGE: Final = 413
BAD_REQUEST: Final = 400
UNPROCESSABLE: Final = 422
TRANSIENT: Final = frozenset({429, 502, 503, 504})
NOT_OURS: Final = frozenset({401, 403, 404, 405, 410})
"""Nothing can be posted to this address with this secret, so nothing more is tried."""


@dataclass
class Outcome:
    """What became of the rows."""

    accepted: int = 0
    rejected: int = 0
    """Not taken, each with a reason of its own."""
    refused: int = 0
    """Not taken, since their delivery was refused as a whole."""
    unsent: int = 0
    refusal: str = ""
    """Why deliveries were refused: the first reason."""


@dataclass(frozen=True)
class Pace:
    """How fast, and in which portions."""

    rate: float = 0.0
    """Rows a second; 0 is as fast as they are answered."""
    batch: int = 1
    """Most events in one delivery."""
    connections: int = 1
    """Most deliveries at once."""
    again: bool = False
    """Whether deliveries get new ids, so that what was sent before is decided anew."""
    backfill: bool = False
    """Whether nobody is to be called for the reviews."""


class Poster:
    """Posts rows to one hook."""

    def __init__(
        self,
        url: str,
        secret: str,
        pace: Pace,
        reject: Callable[[Reject], None],
        advance: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Post to a source's hook.

        Args:
            url: of the hook.
            secret: of the source.
            pace: how fast.
            reject: is told each row that was not taken.
            advance: is told of how many more rows is known what became of them.
        """
        self.outcome = Outcome()
        self._url = url
        self._key = decode_secret(secret)
        self._pace = pace
        self._reject = reject
        self._advance = advance
        self._salt = uuid4().hex if pace.again else ""
        self._headers = {"content-type": "application/json", **({"plaudit-backfill": "true"} if pace.backfill else {})}
        self._stopped = False
        self._under_way: dict[str, asyncio.Task[None]] = {}
        """Review → the task that posts rows of it."""

    async def post(self, rows: Iterable[Ready]) -> Outcome:
        """Post rows in their order, and return what became of them.

        Raises:
            httpx.TransportError: the hook stays out of reach.
        """
        connections = self._pace.connections
        free_connections = asyncio.Semaphore(connections)
        started = time.monotonic()
        sent = 0
        async with (
            httpx.AsyncClient(
                limits=httpx.Limits(max_connections=connections), timeout=REQUEST_TIMEOUT_SECONDS
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            for delivery in cut(rows, self._pace.batch, MAX_BODY_BYTES):
                if self._pace.rate:
                    await asyncio.sleep(max(0.0, started + sent / self._pace.rate - time.monotonic()))
                sent += len(delivery.rows)
                await free_connections.acquire()
                await self._earlier_rows(delivery)
                if self._stopped:
                    free_connections.release()
                    self.outcome.unsent += len(delivery.rows)
                    continue
                task = group.create_task(self._take(client, delivery))
                task.add_done_callback(lambda _: free_connections.release())
                for external_id in delivery.ids:
                    self._under_way[external_id] = task
        return self.outcome

    async def _earlier_rows(self, delivery: Delivery) -> None:
        """Wait for the deliveries with other rows of the same reviews."""
        earlier = {self._under_way[external_id] for external_id in delivery.ids & self._under_way.keys()}
        if earlier:
            await asyncio.wait(earlier)

    async def _take(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        try:
            await self._post_whole(client, delivery)
        finally:
            task = asyncio.current_task()
            for external_id in delivery.ids:
                if self._under_way.get(external_id) is task:
                    del self._under_way[external_id]
        self._advance(len(delivery.rows))

    async def _post_whole(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        """Post a delivery; halve it where it is too large, or where one row makes all of it unreadable."""
        response = await self._try(client, delivery)
        status = response.status_code
        reasons = _reasons(response, delivery) if status in {ACCEPTED, UNPROCESSABLE} else {}
        if status == ACCEPTED:
            self._count(delivery, reasons)
        elif status in {TOO_LARGE, BAD_REQUEST} and len(delivery.rows) > 1:
            for half in delivery.halves():
                await self._post_whole(client, half)
        elif status in {TOO_LARGE, BAD_REQUEST} or reasons:
            whole = dict.fromkeys(range(len(delivery.rows)), f"HTTP {status}: {_words(response)}")
            self._count(delivery, {**whole, **reasons})
        else:
            self.outcome.refused += len(delivery.rows)
            self.outcome.refusal = self.outcome.refusal or f"HTTP {status}: {_words(response)}"
            self._stopped = self._stopped or status in NOT_OURS

    def _count(self, delivery: Delivery, reasons: dict[int, str]) -> None:
        self.outcome.accepted += len(delivery.rows) - len(reasons)
        self.outcome.rejected += len(reasons)
        for place, reason in sorted(reasons.items()):
            row = delivery.rows[place]
            self._reject(Reject(row.line, row.id, reason, row.cells))

    async def _try(self, client: httpx.AsyncClient, delivery: Delivery) -> httpx.Response:
        sent_id = f"msg_{self._salt}{delivery.digest}"
        for left in reversed(range(MAX_TRIES)):
            signed = signed_headers([self._key], sent_id, int(time.time()), delivery.body)
            wait_seconds = RETRY_DELAY_SECONDS
            try:
                response = await client.post(self._url, content=delivery.body, headers={**self._headers, **signed})
            except httpx.TransportError:
                if not left:
                    raise
            else:
                if response.status_code not in TRANSIENT or not left:
                    return response
                wait_seconds = _wait_seconds(response)
            await asyncio.sleep(wait_seconds)
        raise AssertionError("the last try returns or raises")


def _wait_seconds(response: httpx.Response) -> float:
    asked = retry_after(response.headers.get("retry-after"), datetime.now(UTC)) or timedelta()
    return min(max(asked.total_seconds(), RETRY_DELAY_SECONDS), MAX_RETRY_AFTER_SECONDS)


def _reasons(response: httpx.Response, delivery: Delivery) -> dict[int, str]:
    """Return what an answer says of single events: the place of a row → why it was not taken."""
    try:
        answer = response.json()
        if response.status_code == ACCEPTED:
            told = [(item["index"], item["reason"]) for item in answer.get("quarantined", ())]
        else:
            told = [(int(error["pointer"].strip("/")), error["detail"]) for error in answer["errors"]]
        row_of_event = delivery.row_of_event
        return {row_of_event[index]: str(reason) for index, reason in told}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return {}


def _words(response: httpx.Response) -> str:
    """Return what an answer says of the whole delivery."""
    try:
        answer: Any = response.json()
        return str(answer["detail"])[:MAX_REFUSAL_CHARS]
    except (ValueError, KeyError, TypeError):
        return response.text[:MAX_REFUSAL_CHARS]
