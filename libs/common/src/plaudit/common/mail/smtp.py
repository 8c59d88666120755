"""The SMTP connector: hands mails to a server."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Any, Final

import aiosmtplib

from plaudit.common.settings import Settings

SendMail = Callable[[EmailMessage], Awaitable[None]]
ACCEPTED: Final = range(200, 300)
PERMANENT: Final = range(500, 600)
CLOSING: Final = 421
SEQUENCE: Final = 503
AUTHENTICATION: Final = frozenset({530, 534, 535, 538})
"""RFC 4954: the server wants another sign-in, or one at all. That is a setting, and says nothing about a mail."""
AUTHENTICATION_DETAILS: Final = frozenset({(7, 8), (7, 9), (7, 11), (7, 12)})
"""The same as enhanced status codes: (subject, detail)."""
SYSTEM_DETAILS: Final = frozenset({(3, 1), (3, 2), (3, 5)})
"""RFC 3463: the mail system is full, takes nothing, or is configured wrongly."""
QUOTA_DETAILS: Final = frozenset({(4, 5), (1, 90)})
"""We have sent as much as we may for now, as Gmail and Exchange Online say it, with 550: tomorrow they take it."""
RELAY_DETAILS: Final = frozenset({(7, 54)})
"""Exchange: we may not send to others over it. A setting."""
OF_THE_MAILBOX: Final = frozenset({1, 2})
"""RFC 3463, subjects: the address, and the mailbox."""
OF_THE_SYSTEM: Final = 3
NO_MAILBOX: Final = frozenset({550, 551, 553})
"""RFC 5321, without an enhanced status code: there is no such mailbox, or it takes nothing."""
NO_MAILBOX_DETAILS: Final = frozenset({(1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 0), (2, 1)})
"""RFC 3463 and 7505: there is no such address, it has moved, or its mailbox is disabled. Not among them: one that is
full, a mail that is too big, and what a filter thinks of it or of us (subject 7)."""
QUIT_TIMEOUT_SECONDS: Final = 1.0
NO_SMTPUTF8: Final = "the mail server takes no address with letters beyond ASCII before the @ (SMTPUTF8)"
MAY_HAVE_ARRIVED: Final = "the mail was handed over and not confirmed: the recipient may have got it"
_ENHANCED: Final = re.compile(r"\s*[245]\.(\d{1,3})\.(\d{1,3})\b")


class MailRefusedError(Exception):
    """The server will never accept this mail: it is not tried again."""

    def __init__(self, words: str, *, is_mailbox_gone: bool = False) -> None:
        """Say what it means.

        Args:
            words: what the server says.
            is_mailbox_gone: whether no other mail will arrive at this address either.
        """
        super().__init__(words)
        self.is_mailbox_gone = is_mailbox_gone


class MailFailedError(Exception):
    """An attempt failed; a later one may succeed."""

    def __init__(self, words: str, *, is_of_the_recipient: bool = False, may_have_arrived: bool = False) -> None:
        """Say what it means.

        Args:
            words: what went wrong.
            is_of_the_recipient: whether it is about this mailbox alone, and the server is well.
            may_have_arrived: whether the mail was handed over before.
        """
        super().__init__(words)
        self.is_of_the_recipient = is_of_the_recipient
        self.may_have_arrived = may_have_arrived


def smtp_sender(settings: Settings) -> SendMail:
    """Return a function that sends one mail, on a connection of its own, within the deadline."""
    password = settings.smtp_password.get_secret_value()

    async def send(message: EmailMessage) -> None:
        client = _Client(
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
                await _hand_over(client, message)
            await _quit(client)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise _meaning_of(error, is_handed_over=client.is_handed_over) from error
        finally:
            client.close()

    return send


class _Client(aiosmtplib.SMTP):
    """Knows whether it has handed a mail over that the server has not answered."""

    is_handed_over = False

    async def data(self, *arguments: Any, **more: Any) -> aiosmtplib.SMTPResponse:
        """Hand a mail over. From here on only an answer says whether it was accepted."""
        self.is_handed_over = True
        try:
            return await super().data(*arguments, **more)
        except aiosmtplib.SMTPDataError as error:
            self.is_handed_over = False
            if error.code in ACCEPTED:
                return aiosmtplib.SMTPResponse(error.code, error.message)
            raise


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage) -> None:
    """Send one mail.

    Raises:
        MailRefusedError: it cannot be sent as it is, whatever the server.
    """
    try:
        await client.send_message(message)
    except aiosmtplib.SMTPNotSupported as error:
        raise MailRefusedError(NO_SMTPUTF8) from error
    except ValueError as error:
        raise MailRefusedError(_words(error)) from error


async def _quit(client: aiosmtplib.SMTP) -> None:
    """Say QUIT. The mail has been accepted: an error now is no failure of the mail."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(QUIT_TIMEOUT_SECONDS):
            await client.quit()


def _meaning_of(error: Exception, *, is_handed_over: bool) -> MailRefusedError | MailFailedError:
    """Distinguish a refused mail from a failed attempt, and what is about a mailbox from what is about the server.

    What only a setting can mend, such as a wrong password or a sender that is not allowed, is a failed attempt of the
    server: it can be corrected.
    """
    if is_handed_over:
        return MailFailedError(f"{MAY_HAVE_ARRIVED}: {_words(error)}", may_have_arrived=True)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        [refused] = error.recipients
        return _of_recipient(refused)
    if isinstance(error, aiosmtplib.SMTPDataError):
        return _of_data(error)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and _enhanced(error) == (OF_THE_SYSTEM, 4):
        return MailRefusedError(_words(error))  # it is too big
    return MailFailedError(_words(error))


def _of_recipient(error: aiosmtplib.SMTPResponseException) -> MailRefusedError | MailFailedError:
    """Return what the answer to a recipient means."""
    subject, _ = told = _enhanced(error)
    if _is_of_the_server(error) or error.code == SEQUENCE:
        return MailFailedError(_words(error))
    if error.code in PERMANENT:
        is_gone = told in NO_MAILBOX_DETAILS if subject else error.code in NO_MAILBOX
        return MailRefusedError(_words(error), is_mailbox_gone=is_gone)
    return MailFailedError(_words(error), is_of_the_recipient=subject != OF_THE_SYSTEM)


def _of_data(error: aiosmtplib.SMTPResponseException) -> MailRefusedError | MailFailedError:
    """Return what the answer to a whole mail means."""
    subject, _ = told = _enhanced(error)
    if _is_of_the_server(error):
        return MailFailedError(_words(error))
    if error.code in PERMANENT:
        return MailRefusedError(_words(error), is_mailbox_gone=told in NO_MAILBOX_DETAILS)
    return MailFailedError(_words(error), is_of_the_recipient=subject in OF_THE_MAILBOX)


def _is_of_the_server(error: aiosmtplib.SMTPResponseException) -> bool:
    """Say whether an answer would be the same for any mail."""
    told = _enhanced(error)
    is_a_setting = error.code in AUTHENTICATION or told in AUTHENTICATION_DETAILS | RELAY_DETAILS
    return is_a_setting or error.code == CLOSING or told in SYSTEM_DETAILS | QUOTA_DETAILS


def _enhanced(error: aiosmtplib.SMTPResponseException) -> tuple[int, int]:
    """Return subject and detail of the enhanced status code; zeros where there is none."""
    found = _ENHANCED.match(error.message)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _words(error: Exception) -> str:
    """Return an error in words that can be stored: bytes of the server that are no UTF-8 as Latin-1."""
    said = f"{error.code} {error.message}" if isinstance(error, aiosmtplib.SMTPResponseException) else error
    text = f"{type(error).__name__}: {said}"
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "surrogateescape").decode("latin-1", "replace")
    return text.replace("\0", "")
