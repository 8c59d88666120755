"""Handing mails to an SMTP server."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from plaudit.alerting.settings import AlertingSettings

SendMail = Callable[[EmailMessage], Awaitable[None]]
PERMANENT: Final = range(500, 600)
LEAVE_TIMEOUT_SECONDS: Final = 1.0


class RefusedError(Exception):
    """The server will never take this mail: trying again is no use."""


class FailedError(Exception):
    """An attempt came to nothing; a later one may do better."""


def smtp_sender(settings: AlertingSettings) -> SendMail:
    """Return a function that hands one mail over, on a connection of its own, inside the deadline."""
    password = settings.smtp_password.get_secret_value()

    async def send(message: EmailMessage) -> None:
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            username=settings.smtp_username or None,
            password=password or None,
            timeout=settings.smtp_timeout_seconds,
        )
        try:
            async with asyncio.timeout(settings.smtp_timeout_seconds):
                await client.connect()
                await client.send_message(message)
            await _take_leave(client)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise _judged(error) from error
        finally:
            client.close()

    return send


async def _take_leave(client: aiosmtplib.SMTP) -> None:
    """Say QUIT. The mail has been accepted: what goes wrong now is no failure of it."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(LEAVE_TIMEOUT_SECONDS):
            await client.quit()


def _judged(error: Exception) -> RefusedError | FailedError:
    """Tell a mail that is unwelcome from a server that is unwell; a wrong password may be put right."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        refused = all(recipient.code in PERMANENT for recipient in error.recipients)
        return RefusedError(text) if refused else FailedError(text)
    if isinstance(error, aiosmtplib.SMTPDataError) and error.code in PERMANENT:
        return RefusedError(text)
    return FailedError(text)
