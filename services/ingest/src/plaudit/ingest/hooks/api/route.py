"""The routes `POST /v1/hooks/{source_id}`, and with a token in the address for platforms that sign nothing.

Bare routes, past the framework: verify, read strictly, hand to the group commit, answer after its commit.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.db.errors import is_transient
from plaudit.common.group_commit import QueueFullError, StoppedError
from plaudit.common.http import read_body
from plaudit.common.http.problems import internal_error, unavailable
from plaudit.common.ids import IdSource
from plaudit.common.observability.tracing import current_traceparent
from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.hooks.api.answers import answer
from plaudit.ingest.hooks.api.proofs import not_proven, prove
from plaudit.ingest.hooks.api.source_cache import CachedSource, SourceCache
from plaudit.ingest.hooks.api.writer import Writer
from plaudit.ingest.hooks.domain import ACCEPTED, BAD_REQUEST, NOT_STORED, UNPROCESSABLE, Delivery, Receipt
from plaudit.ingest.platforms import UnusableBodyError
from plaudit.ingest.reviews.domain.instructions import Instruction, Quarantined
from plaudit.ingest.settings import IngestSettings

STORED_HEADERS = (b"content-type", b"user-agent", b"webhook-id", b"webhook-timestamp")
MAX_STORED_HEADER_CHARS = 500

log = structlog.get_logger()


class Hooks:
    """The routes that platforms post to."""

    def __init__(self, sources: SourceCache, writer: Writer, ids: IdSource, settings: IngestSettings) -> None:
        self._sources = sources
        self._writer = writer
        self._ids = ids
        self._max_body_bytes = settings.hook_max_body_bytes
        self._answer_timeout_seconds = settings.hook_answer_timeout_seconds

    def routes(self) -> list[Route]:
        """Return the bare routes."""
        return [
            Route("/v1/hooks/{source_id}", self.post, methods=["POST"]),
            Route("/v1/hooks/{source_id}/{token}", self.post, methods=["POST"]),
        ]

    async def post(self, request: Request) -> Response:
        """Take a delivery: 202 once it is durable, or a problem."""
        body = await read_body(request, self._max_body_bytes)
        answer_by = asyncio.get_running_loop().time() + self._answer_timeout_seconds
        cached = await self._sources.find(request.path_params["source_id"], self._answer_timeout_seconds)
        if cached is None:
            raise not_proven()
        sent_id = prove(cached, request, body, time.time())
        delivery = _read(cached, str(self._ids()), sent_id, request, body)
        return answer(await self._write(delivery, answer_by))

    async def _write(self, delivery: Delivery, answer_by: float) -> Receipt:
        """Return the receipt once it is durable; a delivery that cannot be written with its content is stored as bytes.

        `answer_by` is a time of the event loop's clock.
        """
        try:
            return await self._writer.submit(
                delivery,
                rows=len(delivery.events) + 1,
                size_bytes=len(delivery.body),
                timeout_seconds=answer_by - asyncio.get_running_loop().time(),
            )
        except (QueueFullError, StoppedError) as error:
            raise unavailable("Too much waits to be written. Nothing was stored; try again.") from error
        except Exception as error:
            if is_transient(error):
                raise unavailable("The commit was not confirmed in time. Send it again under the same id.") from error
            log.exception("delivery_refused", delivery_id=delivery.id)
            if delivery.quarantine_reason == NOT_STORED:
                raise internal_error() from error
        bytes_alone = replace(delivery, events=(), status=UNPROCESSABLE, quarantine_reason=NOT_STORED)
        return await self._write(bytes_alone, answer_by)


def _read(cached: CachedSource, delivery_id: str, sent_id: str | None, request: Request, body: bytes) -> Delivery:
    headers = {
        name.decode(): value.decode("latin-1")[:MAX_STORED_HEADER_CHARS]
        for name, value in request.scope["headers"]
        if name in STORED_HEADERS
    }
    events, status, reason = _read_events(cached, body)
    return Delivery(
        id=delivery_id,
        source=cached.source,
        sent_id=sent_id,
        headers=msgspec.json.encode(headers).decode(),
        body=body,
        events=events,
        status=status,
        quarantine_reason=reason,
        traceparent=current_traceparent(),
    )


def _read_events(cached: CachedSource, body: bytes) -> tuple[Sequence[Instruction | Quarantined], int, str | None]:
    """Return what the body says; or nothing, the status to answer with, and why."""
    try:
        return cached.adapter.read(body, cached.source), ACCEPTED, None
    except InvalidJsonError as error:
        return (), BAD_REQUEST, str(error)
    except UnusableBodyError as error:
        return (), UNPROCESSABLE, str(error)
