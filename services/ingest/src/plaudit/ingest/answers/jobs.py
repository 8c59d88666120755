"""What time starts: answers are sent to their platforms, tasks are finished when platforms tell of them, old ones go.

Each source is served in a task of its own, one request at a time and none before its time, so that a platform that is
slow or dead delays no other. Of each platform so many sources are served at once; so one whose every source hangs until
its time limit takes none of the others' places.

A process that dies after an answer was sent and before that is noted leaves the source leased. Whoever takes it then
asks the platform first which answer it shows, and sends only what is not there.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec
import structlog

from plaudit.common.db import Database, Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.http_client import HttpAnswer, HttpClient, UnreachableError
from plaudit.common.ids import IdSource
from plaudit.common.jobs import PeriodicJob, back_off_seconds
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.answers import commands, store
from plaudit.ingest.answers.commands import Prepared
from plaudit.ingest.answers.domain import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, Sender, WrittenAnswer
from plaudit.ingest.metrics import ANSWERS_SENT
from plaudit.ingest.platforms.answering import Answering, Call, Shown
from plaudit.ingest.platforms.asking import (
    CannotAskError,
    HttpRequest,
    Token,
    UnusableReplyError,
    refusal_of,
    retry_after,
)
from plaudit.ingest.sources.domain import UNOPENED_CREDENTIALS

POLL_SECONDS: Final = 1.0
SOURCES_AT_ONCE: Final = 16
"""Of one platform, in one process."""
REQUEST_SECONDS: Final = 15.0
LEASE_SECONDS: Final = 120.0
"""More than all requests of an attempt may take together."""
MAX_REPLY_BYTES: Final = 256 * 1024
TOKEN_SPARE_SECONDS: Final = 60.0
TOLD_ROWS: Final = 200
TOLD_SECONDS: Final = 5.0
RETENTION_ROWS: Final = 1_000
RETENTION_PAUSE_SECONDS: Final = 600.0
RETENTION_MAX_AGE_SECONDS: Final = 1_800.0
GOOD: Final = range(200, 300)
REFUSALS: Final = range(400, 500)
NOT_FOUND: Final = 404
UNAUTHORIZED: Final = 401
TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
TO_BE_MENDED: Final = frozenset({UNAUTHORIZED, 402, 403, 407})
"""Something of the account or of its credentials, which people can mend: the answer waits."""

log = structlog.get_logger()


class RefusedAnswerError(Exception):
    """The platform will never take the answer; the text is its reason."""


class LaterError(Exception):
    """An attempt failed, and a later one may succeed."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        """Say why, and how long the platform wants to be left alone where it says so."""
        super().__init__(reason)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class _KeptToken:
    token: Token
    of: bytes
    """A digest of the credentials that it was got with."""
    until: float


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one attempt: how it is noted, and for how long its source is left alone."""

    note: Callable[[Tx], Awaitable[WrittenAnswer]]
    wait_seconds: float
    failures: int = 0


class AnswerJob(PeriodicJob):
    """Sends answers through the interfaces of platforms, and asks which are shown."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        ids: IdSource,
        vault: Vault,
        interfaces: Mapping[str, Answering],
        client: HttpClient,
        *,
        lease_seconds: float = LEASE_SECONDS,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        """Take a worker's connections, and the connections to platforms, which it closes at its end."""
        super().__init__("answers", POLL_SECONDS)
        self._database = database
        self._outbox = outbox
        self._ids = ids
        self._vault = vault
        self._interfaces = interfaces
        self._client = client
        self._lease_seconds = lease_seconds
        self._request_seconds = request_seconds
        self._tokens: dict[UUID, _KeptToken] = {}
        self._serving: dict[asyncio.Task[None], str] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Take turns until told to stop; then finish the requests that are under way."""
        try:
            await super().run(stop)
            if self._serving:
                await asyncio.wait(self._serving)
        finally:
            for task in self._serving:
                task.cancel()
            await self._client.close()

    async def has_work(self) -> bool:
        """Return whether an answer can be sent now."""
        return await self._database.holds(store.ANY_DUE)

    async def turn(self) -> int:
        """Begin to serve the sources that are due, as far as there are places; return how many."""
        busy = Counter(self._serving.values())
        slots = {platform: SOURCES_AT_ONCE - busy[platform] for platform in self._interfaces}
        async with self._database.transaction() as tx:
            leased = await store.lease(tx, self._lease_seconds, {name: n for name, n in slots.items() if n > 0})
        for sender in leased:
            task = asyncio.create_task(self._serve(sender))
            self._serving[task] = sender.platform
            task.add_done_callback(lambda done: self._serving.pop(done, None))
        return len(leased)

    async def _serve(self, sender: Sender) -> None:
        """Send one answer of a source. What goes wrong concerns this source alone: its lease ends by itself."""
        try:
            await self._send_next(sender)
        except Exception as error:
            if is_transient(error):
                log.warning("job_retried", loop=self.name, error_type=type(error).__name__)
            else:
                log.exception("answer_failed", source_id=str(sender.source_id))

    async def _send_next(self, sender: Sender) -> None:
        interface = self._interfaces[sender.platform]
        async with self._database.transaction() as tx:
            prepared = await commands.prepare(tx, sender, self._vault)
            if prepared is None:
                await store.release(tx, sender, tx.now, sender.failures)
                return
        outcome = await self._attempt(sender, interface, prepared)
        # What became of the answer and when its source may be asked again are one fact: a kill between the
        # two would forget how long the platform wants to be left alone.
        async with self._database.transaction() as tx:
            after = await outcome.note(tx)
            await store.release(tx, sender, tx.now + timedelta(seconds=outcome.wait_seconds), outcome.failures)
        _report(sender, after, "later" if outcome.failures else after.state.value)

    async def _attempt(self, sender: Sender, interface: Answering, prepared: Prepared) -> _Outcome:
        answer, pause_seconds = prepared.answer, interface.pause_seconds
        try:
            shown = await self._exchange(sender, interface, prepared)
        except LaterError as error:
            failures = sender.failures + 1
            usual_seconds = back_off_seconds(failures, FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS)
            note = partial(commands.postpone, answer=answer, why=str(error))
            return _Outcome(note, max(usual_seconds, error.wait_seconds), failures)
        except RefusedAnswerError as error:
            return _Outcome(partial(commands.note_rejected, answer=answer, why=str(error)), pause_seconds)
        except CannotAskError as error:
            return _Outcome(partial(commands.give_to_people, answer=answer, why=str(error)), pause_seconds)
        failpoint("answer_sent_before_note")
        return _Outcome(partial(self._note_shown, answer=answer, shown=shown), pause_seconds)

    async def _note_shown(self, tx: Tx, answer: WrittenAnswer, shown: Shown) -> WrittenAnswer:
        return await commands.note_shown(UnitOfWork(tx, self._outbox, self._ids), answer, shown)

    async def _exchange(self, sender: Sender, interface: Answering, prepared: Prepared) -> Shown:
        """Send an answer, unless the platform has it; return what the platform tells of it."""
        answer = prepared.answer
        if answer.accepted_at is not None or answer.attempts > 1:
            shown = await self._look(sender, interface, prepared)
            if shown is not None and shown.is_of(answer.text):
                return shown
            if answer.accepted_at is not None:
                return Shown(None, "pending")
        reply = await self._ask(sender, interface, prepared, interface.send)
        if reply.status in REFUSALS:
            raise RefusedAnswerError(refusal_of(reply.status, reply.body))
        try:
            return interface.read_sent(reply.body)
        except UnusableReplyError:
            return Shown(None, "pending")

    async def _look(self, sender: Sender, interface: Answering, prepared: Prepared) -> Shown | None:
        reply = await self._ask(sender, interface, prepared, interface.look)
        if reply.status == NOT_FOUND:
            return None
        if reply.status in REFUSALS:
            raise LaterError(refusal_of(reply.status, reply.body))
        try:
            return interface.read_looked(reply.body)
        except UnusableReplyError as error:
            raise LaterError(str(error)) from error

    async def _ask(
        self, sender: Sender, interface: Answering, prepared: Prepared, build: Callable[[Call], HttpRequest]
    ) -> HttpAnswer:
        """Send a request with a token; where the token is not accepted any more, once again with a new one.

        Raises:
            LaterError: there is no answer that says what became of it, or the credentials cannot be decrypted.
            CannotAskError: the source lacks something that the request needs.
        """
        if prepared.credentials is None:
            raise LaterError(UNOPENED_CREDENTIALS)
        digest = blake2b(msgspec.json.encode(prepared.credentials, order="sorted")).digest()
        for is_last in (False, True):
            token, is_fresh = await self._token(sender.source_id, interface, prepared.credentials, digest)
            call = Call(prepared.external_id, prepared.answer.text, prepared.credentials, token.value)
            reply = await self._request(build(call))
            if reply.status != UNAUTHORIZED:
                break
            self._tokens.pop(sender.source_id, None)
            if is_fresh or is_last:
                break
        if reply.status in GOOD or (reply.status in REFUSALS and reply.status not in TRANSIENT | TO_BE_MENDED):
            return reply
        raise self._later(reply)

    async def _token(
        self, source_id: UUID, interface: Answering, credentials: Mapping[str, str], digest: bytes
    ) -> tuple[Token, bool]:
        """Return a token, and whether it is a new one."""
        kept = self._tokens.get(source_id)
        if kept is not None and kept.of == digest and kept.until > time.monotonic():
            return kept.token, False
        asked = interface.grant.ask(credentials, datetime.now(UTC))
        token = asked if isinstance(asked, Token) else await self._granted(interface, asked)
        until = time.monotonic() + token.lifetime_seconds - TOKEN_SPARE_SECONDS
        self._tokens[source_id] = _KeptToken(token, digest, until)
        return token, True

    async def _granted(self, interface: Answering, request: HttpRequest) -> Token:
        reply = await self._request(request)
        if reply.status not in GOOD:
            later = self._later(reply)
            raise LaterError(f"no token: {later}", later.wait_seconds)
        try:
            return interface.grant.read(reply.body)
        except UnusableReplyError as error:
            raise LaterError(f"no token: {error}") from error

    async def _request(self, request: HttpRequest) -> HttpAnswer:
        try:
            return await self._client.ask(
                request.method,
                request.address + request.path,
                headers=request.headers,
                body=request.body,
                max_bytes=MAX_REPLY_BYTES,
                timeout_seconds=self._request_seconds,
            )
        except UnreachableError as error:
            raise LaterError(f"the interface cannot be reached: {error}") from error

    def _later(self, reply: HttpAnswer) -> LaterError:
        asked = retry_after(reply.headers.get("retry-after"), datetime.now(UTC)) if reply.status in TRANSIENT else None
        return LaterError(refusal_of(reply.status, reply.body), asked.total_seconds() if asked is not None else 0.0)


class AnsweredByHandJob(PeriodicJob):
    """Finishes answers by hand that their platforms have told of by themselves."""

    def __init__(self, database: Database) -> None:
        """Take a worker's connections."""
        super().__init__("answers-by-hand", TOLD_SECONDS)
        self._database = database

    async def has_work(self) -> bool:
        """Return whether the review of such an answer has changed."""
        return await self._database.holds(store.ANY_TOLD)

    async def turn(self) -> int:
        """Look at a batch; return how many were looked at."""
        async with self._database.transaction() as tx:
            return await commands.note_told(tx, TOLD_ROWS)


class AnswerRetentionJob(PeriodicJob):
    """Deletes answers that were published or rejected so long ago; what their reviews show stays."""

    def __init__(self, database: Database, retention_days: float) -> None:
        """Take a worker's connections."""
        super().__init__("answer-retention", RETENTION_PAUSE_SECONDS, max_age_seconds=RETENTION_MAX_AGE_SECONDS)
        self._database = database
        self._retention = timedelta(days=retention_days)

    async def turn(self) -> int:
        """Delete a batch, the oldest first; return how many were deleted."""
        async with self._database.transaction() as tx:
            return await store.delete_before(tx, tx.now - self._retention, RETENTION_ROWS)


def _report(sender: Sender, answer: WrittenAnswer, outcome: str) -> None:
    """Count and log what became of an attempt, without a word of the answer or of the platform's."""
    ANSWERS_SENT.labels(sender.platform, outcome).inc()
    log.info(
        "answer",
        answer_id=str(answer.id),
        source_id=str(sender.source_id),
        platform=sender.platform,
        outcome=outcome,
        attempt=answer.attempts,
    )
