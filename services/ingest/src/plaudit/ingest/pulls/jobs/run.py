"""One run: ask one source for the next pages, and write what they say as deliveries."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from msgspec.structs import replace

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.group_commit import QueueFullError, Waiting
from plaudit.common.http_client import HttpClient, UnreachableError
from plaudit.common.ids import IdSource
from plaudit.common.strict_json import InvalidJsonError
from plaudit.common.vault import Vault
from plaudit.ingest.deliveries.domain import BACKFILL_HEADER, backfill_of
from plaudit.ingest.hooks.api.writer import Writer
from plaudit.ingest.hooks.domain import ACCEPTED, NOT_STORED, UNPROCESSABLE, Delivery, Receipt
from plaudit.ingest.metrics import PULL_REMOVALS_HELD
from plaudit.ingest.platforms import ADAPTERS, INTERFACES, UnusableBodyError, answers_of
from plaudit.ingest.platforms.interface import TOKEN_SPARE, Ask, Token, Told, UnexpectedAnswerError, Walk, decode
from plaudit.ingest.platforms.pulled import MISSING, PAGE, PULL_HEADER, missing_document, read_pulled
from plaudit.ingest.pulls import commands, store
from plaudit.ingest.pulls.domain import (
    LastRun,
    Pull,
    PullError,
    Trouble,
    finished,
    judge,
    listed_digest,
    plan,
    removals,
    settle,
    spend,
)
from plaudit.ingest.pulls.store import Claimed
from plaudit.ingest.reviews.domain.decisions import Backfill
from plaudit.ingest.reviews.domain.instructions import Item
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sorting.domain.rules import SHIPPED
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import KeyedSource

REQUEST_SECONDS: Final = 30.0
"""From its first to its last byte."""
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
MAX_PAGES: Final = 50
"""Of one run; then other sources of the platform have their turn."""
MAX_WALK_PAGES: Final = 20_000
"""Of one walk: a million reviews at 50 a page. A list that is longer has no end."""
MAX_NOTICES: Final = 50
"""Of one run."""
MAX_MISSING: Final = 500
"""In one delivery."""
WRITE_SECONDS: Final = 60.0
"""That a delivery waits for its group at most."""
GONE: Final = 404

log = structlog.get_logger()


class ClaimLostError(Exception):
    """Another process has taken the source over, or its credentials are new: what this run knows is old."""


class _Paused(Exception):  # noqa: N818 - it is no error: the run goes on later
    """No request may be made before a time."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class _Pulled(Waiting[Delivery, Receipt]):
    """A delivery that waits for its group."""

    __slots__ = ("result",)

    def __init__(self, delivery: Delivery) -> None:
        answer_by = asyncio.get_running_loop().time() + WRITE_SECONDS
        super().__init__(delivery, rows=len(delivery.events) + 1, size_bytes=len(delivery.body), answer_by=answer_by)
        self.result: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()

    def written(self, result: Receipt) -> None:
        if not self.result.done():
            self.result.set_result(result)

    def failed(self, error: Exception) -> None:
        if not self.result.done():
            self.result.set_exception(error)


class Run:
    """One run over one claimed source."""

    def __init__(
        self,
        claimed: Claimed,
        now: datetime,
        *,
        worker: Database,
        hook: Database,
        writer: Writer,
        client: HttpClient,
        ids: IdSource,
        vault: Vault,
    ) -> None:
        """Begin at the time `now`, the database's."""
        self.pull = claimed.pull
        self._claimed = claimed
        self._token: Token | None = None
        self._began_at = now
        self._began = time.monotonic()
        self._worker = worker
        self._hook = hook
        self._rules = SHIPPED
        self._writer = writer
        self._client = client
        self._ids = ids
        self._vault = vault
        self._interface = INTERFACES[claimed.pull.platform]
        self._adapter = ADAPTERS[claimed.pull.platform]
        self._requests = self._pages = self._found = self._changed = 0
        self._complete = False

    def now(self) -> datetime:
        """Return the time, as the database counts it."""
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)

    @property
    def last_run(self) -> LastRun:
        """What it has done."""
        return LastRun(
            started_at=self._began_at,
            finished_at=self.now(),
            complete=self._complete,
            requests=self._requests,
            pages=self._pages,
            reviews_found=self._found,
            changed=self._changed,
        )

    async def go(self) -> None:
        """Ask for what was noticed, then for the next pages; leave in `pull` how far it came.

        Raises:
            PullError: it cannot go on.
            ClaimLostError: it must not.
            Exception: what the database raises.
        """
        source = await self._source()
        await self._remove_allowed(source)
        written, self._token = store.opened(self._claimed, self._vault)
        credentials = self._interface.read_credentials(msgspec.json.decode(written))
        try:
            await self._ask_for_noticed(source, credentials)
            # A notification alone makes no walk due.
            if self.pull.next_at <= self._began_at:
                await self._walk(source, credentials)
        except _Paused as paused:
            self.pull = replace(self.pull, next_at=paused.until, not_before=paused.until)
        except UnexpectedAnswerError as error:
            raise PullError(Trouble.UNREADABLE, str(error)) from error

    async def _source(self) -> KeyedSource:
        async with self._hook.driver_transaction() as tx:
            source = await sources.find(tx, UUID(self.pull.source_id), self._vault)
        if source is not None:
            async with self._hook.driver_transaction(source.tenant_id) as tx:
                self._rules = await sorting_rules.rules_of(tx, source.tenant_id)
        if source is None:
            raise ClaimLostError
        return source

    async def _walk(self, source: KeyedSource, credentials: Any) -> None:
        self.pull = plan(self.pull, self._interface, self.now())
        walk = self.pull.walk
        assert walk is not None
        if walk.next is None:
            # Its last page was stored, and its process has died before the end was.
            walk = replace(walk, pages=0, expected=0, listed="")
        self._complete = walk.complete
        for _ in range(MAX_PAGES):
            asked = walk.next or self._interface.first(credentials, walk)
            asked_at = self.now()
            told = self._read_status(await self._ask(asked, credentials))
            document = decode(told.body)
            entries = self._interface.entries(document)
            names = [name for name, _ in entries]
            listed = listed_digest(names)
            following = self._interface.following(credentials, walk, asked, document)
            if following == asked or (listed and listed == walk.listed):
                raise UnexpectedAnswerError("the page after one is the same page again, so that the list has no end")
            if walk.pages >= MAX_WALK_PAGES:
                raise UnexpectedAnswerError(f"the list has no end after {MAX_WALK_PAGES:,} pages")
            changes = [at for _, at in entries if at is not None]
            latest = max([*changes, *([walk.latest] if walk.latest else [])], default=None)
            walk = replace(
                walk,
                next=following,
                latest=latest,
                pages=walk.pages + 1,
                expected=walk.expected + self._interface.expected(asked, document),
                listed=listed,
                unnamed=walk.unnamed or None in names,
            )
            self._pages += 1
            await self._take(source, told, names, asked_at, replace(self.pull, walk=walk))
            if following is None:
                await self._finish(source, walk)
                return
        self.pull = replace(self.pull, next_at=self.now(), failures=0, error=None, error_at=None)

    async def _take(
        self, source: KeyedSource, told: Told, ids: Sequence[str | None], asked_at: datetime, after: Pull
    ) -> None:
        """Write a page as a delivery, if it says anything new, and store how far the source is after it."""
        failpoint("page_told_before_stored")
        self._found += len(ids)
        headers = {PULL_HEADER: PAGE, "content-type": told.headers.get("content-type", "")[:200]}
        if self.pull.watermark is None:
            # The first walk brings what was there before anybody could be called for it.
            headers[BACKFILL_HEADER] = Backfill.OLDER
        try:
            items = read_pulled(self._adapter, told.body, source, headers)
        except (InvalidJsonError, UnusableBodyError) as error:
            await self._write(self._delivery(source, headers, told.body, (), unread=str(error)))
            words = f"the platform's answer is not of the documented form: {error}"
            raise PullError(Trouble.UNREADABLE, words) from error
        async with self._worker.driver_transaction() as tx:
            known = await store.known(tx, self.pull.source_id, [name for name in ids if name is not None])
        settled = settle(items, ids, known, asked_at, self._interface)
        delivery = self._delivery(source, headers, told.body, settled.items) if settled.is_due else None
        if delivery is not None:
            outcome = (await self._write(delivery)).outcome
            self._changed += outcome.accepted - outcome.unchanged
        failpoint("page_stored_before_cursor")
        async with self._worker.driver_transaction() as tx:
            delivery_id = None if delivery is None else delivery.id
            is_ours = await commands.note_page(tx, self._claimed, after, settled.fingerprints, delivery_id, asked_at)
        if not is_ours:
            raise ClaimLostError
        self.pull = after
        failpoint("cursor_moved_before_next_page")

    async def _finish(self, source: KeyedSource, walk: Walk) -> None:
        before = self.pull.complete_listing
        saw_all = True
        if walk.complete:
            async with self._worker.driver_transaction() as tx:
                saw_all = await store.count_listed(tx, self.pull) >= walk.expected
        self.pull = finished(self.pull, walk, self._interface, self.now(), saw_all=saw_all)
        if walk.complete and before is not None and self.pull.complete_listing != before:
            await self._decide_removals(source, before, walk.started_at)
        failpoint("walk_finished_before_saved")

    async def _decide_removals(self, source: KeyedSource, before: int, started_at: datetime) -> None:
        """Remove what two complete walks on end have not listed, or hold it where it is too much."""
        was_held = self.pull.held_removals is not None
        async with self._worker.driver_transaction() as tx:
            missing, visible = await store.count_missing(tx, self.pull.source_id, before, started_at)
        self.pull, listing = removals(self.pull, before, missing, visible, started_at)
        if listing is not None:
            await self._remove_missing(source, listing, started_at)
        elif not was_held:
            PULL_REMOVALS_HELD.labels(self.pull.platform).inc()
            log.warning("pull_removals_held", **self.pull.log_fields, missing=missing, visible=visible)

    async def _remove_allowed(self, source: KeyedSource) -> None:
        """Remove what was held and a person has allowed."""
        held = self.pull.held_removals
        if held is not None and held.allowed_at is not None:
            await self._remove_missing(source, held.listing, held.since)
            self.pull = replace(self.pull, held_removals=None)

    async def _remove_missing(self, source: KeyedSource, listing: int, started_at: datetime) -> None:
        """Remove what no complete walk has listed since one, as far as it can be stored."""
        while True:
            async with self._worker.driver_transaction() as tx:
                gone = await store.missing(tx, self.pull.source_id, listing, started_at, MAX_MISSING)
            if not gone or not await self._remove(source, gone, "missing in complete lists on end"):
                return

    async def _remove(self, source: KeyedSource, external_ids: Sequence[str], because: str) -> int:
        headers = {PULL_HEADER: MISSING, "content-type": "application/json"}
        body = missing_document(external_ids, because)
        items = read_pulled(self._adapter, body, source, headers)
        outcome = (await self._write(self._delivery(source, headers, body, items))).outcome
        changed = outcome.accepted - outcome.unchanged
        self._changed += changed
        return changed

    async def _ask_for_noticed(self, source: KeyedSource, credentials: Any) -> None:
        async with self._worker.driver_transaction() as tx:
            noticed = await store.notices(tx, self.pull.source_id, MAX_NOTICES)
        for name, noticed_at in noticed:
            asked = self._interface.one(credentials, name)
            if asked is not None:
                await self._ask_for_one(source, credentials, asked, name)
            async with self._worker.driver_transaction() as tx:
                await store.drop_notice(tx, self.pull.source_id, name, noticed_at)

    async def _ask_for_one(self, source: KeyedSource, credentials: Any, asked: Ask, name: str) -> None:
        asked_at = self.now()
        told = await self._ask(asked, credentials)
        if told.status == GONE:
            async with self._worker.driver_transaction() as tx:
                known = await store.known(tx, self.pull.source_id, [name])
            if name in known and known[name].is_stored and not known[name].removed:
                await self._remove(source, [name], "not found when it was asked for")
            return
        if 400 <= told.status < 500 and told.status not in {401, 403, 429}:
            log.warning("noticed_review_refused", status=told.status, platform=self.pull.platform)
            return
        entries = self._interface.entries(decode(self._read_status(told).body))
        await self._take(source, told, [each for each, _ in entries], asked_at, self.pull)

    def _read_status(self, told: Told) -> Told:
        error = judge(told.status, told.headers, self.now())
        if error is not None:
            raise error
        return told

    async def _ask(self, asked: Ask, credentials: Any) -> Told:
        """Send a request with what authorizes it; once more with a new token where the first one is refused."""
        told = await self._send(asked, self._interface.authorized(asked, await self._authorize(credentials)))
        if told.status == 401:
            self._token = None
            told = await self._send(asked, self._interface.authorized(asked, await self._authorize(credentials)))
            if told.status == 401:
                await self._keep_token(None)
        return told

    async def _authorize(self, credentials: Any) -> Token:
        if self._token is not None and self.now() + TOKEN_SPARE < self._token.until:
            return self._token
        found = self._interface.token(credentials, self.now())
        if isinstance(found, Ask):
            told = await self._send(found, found.headers)
            if told.status in {400, 401, 403}:
                words = f"the platform gives no token for the credentials ({told.status}): set new ones"
                raise PullError(Trouble.CREDENTIALS, words)
            found = self._interface.read_token(self._read_status(told), self.now())
            await self._keep_token(found)
        self._token = found
        return found

    async def _keep_token(self, token: Token | None) -> None:
        async with self._worker.driver_transaction() as tx:
            await store.keep_token(tx, self._claimed, token, self._vault)

    async def _send(self, asked: Ask, headers: dict[str, str]) -> Told:
        spent = spend(self.pull, self._interface.limit, self.now())
        if isinstance(spent, datetime):
            raise _Paused(spent)
        self.pull = spent
        self._requests += 1
        try:
            told = await self._client.ask(
                asked.method,
                asked.url,
                headers=headers,
                body=asked.body.encode(),
                max_bytes=MAX_ANSWER_BYTES,
                timeout_seconds=REQUEST_SECONDS,
            )
        except UnreachableError as error:
            raise PullError(Trouble.UNAVAILABLE, f"the platform could not be reached: {error}") from error
        return Told(told.status, told.headers, told.body)

    def _delivery(
        self,
        source: KeyedSource,
        headers: dict[str, str],
        body: bytes,
        events: Sequence[Item],
        unread: str | None = None,
    ) -> Delivery:
        return Delivery(
            id=str(self._ids()),
            source=source,
            sent_id=None,
            headers=msgspec.json.encode(headers).decode(),
            body=body,
            events=events,
            status=ACCEPTED if unread is None else UNPROCESSABLE,
            quarantine_reason=unread,
            backfill=backfill_of(headers),
            removals_are_final=self._adapter.tells.removals_are_final,
            answers=answers_of(source.platform, source.mapping, is_polled=True),
            rules=self._rules,
        )

    async def _write(self, delivery: Delivery) -> Receipt:
        """Write a delivery with the next group; where its content cannot be stored, its bytes alone."""
        try:
            return await self._put(delivery)
        except Exception as error:
            if is_transient(error) or isinstance(error, QueueFullError) or delivery.quarantine_reason is not None:
                raise
            log.exception("delivery_refused", delivery_id=delivery.id)
        return await self._put(replace(delivery, events=(), status=UNPROCESSABLE, quarantine_reason=NOT_STORED))

    async def _put(self, delivery: Delivery) -> Receipt:
        waiting = _Pulled(delivery)
        self._writer.put(waiting)
        return await waiting.result
