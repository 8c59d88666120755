"""The SMTP connector: hands mails to a server."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from plaudit.common.settings import Settings

SendMail = Callable[[EmailMessage], Awaitable[None]]
PERMANENT: Final = range(500, 600)
QUIT_TIMEOUT_SECONDS: Final = 1.0


class MailRefusedError(Exception):
    """The server will never accept this mail: it is not tried again."""


class MailFailedError(Exception):
    """An attempt failed; a later one may succeed."""


def smtp_sender(settings: Settings) -> SendMail:
    """Return a function that sends one mail, on a connection of its own, within the deadline."""
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
            await _quit(client)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise _meaning_of(error) from error
        finally:
            client.close()

    return send


async def _quit(client: aiosmtplib.SMTP) -> None:
    """Say QUIT. The mail has been accepted: an error now is no failure of the mail."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(QUIT_TIMEOUT_SECONDS):
            await client.quit()


def _meaning_of(error: Exception) -> MailRefusedError | MailFailedError:
    """Distinguish a refused mail from a failed attempt. A wrong password is a failed attempt: it can be corrected."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        refused = all(recipient.code in PERMANENT for recipient in error.recipients)
        return MailRefusedError(text) if refused else MailFailedError(text)
    if isinstance(error, aiosmtplib.SMTPDataError) and error.code in PERMANENT:
        return MailRefusedError(text)
    return MailFailedError(text)
