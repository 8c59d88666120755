"""What time starts: deliveries leave, and old ones are deleted.

A process that ends between a recipient's acceptance and our record of it leaves a delivery whose lease runs out. It is
sent again under the same id, and marked as a possible repeat; so is one that was sent whole and not answered. These are
the only ways in which anything is sent twice.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import random
from typing import Final

import msgspec
import structlog
from prometheus_client import Counter as CounterMetric

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.db.storable import reason_of
from plaudit.common.delivery import commands, store
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.commands import Checks, Complete, NotCompletedError, Ready, Withdraw
from plaudit.common.delivery.consent.links import PREFERENCES, unsubscribe_urls
from plaudit.common.delivery.domain.message import Delivery
from plaudit.common.delivery.domain.outcomes import MAX_ERROR_CHARS, Kind, Outcome
from plaudit.common.delivery.endpoints import store as endpoints
from plaudit.common.delivery.gatherings import commands as gathered
from plaudit.common.delivery.gatherings.commands import Gatherings
from plaudit.common.delivery.gatherings.store import ANY_WORK
from plaudit.common.delivery.reporting import report
from plaudit.common.delivery.settings import DeliverySettings
from plaudit.common.delivery.store import Ended
from plaudit.common.delivery.watch import NOBODY_WATCHES, RecipientWatch
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob, bisect
from plaudit.common.settings import address_of
from plaudit.common.vault import Vault

log = structlog.get_logger()

PURGED_ROWS: Final = 1_000
PURGE_PAUSE_SECONDS: Final = 300.0
PURGE_MAX_AGE_SECONDS: Final = 900.0
GATHER_SECONDS: Final = 0.01
RESEALED_ROWS: Final = 200
RESEAL_PAUSE_SECONDS: Final = 600.0
RESEAL_MAX_AGE_SECONDS: Final = 1_800.0
NO_ADDRESSES: Final = "this installation has nothing to ask for addresses of customers"
SENT_BEFORE_RECORD: Final = "delivery_sent_before_record"
"""The failpoint between a recipient's acceptance and our record of it."""

NOTHING_KNOWN: Final = Gatherings()

NOT_SENT = CounterMetric(
    "plaudit_messages_not_sent_total", "Deliveries that were due and did not leave: not wanted any more."
)


class DeliveryJob(PeriodicJob):
    """Sends the messages of all tenants. What one recipient takes its time for holds up no other."""

    def __init__(
        self,
        database: Database,
        settings: DeliverySettings,
        sender: Sender,
        vault: Vault,
        checks: Checks,
        gatherings: Gatherings = NOTHING_KNOWN,
        complete: Complete | None = None,
        watch: RecipientWatch = NOBODY_WATCHES,
        preferences: str = PREFERENCES,
    ) -> None:
        """Send messages.

        Args:
            database: opened under the worker role.
            settings: how many at a time, and of one outlet.
            sender: hands them over.
            vault: opens the addresses of endpoints.
            checks: asked before deliveries of their topics leave.
            gatherings: how what is gathered is composed.
            complete: finds the addresses of persons; None where this installation has none to ask.
            watch: told of endpoints that are disabled because they are gone or fail for days.
            preferences: the path of the page on which persons choose what they are told.
        """
        super().__init__("deliveries", settings.delivery_poll_seconds)
        self._database = database
        self._settings = settings
        self._sender = sender
        self._vault = vault
        self._checks = checks
        self._gatherings = gatherings
        self._complete = complete
        self._watch = watch
        self._preferences = preferences
        self._running: set[asyncio.Task[tuple[Delivery, Outcome]]] = set()
        self._held: Counter[str] = Counter()
        """Tenant → how many of its deliveries are on their way."""

    async def has_work(self) -> bool:
        """Return whether anything is due, or on its way."""
        return bool(self._running) or await self._database.holds(ANY_WORK)

    async def run(self, stop: asyncio.Event) -> None:
        """Take turns until told to stop; then record what is on its way."""
        try:
            await super().run(stop)
        finally:
            if self._running:
                await asyncio.wait(self._running)
                await self._record()

    async def turn(self) -> int:
        """Record what has ended, and begin to send what is due and has room; return how much was done."""
        if self._running and not all(task.done() for task in self._running):
            # What ends at about the same time is recorded together: a transaction costs more than many of its rows.
            await asyncio.sleep(GATHER_SECONDS)
        recorded = await self._record()
        room = self._settings.delivery_parallel - len(self._running)
        begun = await self._begin(room) if room else 0
        if not recorded and not begun and self._running:
            # Whatever ends first is recorded at once; what becomes due meanwhile waits no longer than a pause.
            await asyncio.wait(
                self._running, timeout=self._settings.delivery_poll_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            return 1
        return recorded + begun

    async def settle(self) -> None:
        """Take turns until nothing is due and nothing is on its way."""
        while await self.turn():
            pass

    async def _record(self) -> int:
        """Record all attempts that have ended, in one transaction; a failed one is done again with the next turn."""
        done = [task for task in self._running if task.done()]
        if not done:
            return 0
        outcomes = [task.result() for task in done]
        try:
            ended = await self._recorded(outcomes)
        except Exception as error:
            if is_transient(error):
                raise
            ended = await self._recorded_apart(outcomes)
        self._running.difference_update(done)
        self._held -= Counter(delivery.tenant_id for delivery, _ in outcomes)
        report(outcomes, ended)
        return len(done)

    async def _recorded(self, outcomes: Sequence[tuple[Delivery, Outcome]]) -> list[Ended]:
        async with self._database.transaction() as tx:
            return await commands.record(tx, outcomes, random, watch=self._watch)

    async def _recorded_apart(self, outcomes: Sequence[tuple[Delivery, Outcome]]) -> list[Ended]:
        """Record attempts where one of them cannot be recorded as it is: that one without what was sent and said.

        What is not recorded is sent again when its lease has run out: one answer must not do that to others.
        """
        ended: list[Ended] = []

        async def record(some: Sequence[tuple[Delivery, Outcome]]) -> None:
            ended.extend(await self._recorded(some))

        async def record_bare(one: tuple[Delivery, Outcome], error: Exception) -> None:
            delivery, outcome = one
            log.error("message_attempt_not_recorded", delivery_id=str(delivery.id), exc_info=error)
            bare = msgspec.structs.replace(outcome, error=reason_of(error), sent=b"", answer=b"")
            ended.extend(await self._recorded([(delivery, bare)]))

        await bisect(outcomes, record, record_bare)
        return ended

    async def _begin(self, room: int) -> int:
        settings = self._settings
        async with self._database.transaction() as tx:
            released = await gathered.release(
                tx, settings.pace, settings.delivery_storm_messages, self._checks, self._gatherings
            )
            leased = await commands.lease(tx, room, settings.delivery_per_outlet, self._held)
            bundles = [each for each in leased if each.is_bundle]
            ready = await commands.prepare(
                tx, [each for each in leased if not each.is_bundle], self._checks, self._vault
            )
            ready += await gathered.prepare(tx, bundles, self._checks, self._gatherings, self._vault)
            ready = await commands.with_references(tx, ready)
            mails = [each.delivery for each in ready]
            links = await unsubscribe_urls(tx, mails, address_of(settings), self._preferences)
            at = tx.now
        NOT_SENT.inc(len(leased) - len(ready))
        for each in ready:
            link = links.get(each.delivery.id, "")
            self._running.add(asyncio.create_task(self._deliver(each, at, link)))
            self._held[each.delivery.tenant_id] += 1
        return released + len(leased)

    async def _deliver(self, ready: Ready, at: datetime, link: str) -> tuple[Delivery, Outcome]:
        """Send a delivery; where our own code raises, this one attempt has failed, and all others are recorded."""
        try:
            outcome = await self._sent(ready, at, link)
        except Exception as error:
            log.exception("message_not_sent", delivery_id=str(ready.delivery.id))
            return ready.delivery, Outcome(Kind.FAILED, error=reason_of(error), is_ours=True)
        if outcome.kind != Kind.WITHDRAWN:
            failpoint(SENT_BEFORE_RECORD)
        return ready.delivery, outcome

    async def _sent(self, ready: Ready, at: datetime, link: str) -> Outcome:
        completed = await self._completed(ready) if ready.delivery.is_to_person else ready
        return completed if isinstance(completed, Outcome) else await self._sender.send(completed, at, link)

    async def _completed(self, ready: Ready) -> Ready | Outcome:
        """Return a mail to a person with its address, or what has come of it without."""
        if self._complete is None:
            return Outcome(Kind.WITHDRAWN, error=NO_ADDRESSES)
        try:
            completed = await self._complete(ready)
        except NotCompletedError as error:
            return Outcome(Kind.FAILED, error=str(error)[:MAX_ERROR_CHARS])
        return Outcome(Kind.WITHDRAWN, error=completed.reason) if isinstance(completed, Withdraw) else completed


class MessagePurgeJob(PeriodicJob):
    """Deletes deliveries that ended long ago, and messages of which none is left."""

    def __init__(self, database: Database, settings: DeliverySettings) -> None:
        """Take a worker's connections, and how long deliveries are kept."""
        super().__init__("message_purge", PURGE_PAUSE_SECONDS, max_age_seconds=PURGE_MAX_AGE_SECONDS)
        self._database = database
        self._kept = timedelta(days=settings.delivery_keep_days)

    async def turn(self) -> int:
        """Delete a batch; return how much was deleted."""
        async with self._database.transaction() as tx:
            return await store.purge(tx, tx.now - self._kept, PURGED_ROWS)


class EndpointResealJob(PeriodicJob):
    """Encrypts addresses and secrets of endpoints again after a rotation of the vault's keys.

    One that cannot be opened is logged, and costs no other.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        """Take a worker's connections, and the vault."""
        super().__init__("endpoint_reseal", RESEAL_PAUSE_SECONDS, max_age_seconds=RESEAL_MAX_AGE_SECONDS)
        self._database = database
        self._vault = vault

    async def turn(self) -> int:
        """Encrypt a batch again; return how much was done."""
        async with self._database.transaction() as tx:
            done = await endpoints.reseal(tx, RESEALED_ROWS, self._vault)
        if done.unopened:
            log.error("endpoints_not_opened", waiting=done.unopened)
        return done.rows
