"""How mails change: a start and a breach write one; a sender leases it, and records what became of it."""

from collections.abc import Sequence
from datetime import timedelta
from email.errors import MessageError
from email.message import EmailMessage
from typing import Final

import structlog

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import Clock, LogEntry
from plaudit.alerting.clocks.domain.clock_events import Breached, Started, calls_nobody
from plaudit.alerting.mails import store
from plaudit.alerting.mails.domain import Mail, MailKind, compose, is_wanted, mail_about
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.jobs import back_off_seconds

log = structlog.get_logger()

LEASE_SECONDS: Final = 60.0
"""Longer than any exchange with a server may take."""
RETRY_FACTOR: Final = 3.0
MAX_RETRY_SECONDS: Final = 900.0
MAX_ERROR_CHARS: Final = 500


class OwnerMails(Follower):
    """Writes the owner a notice when a run starts, and a mail when it is breached."""

    follows = frozenset({Started, Breached})

    def __init__(self, owner_email: str) -> None:
        self._owner_email = owner_email

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Write mails; publishes nothing."""
        kinds = [(entry, _kind_of(entry)) for entry in entries]
        await store.add(
            tx, [mail_about(entry.clock, kind, self._owner_email) for entry, kind in kinds if kind is not None]
        )
        return ()


def _kind_of(entry: LogEntry) -> MailKind | None:
    """Return which mail an entry causes: none where its class wants no notice, or a change of the rules made it."""
    if isinstance(entry.event, Started):
        return None if entry.terms.rule.notify_within_seconds is None else MailKind.NOTICE
    return None if calls_nobody(entry.event) else MailKind.BREACH


async def lease(tx: Tx, limit: int) -> list[Mail]:
    """Take up to `limit` mails that are due, for this process alone."""
    return await store.lease(tx, LEASE_SECONDS, limit)


async def prepare(tx: Tx, leased: Sequence[Mail], settings: AlertingSettings) -> list[tuple[Mail, EmailMessage]]:
    """Compose those of the mails that are still wanted, by their clocks as they stand; finish the others."""
    clocks = await clock_store.load(tx, {(mail.tenant_id, mail.clock_id) for mail in leased})
    ready = []
    for mail in leased:
        clock = clocks.get((mail.tenant_id, mail.clock_id))
        if clock is None or not is_wanted(mail, clock):
            await finish(tx, mail, "superseded")
        elif mail.attempts > settings.mail_max_attempts:
            await finish(tx, mail, "failed", "the process ended during every attempt")
        elif (message := await _composed(tx, mail, clock, settings)) is not None:
            ready.append((mail, message))
    return ready


async def finish(tx: Tx, mail: Mail, state: str, error: str | None = None) -> None:
    """Record what finally became of a leased mail: `sent`, `superseded` or `failed`."""
    await store.finish(tx, mail, state, error and error[:MAX_ERROR_CHARS])


async def postpone(tx: Tx, mail: Mail, error: str, first_retry_seconds: float) -> float:
    """Record that an attempt failed; return in how many seconds to make the next one."""
    seconds = retry_seconds(first_retry_seconds, mail.attempts)
    await store.postpone(tx, mail, tx.now + timedelta(seconds=seconds), error[:MAX_ERROR_CHARS])
    return seconds


def retry_seconds(first_seconds: float, attempts: int) -> float:
    """Return how long to wait after so many attempts: three times longer each time, up to a bound, with jitter."""
    return back_off_seconds(attempts, first_seconds, MAX_RETRY_SECONDS, factor=RETRY_FACTOR)


async def _composed(tx: Tx, mail: Mail, clock: Clock, settings: AlertingSettings) -> EmailMessage | None:
    """Return a mail's message. A mail that cannot be composed has failed, and does not delay the others."""
    try:
        return compose(clock, mail, sender=settings.mail_from, sent_at=tx.now, public_url=settings.public_url)
    except (ValueError, TypeError, LookupError, MessageError) as error:
        log.exception("mail", kind=mail.kind, clock_id=str(mail.clock_id), outcome="refused")
        await finish(tx, mail, "failed", f"{type(error).__name__}: {error}")
        return None
