"""The routes `POST /v1/hooks/{source_id}`, and with a token in the address for platforms that sign nothing.

Direct routes, served by the HTTP protocol itself: verify, read strictly, hand to the group commit, answer after its
commit.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from plaudit.common.db.errors import is_transient
from plaudit.common.group_commit import QueueFullError, StoppedError, Waiting
from plaudit.common.http.direct import DirectRequest, DirectRoute
from plaudit.common.http.problems import internal_error, unavailable
from plaudit.common.ids import IdSource
from plaudit.common.standard_webhooks import ID_HEADER
from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.deliveries.domain import BACKFILL_HEADER, backfill_of
from plaudit.ingest.hooks.api.answers import GREETING, answer
from plaudit.ingest.hooks.api.issuer_keys import KeysUnreachableError, PublishedKeys
from plaudit.ingest.hooks.api.proofs import not_proven, prove
from plaudit.ingest.hooks.api.source_cache import CachedSource, SourceCache
from plaudit.ingest.hooks.api.writer import Writer
from plaudit.ingest.hooks.domain import (
    ACCEPTED,
    BAD_REQUEST,
    NOT_STORED,
    SOURCE_PAUSED,
    UNPROCESSABLE,
    Delivery,
    Receipt,
)
from plaudit.ingest.hooks.jobs import FailedAttemptsLog
from plaudit.ingest.platforms import UnusableBodyError, is_ping
from plaudit.ingest.platforms.proofs import NotProvenError, UnknownKeyError
from plaudit.ingest.reviews.domain.instructions import Item
from plaudit.ingest.settings import IngestSettings

STORED_HEADERS = {
    name.encode(): name for name in ("content-type", "user-agent", ID_HEADER, "webhook-timestamp", BACKFILL_HEADER)
}
"""The id only of a delivery that is not known by it: `sent_id` holds it otherwise, and each byte costs."""
MAX_STORED_HEADER_CHARS = 500
CLOUD_EVENT = b"ce-specversion"
MAX_STORED_ATTRIBUTES = 20
OK = 200
TEXT = b"text/plain; charset=utf-8"
BY_SOURCE = frozenset({"no_match", "wrong_token", "wrong_address"})
"""Reasons why a delivery is not proven that a change of its source can take away."""
Find = Callable[[str, float], Awaitable[CachedSource | None]]
log = structlog.get_logger()


class Hooks(DirectRoute):
    """The routes that platforms post to."""

    def __init__(
        self,
        sources: SourceCache,
        writer: Writer,
        failed_attempts: FailedAttemptsLog,
        published_keys: PublishedKeys,
        ids: IdSource,
        settings: IngestSettings,
    ) -> None:
        """Look up sources, write deliveries, and note those that are not proven."""
        templates = ["{source_id}", "{source_id}/{token}"]
        # A mistyped address is answered as a wrong token is: no other answer tells a platform what is wrong with it.
        super().__init__("/v1/hooks/", templates, settings.hook_max_body_bytes, greeting=GREETING, takes_all_below=True)
        self._sources = sources
        self._writer = writer
        self._failed_attempts = failed_attempts
        self._published_keys = published_keys
        self._trusted_proxies = settings.trusted_proxies
        self._ids = ids
        self._answer_timeout_seconds = settings.hook_answer_timeout_seconds
        self._waiting: set[asyncio.Task[None]] = set()

    def take(self, requests: Sequence[DirectRequest]) -> None:
        """Take deliveries: each is answered 202 once it is durable, or refused."""
        now = time.time()
        answer_by = asyncio.get_running_loop().time() + self._answer_timeout_seconds
        for request in requests:
            if is_ping(request.body):
                request.answer(OK, GREETING.encode(), TEXT)
                continue
            try:
                cached = self._sources.cached(request.parameters[0])
            except KeyError:
                self._start(self._look_up(request, self._sources.find, answer_by))
            else:
                self._take(request, cached, now, answer_by, is_remembered=True)

    def _start(self, waiting: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(waiting)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _look_up(self, request: DirectRequest, find: Find, answer_by: float) -> None:
        try:
            cached = await find(request.parameters[0], self._answer_timeout_seconds)
        except Exception as error:  # noqa: BLE001 - every failure is an answer
            request.refuse(error)
        else:
            self._take(request, cached, time.time(), answer_by, is_remembered=False)

    def _take(
        self, request: DirectRequest, cached: CachedSource | None, now: float, answer_by: float, *, is_remembered: bool
    ) -> None:
        try:
            source, sent_id = prove(cached, request, now, self._trusted_proxies)
            arrived_at = answer_by - self._answer_timeout_seconds
            delivery = _read(source, str(self._ids()), sent_id, request, arrived_at)
            self._put(_Posted(self, request, delivery, answer_by))
        except NotProvenError as error:
            if is_remembered and error.reason in BY_SOURCE:
                self._start(self._look_up(request, self._sources.find_anew, answer_by))
            else:
                self._not_proven(request, cached, error, now)
        except UnknownKeyError as error:
            self._start(self._read_keys(error.keys_url, request, cached, answer_by))
        except Exception as error:  # noqa: BLE001 - every failure is an answer
            request.refuse(error)

    def _not_proven(
        self, request: DirectRequest, cached: CachedSource | None, error: NotProvenError, now: float
    ) -> None:
        source_of = None if cached is None else cached.source
        self._failed_attempts.note(source_of, error.reason, str(error), now)
        request.refuse(not_proven(error, request))

    async def _read_keys(self, url: str, request: DirectRequest, cached: CachedSource | None, answer_by: float) -> None:
        """Take a delivery again once the keys of its issuer were read."""
        try:
            await self._published_keys.read(url, self._answer_timeout_seconds)
        except NotProvenError as error:
            self._not_proven(request, cached, error, time.time())
        except KeysUnreachableError:
            request.refuse(unavailable("The keys of the token's issuer cannot be read now. Nothing was stored."))
        except Exception as error:  # noqa: BLE001 - every failure is an answer
            request.refuse(error)
        else:
            self._take(request, cached, time.time(), answer_by, is_remembered=False)

    def _put(self, posted: "_Posted") -> None:
        try:
            self._writer.put(posted)
        except (QueueFullError, StoppedError) as error:
            raise unavailable("Too much waits to be written. Nothing was stored; try again.") from error

    def written(self, request: DirectRequest, receipt: Receipt) -> None:
        """Answer a delivery that is durable."""
        try:
            request.answer(ACCEPTED, answer(receipt))
        except Exception as error:  # noqa: BLE001 - every failure is an answer
            request.refuse(error)

    def not_written(self, posted: "_Posted", error: Exception) -> None:
        """Answer a delivery that is not durable for certain.

        One that cannot be written with its content is stored as bytes first.
        """
        request, delivery = posted.request, posted.item
        if is_transient(error):
            request.refuse(unavailable("The commit was not confirmed in time. Send it again under the same id."))
            return
        with request.context():
            log.error("delivery_refused", delivery_id=delivery.id, exc_info=error)
        if delivery.quarantine_reason == NOT_STORED:
            request.refuse(internal_error())
            return
        bytes_alone = replace(delivery, events=(), status=UNPROCESSABLE, quarantine_reason=NOT_STORED)
        try:
            self._put(_Posted(self, request, bytes_alone, posted.answer_by))
        except Exception as refusal:  # noqa: BLE001 - every failure is an answer
            request.refuse(refusal)


class _Posted(Waiting[Delivery, Receipt]):
    """A delivery that waits for its group, and the request that it came in."""

    __slots__ = ("_hooks", "request")

    def __init__(self, hooks: Hooks, request: DirectRequest, delivery: Delivery, answer_by: float) -> None:
        super().__init__(delivery, rows=len(delivery.events) + 1, size_bytes=len(delivery.body), answer_by=answer_by)
        self._hooks = hooks
        self.request = request

    def written(self, result: Receipt) -> None:
        self._hooks.written(self.request, result)

    def failed(self, error: Exception) -> None:
        self._hooks.not_written(self, error)


def _read(
    cached: CachedSource, delivery_id: str, sent_id: str | None, request: DirectRequest, arrived_at: float
) -> Delivery:
    fields = request.fields
    headers = {
        name: fields[raw].decode("latin-1")[:MAX_STORED_HEADER_CHARS]
        for raw, name in STORED_HEADERS.items()
        if raw in fields and (sent_id is None or name != ID_HEADER)
    }
    if CLOUD_EVENT in fields:
        headers |= _attributes(fields)
    is_paused = cached.source.paused_at is not None
    nothing = (), ACCEPTED, SOURCE_PAUSED
    events, status, reason = nothing if is_paused else _read_events(cached, request.body, fields)
    return Delivery(
        id=delivery_id,
        source=cached.source,
        sent_id=sent_id,
        headers=msgspec.json.encode(headers).decode(),
        body=request.body,
        events=events,
        status=status,
        quarantine_reason=reason,
        traceparent=request.traceparent,
        tracestate=request.tracestate,
        removals_are_final=cached.adapter.tells.removals_are_final,
        arrived_at=arrived_at,
        rules=cached.rules,
        backfill=backfill_of(headers),
        answers=cached.answers,
    )


def _attributes(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return the headers that hold the attributes of a CloudEvent, without which its body cannot be read again."""
    found = [(name, value) for name, value in fields.items() if name.startswith(b"ce-")]
    return {
        name.decode("latin-1"): value.decode("latin-1")[:MAX_STORED_HEADER_CHARS]
        for name, value in found[:MAX_STORED_ATTRIBUTES]
    }


def _read_events(
    cached: CachedSource, body: bytes, headers: Mapping[bytes, bytes]
) -> tuple[Sequence[Item], int, str | None]:
    """Return what the body says; or nothing, the status to answer with, and why."""
    try:
        return cached.adapter.read(body, cached.source, headers), ACCEPTED, None
    except InvalidJsonError as error:
        return (), BAD_REQUEST, str(error)
    except UnusableBodyError as error:
        return (), UNPROCESSABLE, str(error)
