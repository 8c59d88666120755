"""The job that asks sources for reviews.

Each source is asked in a task of its own, with a limit of time of its own, so none waits for another. A platform has
so many places at once, and no other platform uses them; so a dead one takes up its own places alone. Sources whose
last run failed have places apart; so of one platform, too, those that do not answer take none from those that do. A
claim in the database keeps every other process from the source until the run ends, or has ended with its process.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import uniform
from typing import Final

import structlog
from msgspec.structs import replace

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.group_commit import QueueFullError, StoppedError
from plaudit.common.http_client import HttpClient
from plaudit.common.ids import IdSource
from plaudit.common.jobs import Loop, end_task, pause
from plaudit.common.outbox import Outbox
from plaudit.common.vault import UNOPENED, Vault
from plaudit.ingest.hooks.api.writer import delivery_writer
from plaudit.ingest.metrics import PULLS
from plaudit.ingest.platforms import INTERFACES
from plaudit.ingest.pulls import store
from plaudit.ingest.pulls.domain import PullError, Trouble, failed
from plaudit.ingest.pulls.jobs.run import ClaimLostError, Run
from plaudit.ingest.pulls.store import Claimed, Slots
from plaudit.ingest.sources.domain import UNOPENED_CREDENTIALS

PLACES: Final = 8
"""Of one platform, at once."""
PLACES_OF_FAILED: Final = 4
"""The same, for sources whose last run failed."""
RUN_SECONDS: Final = 300.0
"""Of one run; what it has come to is stored page by page."""
CLAIM_LASTS: Final = timedelta(seconds=RUN_SECONDS + 120)
LOOK_SECONDS: Final = 1.0
"""How late a source may be asked."""
SOON: Final = timedelta(seconds=30)
"""After which a run begins anew that our own database has ended."""
END_SECONDS: Final = 5.0
"""That runs have to end when the process stops."""

log = structlog.get_logger()


class PullJob(Loop):
    """Asks the sources that are due."""

    def __init__(
        self,
        worker: Database,
        hook: Database,
        outbox: Outbox,
        ids: IdSource,
        vault: Vault,
        client: HttpClient,
        *,
        run_seconds: float = RUN_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """Look with a worker's connections, and write deliveries with those of the hooks."""
        super().__init__("pulls")
        self._worker = worker
        self._hook = hook
        self._ids = ids
        self._vault = vault
        self._client = client
        self._run_seconds = run_seconds
        self._look_seconds = look_seconds
        self._writer = delivery_writer(hook, outbox, ids)
        self._running: dict[asyncio.Task[None], Claimed] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until told to stop; then end all runs, and leave their sources to the next process."""
        stop_writer = asyncio.Event()
        writing = asyncio.create_task(self._writer.run(stop_writer))
        try:
            while not stop.is_set():
                self.beat()
                await self._look()
                await pause(stop, self._look_seconds)
        finally:
            await self._end_all()
            stop_writer.set()
            await writing

    async def _look(self) -> None:
        try:
            if await self._worker.holds(store.HAS_DUE):
                await self._begin()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("job_retried", loop=self.name, error_type=type(error).__name__)

    async def _begin(self) -> None:
        slots = free_slots(self._running.values())
        if not slots:
            return
        async with self._worker.driver_transaction() as tx:
            claimed = await store.claim(tx, slots, CLAIM_LASTS)
        for each in claimed:
            task = asyncio.create_task(self._one(each, tx.now))
            self._running[task] = each
            task.add_done_callback(self._running.pop)

    async def _one(self, claimed: Claimed, now: datetime) -> None:
        """Ask one source, and store how far it is. Whatever goes wrong concerns no other."""
        try:
            await self._ask(claimed, now)
        except ClaimLostError:
            log.info("pull_claim_lost", **claimed.pull.log_fields)
        except Exception as error:
            if is_transient(error) or isinstance(error, (QueueFullError, StoppedError)):
                log.warning("pull_interrupted", **claimed.pull.log_fields, error_type=type(error).__name__)
            else:
                log.exception("pull_failed", **claimed.pull.log_fields)

    async def _ask(self, claimed: Claimed, now: datetime) -> None:
        run = Run(
            claimed,
            now,
            worker=self._worker,
            hook=self._hook,
            writer=self._writer,
            client=self._client,
            ids=self._ids,
            vault=self._vault,
        )
        error = await self._error_of(run)
        pull = run.pull if error is None else failed(run.pull, error, run.now(), uniform(0.5, 1.0))
        PULLS.labels(pull.platform, "ok" if error is None else error.trouble.value).inc()
        if error is not None:
            log.warning("pull_failing", **pull.log_fields, failures=pull.failures, trouble=error.trouble.value)
        async with self._worker.driver_transaction() as tx:
            await store.save(tx, claimed, replace(pull, last_run=run.last_run))
            await store.release(tx, claimed)

    async def _error_of(self, run: Run) -> PullError | None:
        """Go; return why it could not go on, None where it could."""
        try:
            async with asyncio.timeout(self._run_seconds) as limit:
                await run.go()
        except PullError as error:
            return error
        except UNOPENED:
            return PullError(Trouble.CREDENTIALS, UNOPENED_CREDENTIALS)
        except ClaimLostError:
            raise
        except Exception as error:
            if limit.expired():
                words = f"it did not come to an end in {self._run_seconds:g} seconds; it goes on where it was"
                return PullError(Trouble.UNAVAILABLE, words)
            if is_transient(error) or isinstance(error, (QueueFullError, StoppedError)):
                log.warning("pull_interrupted", **run.pull.log_fields, error_type=type(error).__name__)
                return PullError(Trouble.OURS, "it was interrupted on our side, and begins again soon")
            log.exception("pull_failed", **run.pull.log_fields)
            return PullError(Trouble.OURS, "something went wrong on our side; it is logged")
        return None

    async def _end_all(self) -> None:
        """End all runs, and their claims."""
        ended = dict(self._running)
        for task in ended:
            await end_task(task)
        if not ended:
            return
        try:
            async with asyncio.timeout(END_SECONDS), self._worker.driver_transaction() as tx:
                for claimed in ended.values():
                    await store.release(tx, claimed)
        except Exception as error:  # noqa: BLE001 - a claim ends by itself too
            log.warning("pull_claims_left", error_type=type(error).__name__)


def free_slots(running: Iterable[Claimed]) -> list[Slots]:
    """Return the places that are free, by platform, and apart for sources whose last run failed."""
    busy = Counter((each.pull.platform, each.pull.failures > 0) for each in running)
    slots = [
        Slots(platform, has_failed, places - busy[platform, has_failed])
        for platform in INTERFACES
        for has_failed, places in ((False, PLACES), (True, PLACES_OF_FAILED))
    ]
    return [each for each in slots if each.free > 0]
