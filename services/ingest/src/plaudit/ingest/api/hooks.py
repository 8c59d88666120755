"""The front door: `POST /v1/hooks/{source_id}`, and with a token in the address for platforms that sign nothing.

A bare route, past the framework: verify, read strictly, hand to the group commit, answer after its commit.
"""

import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.db import Database
from plaudit.common.db.errors import is_away
from plaudit.common.group_commit import GroupCommit, QueueFullError, StoppedError
from plaudit.common.http.body import read_body
from plaudit.common.http.json import json_response
from plaudit.common.http.problems import Problem, bad_request, internal_error, unavailable, unprocessable
from plaudit.common.ids import IdSource
from plaudit.common.standard_webhooks import InvalidSignatureError, decode_secret, signature_headers, verify
from plaudit.common.strict_json import InvalidJsonError, loads
from plaudit.common.tracing import current_traceparent
from plaudit.ingest.adapters import ADAPTERS, Adapter, UnusableBodyError
from plaudit.ingest.domain.commands import Command, Quarantined
from plaudit.ingest.domain.source import Source
from plaudit.ingest.intake import ACCEPTED, NOTHING_VALID, UNPROCESSABLE, Answer, Delivery
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.store import sources as sources_store
from plaudit.ingest.store.intake import Kept

BAD_REQUEST = 400
MAX_CACHED_SOURCES = 10_000
KEPT_HEADERS = (b"content-type", b"user-agent", b"webhook-id", b"webhook-timestamp")
MAX_KEPT_HEADER_CHARS = 500
NOT_STORED = "not_stored"
"""The reason of a delivery that the database refused with its content, and took as bytes."""

REASONS = {
    NOTHING_VALID: "None of its events could be taken; `errors` says why",
    NOT_STORED: "It could not be written; the operators have been told",
}

log = structlog.get_logger()

Flush = GroupCommit[Delivery, Answer]


@dataclass(frozen=True)
class KnownSource:
    """A source as the front door needs it."""

    source: Source
    adapter: Adapter
    key: bytes
    path_token: str | None


class Sources:
    """Looks sources up before a tenant is known, and remembers them, also that there is none, for some seconds."""

    def __init__(
        self, database: Database, cache_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._cache_seconds = cache_seconds
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, KnownSource | None]] = {}

    async def find(self, source_id: str) -> KnownSource | None:
        """Return a source by the id in the address; None for what is none."""
        cached = self._cache.get(source_id)
        if cached is not None and cached[0] > self._monotonic():
            return cached[1]
        try:
            wanted = UUID(source_id)
        except ValueError:
            return None
        async with self._database.transaction() as tx:
            row = await sources_store.find(tx, wanted)
        known = None if row is None else _known(row)
        self._cache.pop(source_id, None)
        if len(self._cache) >= MAX_CACHED_SOURCES:
            del self._cache[next(iter(self._cache))]
        self._cache[source_id] = (self._monotonic() + self._cache_seconds, known)
        return known


def _known(row: sources_store.Source) -> KnownSource:
    source = Source(
        id=str(row.id),
        tenant_id=row.tenant_id,
        name=row.name,
        platform=row.platform,
        subject=row.subject,
        created_at=row.created_at,
        person_key=row.person_key,
    )
    return KnownSource(source, ADAPTERS[row.platform], decode_secret(row.secret), row.path_token)


class Hooks:
    """The routes that platforms post to."""

    def __init__(self, sources: Sources, flush: Flush, ids: IdSource, settings: IngestSettings) -> None:
        self._sources = sources
        self._flush = flush
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
        known = await self._sources.find(request.path_params["source_id"])
        body = await read_body(request, self._max_body_bytes)
        sent_id = _prove(known, request, body)
        assert known is not None
        delivery = _read(known, str(self._ids()), sent_id, request, body)
        return _respond(await self._commit(delivery))

    async def _commit(self, delivery: Delivery) -> Answer:
        try:
            return await self._submit(delivery)
        except (QueueFullError, StoppedError) as error:
            raise unavailable("Too much waits to be written. Nothing was stored; try again.") from error
        except Exception as error:
            if is_away(error):
                raise unavailable("The commit was not confirmed in time. Send it again under the same id.") from error
            return await self._keep_bytes(delivery, error)

    async def _submit(self, delivery: Delivery) -> Answer:
        return await self._flush.submit(
            delivery,
            rows=len(delivery.events) + 1,
            size_bytes=len(delivery.body),
            timeout_seconds=self._answer_timeout_seconds,
        )

    async def _keep_bytes(self, delivery: Delivery, cause: Exception) -> Answer:
        """Keep at least the bytes of what could not be written with its content, so that nothing is lost."""
        log.error("delivery not understood by the database", delivery_id=delivery.id, exc_info=cause)
        try:
            return await self._submit(replace(delivery, events=(), status=UNPROCESSABLE, quarantine_reason=NOT_STORED))
        except Exception as error:
            raise internal_error() from error


def _prove(known: KnownSource | None, request: Request, body: bytes) -> str | None:
    """Return the sender's delivery id, if it signs; raises the one 401 for everything that is not proven."""
    token = request.path_params.get("token")
    if known is None:
        raise _not_proven()
    if known.adapter.proof == "path_token":
        if token is None or known.path_token is None or not hmac.compare_digest(token, known.path_token):
            raise _not_proven()
        return None
    if token is not None:
        raise _not_proven()
    try:
        message_id, timestamp, signature = signature_headers(request.scope["headers"])
        verify(message_id, timestamp, signature, body, (known.key,), time.time())
    except InvalidSignatureError as error:
        raise _not_proven() from error
    assert message_id is not None
    return message_id.decode()


def _not_proven() -> Problem:
    return Problem(
        "invalid-signature",
        401,
        "The delivery is not proven",
        "Sign `id.timestamp.body` with the source's secret (Standard Webhooks v1) within five minutes, "
        "and post it to the address that the source was made with.",
    )


def _read(known: KnownSource, delivery_id: str, sent_id: str | None, request: Request, body: bytes) -> Delivery:
    kept = {
        name.decode(): value.decode("latin-1")[:MAX_KEPT_HEADER_CHARS]
        for name, value in request.scope["headers"]
        if name in KEPT_HEADERS
    }
    events, status, reason = _events(known, body)
    return Delivery(
        id=delivery_id,
        source=known.source,
        sent_id=sent_id,
        headers=msgspec.json.encode(kept).decode(),
        body=body,
        events=events,
        status=status,
        quarantine_reason=reason,
        traceparent=current_traceparent(),
    )


def _events(known: KnownSource, body: bytes) -> tuple[Sequence[Command | Quarantined], int, str | None]:
    """Return what the body says; or none, the status to answer with, and why."""
    try:
        return known.adapter.normalise(loads(body), known.source), ACCEPTED, None
    except InvalidJsonError as error:
        return (), BAD_REQUEST, str(error)
    except UnusableBodyError as error:
        return (), UNPROCESSABLE, str(error)


def _respond(answer: Answer) -> Response:
    kept = answer.kept
    if kept.status != ACCEPTED:
        raise _refused(kept)
    told: dict[str, Any] = {
        "delivery_id": kept.id,
        "accepted": kept.accepted,
        "unchanged": kept.unchanged,
        "quarantined": [{"index": index, "reason": reason} for index, reason in kept.quarantined],
    }
    if answer.duplicate:
        told["duplicate"] = True
    if kept.quarantine_reason is not None:
        told["quarantine_reason"] = kept.quarantine_reason
    return json_response(told, ACCEPTED)


def _refused(kept: Kept) -> Problem:
    kept_as = f"It is kept as delivery {kept.id}."
    if kept.status == BAD_REQUEST:
        return bad_request("invalid-json", f"{kept.quarantine_reason}. {kept_as}")
    errors = [
        {"in": "body", "pointer": f"/{index}", "code": "quarantined", "detail": reason}
        for index, reason in kept.quarantined
    ]
    return unprocessable(
        "nothing-taken", f"{REASONS.get(kept.quarantine_reason or '', kept.quarantine_reason)}. {kept_as}", errors
    )
