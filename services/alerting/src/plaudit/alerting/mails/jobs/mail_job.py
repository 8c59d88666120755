"""The job that sends mails: each is leased, checked once more, sent, and its outcome recorded.

A process that dies between the server's acceptance and our record of it sends the mail again when its lease is over,
under the same Message-ID. This is the only way in which a mail is sent twice.
"""

import asyncio
from collections.abc import Callable
from email.message import EmailMessage

import structlog

from plaudit.alerting.mails import commands, store
from plaudit.alerting.mails.domain import Mail
from plaudit.alerting.metrics import MAILS
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, SendMail

log = structlog.get_logger()


class MailJob(PeriodicJob):
    """Sends the mails of all tenants."""

    def __init__(self, database: Database, settings: AlertingSettings, send: SendMail) -> None:
        """Send mails.

        Args:
            database: opened under the worker role.
            settings: addresses, retries, how many at a time.
            send: hands one mail to a server.
        """
        super().__init__("mails", settings.mail_poll_seconds)
        self._database = database
        self._settings = settings
        self._send = send

    async def has_work(self) -> bool:
        """Return whether any mail is due."""
        return await self._database.holds(store.ANY_DUE)

    async def turn(self) -> int:
        """Lease as many mails as are sent together, and send those still wanted; return how many were leased."""
        async with self._database.transaction() as tx:
            leased = await commands.lease(tx, self._settings.mail_parallel)
            ready = await commands.prepare(tx, leased, self._settings)
        outcomes = await asyncio.gather(
            *(self._deliver(mail, message) for mail, message in ready), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(leased)

    async def _deliver(self, mail: Mail, message: EmailMessage) -> None:
        try:
            await self._send(message)
        except MailRefusedError as error:
            await self._finish(mail, "failed", "refused", str(error))
        except MailFailedError as error:
            if mail.attempts >= self._settings.mail_max_attempts:
                await self._finish(mail, "failed", "failed", str(error))
            else:
                await self._postpone(mail, str(error))
        else:
            failpoint("mail_sent_before_note")
            await self._finish(mail, "sent", "sent")

    async def _finish(self, mail: Mail, state: str, outcome: str, error: str | None = None) -> None:
        async with self._database.transaction() as tx:
            await commands.finish(tx, mail, state, error)
        _report(log.info if error is None else log.error, mail, outcome)

    async def _postpone(self, mail: Mail, error: str) -> None:
        async with self._database.transaction() as tx:
            seconds = await commands.postpone(tx, mail, error, self._settings.mail_first_retry_seconds)
        _report(log.warning, mail, "failed", seconds=seconds)


def _report(level: Callable[..., None], mail: Mail, outcome: str, **more: float) -> None:
    """Count and log what became of an attempt."""
    MAILS.labels(outcome).inc()
    level("mail", kind=mail.kind, clock_id=str(mail.clock_id), outcome=outcome, attempt=mail.attempts, **more)
