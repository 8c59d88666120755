"""Mails that leave: leased, looked at once more, handed over, noted.

A mail is taken under a lease, and in the same transaction its promise is read: what is no longer wanted is noted as
superseded and not sent. The one window that is left lies between the server's acceptance and our note of it: a process
that dies there sends the mail again when the lease is over, under the same Message-ID.
"""

import asyncio
import random
from datetime import timedelta
from email.errors import MessageError
from email.message import EmailMessage
from typing import Final

import structlog

from plaudit.alerting.changes import MailKind
from plaudit.alerting.domain.promises import Promise
from plaudit.alerting.jobs.waiting import pause
from plaudit.alerting.mail.compose import compose
from plaudit.alerting.mail.smtp import FailedError, RefusedError, SendMail
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.store import mails, promises
from plaudit.alerting.store.mails import LeasedMail
from plaudit.common.db import Database, Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import Loop
from plaudit.common.observability import metrics

log = structlog.get_logger()

LEASE_SECONDS: Final = 60.0
"""Longer than any conversation with a server may take."""
RETRY_FACTOR: Final = 3.0
MAX_RETRY_SECONDS: Final = 900.0
MAX_ERROR_CHARS: Final = 500


class MailLoop(Loop):
    """Sends mails."""

    def __init__(self, database: Database, settings: AlertingSettings, send: SendMail) -> None:
        """Send mails of all tenants.

        Args:
            database: opened under the worker role.
            settings: addresses, retries, how many at a time.
            send: hands one mail over.
        """
        super().__init__("mails")
        self._database = database
        self._settings = settings
        self._send = send

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until told to stop; a database that is away is waited for."""
        while not stop.is_set():
            self.beat()
            full = False
            try:
                full = await self.turn() >= self._settings.mail_parallel
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("mails_wait", error_type=type(error).__name__)
            if not full:
                await pause(stop, self._settings.mail_poll_seconds)

    async def turn(self) -> int:
        """Take as many mails as are sent at the same time, and send those still wanted; return how many were taken."""
        async with self._database.transaction() as tx:
            leased = await mails.lease(tx, LEASE_SECONDS, self._settings.mail_parallel)
            known = await promises.load(tx, {(mail.tenant, mail.clock_id) for mail in leased})
            ready: list[tuple[LeasedMail, EmailMessage]] = []
            for mail in leased:
                promise = known.get((mail.tenant, mail.clock_id))
                if promise is None or not is_wanted(mail, promise):
                    await mails.finish(tx, mail, "superseded")
                elif mail.attempts > self._settings.mail_max_attempts:
                    await mails.finish(tx, mail, "failed", "every attempt ended with this process")
                elif (message := await self._composed(tx, mail, promise)) is not None:
                    ready.append((mail, message))
        outcomes = await asyncio.gather(
            *(self._deliver(mail, message) for mail, message in ready), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(leased)

    async def _deliver(self, mail: LeasedMail, message: EmailMessage) -> None:
        try:
            await self._send(message)
        except RefusedError as error:
            await self._finish(mail, "failed", "refused", str(error))
        except FailedError as error:
            if mail.attempts >= self._settings.mail_max_attempts:
                await self._finish(mail, "failed", "failed", str(error))
            else:
                await self._postpone(mail, str(error))
        else:
            failpoint("mail_sent_before_note")
            await self._finish(mail, "sent", "sent")

    async def _finish(self, mail: LeasedMail, state: str, outcome: str, error: str | None = None) -> None:
        async with self._database.transaction() as tx:
            await mails.finish(tx, mail, state, error and error[:MAX_ERROR_CHARS])
        metrics.MAILS.labels(outcome).inc()
        level = log.info if error is None else log.error
        level("mail", kind=mail.kind, clock_id=str(mail.clock_id), outcome=outcome, attempt=mail.attempts)

    async def _postpone(self, mail: LeasedMail, error: str) -> None:
        seconds = retry_seconds(self._settings.mail_first_retry_seconds, mail.attempts, random.random())
        async with self._database.transaction() as tx:
            await mails.postpone(tx, mail, tx.now + timedelta(seconds=seconds), error[:MAX_ERROR_CHARS])
        metrics.MAILS.labels("failed").inc()
        log.warning(
            "mail",
            kind=mail.kind,
            clock_id=str(mail.clock_id),
            outcome="failed",
            attempt=mail.attempts,
            seconds=seconds,
        )

    async def _composed(self, tx: Tx, mail: LeasedMail, promise: Promise) -> EmailMessage | None:
        """Return the mail as it leaves; one that cannot be put into words has failed, and holds up no other."""
        try:
            return compose(
                promise,
                MailKind(mail.kind),
                mail_id=mail.id,
                sender=self._settings.mail_from,
                recipient=mail.recipient,
                sent_at=tx.now,
                board_url=self._settings.public_url,
            )
        except (ValueError, TypeError, LookupError, MessageError) as error:
            log.exception("mail", kind=mail.kind, clock_id=str(mail.clock_id), outcome="refused")
            await mails.finish(tx, mail, "failed", f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS])
            return None


def is_wanted(mail: LeasedMail, promise: Promise) -> bool:
    """Whether what a mail tells is still so: the same run, still unanswered, and a notice only before a breach."""
    clock = promise.clock
    is_breached = clock.breached_at is not None
    return mail.generation == clock.generation and clock.waiting and is_breached == (mail.kind == MailKind.BREACH)


def retry_seconds(first_seconds: float, attempts: int, luck: float) -> float:
    """Return how long to wait after so many attempts: three times longer each time, up to a bound, less up to a half.

    `luck` is in [0, 1): mails that failed together do not come again together.
    """
    # The exponent is bounded before the power, which would overflow.
    longest = min(MAX_RETRY_SECONDS, first_seconds * RETRY_FACTOR ** min(attempts - 1, 20))
    return longest * (1 - luck / 2)
