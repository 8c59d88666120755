"""The front door: `POST /v1/hooks/{source_id}`, and with a token in the address for platforms that sign nothing.

A bare route, past the framework: verify, read strictly, hand to the group commit, answer after its commit.
"""

import asyncio
import hmac
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.db.errors import is_transient
from plaudit.common.group_commit import GroupCommit, QueueFullError, StoppedError
from plaudit.common.http.body import read_body
from plaudit.common.http.json import json_response
from plaudit.common.http.problems import Problem, bad_request, internal_error, unavailable, unprocessable
from plaudit.common.ids import IdSource
from plaudit.common.observability.tracing import current_traceparent
from plaudit.common.standard_webhooks import InvalidSignatureError, signature_headers, verify
from plaudit.common.strict_json import InvalidJsonError, loads
from plaudit.ingest.adapters import UnusableBodyError
from plaudit.ingest.api.known_sources import KnownSource, Sources
from plaudit.ingest.domain.commands import Command, Quarantined
from plaudit.ingest.intake import ACCEPTED, NOTHING_VALID, UNPROCESSABLE, Answer, Delivery
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.store.intake import Kept

BAD_REQUEST = 400
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
        body = await read_body(request, self._max_body_bytes)
        answer_by = asyncio.get_running_loop().time() + self._answer_timeout_seconds
        known = await self._sources.find(request.path_params["source_id"], self._answer_timeout_seconds)
        sent_id = _prove(known, request, body)
        assert known is not None
        delivery = _read(known, str(self._ids()), sent_id, request, body)
        return _respond(await self._commit(delivery, answer_by))

    async def _commit(self, delivery: Delivery, answer_by: float) -> Answer:
        """Return the answer once it is durable; what cannot be written with its content is kept as bytes."""
        try:
            return await self._flush.submit(
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
            log.exception("delivery refused by the database", delivery_id=delivery.id)
            if delivery.quarantine_reason == NOT_STORED:
                raise internal_error() from error
        bytes_alone = replace(delivery, events=(), status=UNPROCESSABLE, quarantine_reason=NOT_STORED)
        return await self._commit(bytes_alone, answer_by)


def _prove(known: KnownSource | None, request: Request, body: bytes) -> str | None:
    """Return the sender's delivery id, if it signs; raises the one 401 for everything that is not proven."""
    token = request.path_params.get("token")
    if known is None:
        raise _not_proven()
    if known.adapter.proof == "path_token":
        if token is None or known.path_token is None:
            raise _not_proven()
        if not hmac.compare_digest(token.encode(errors="replace"), known.path_token.encode()):
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
