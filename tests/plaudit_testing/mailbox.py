"""A real SMTP server that keeps what it takes, and refuses what it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

ACCEPTED = "250 OK"


@dataclass
class Mailbox:
    """What an SMTP server of ours has taken."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    attempts: int = 0
    answer: Callable[[], str] = lambda: ACCEPTED
    """What the server answers to a mail's data; a 4xx or 5xx refuses it."""
    answer_to_recipient: str = ACCEPTED
    answers_to: dict[str, str] = field(default_factory=dict)
    """Address → what the server answers to it, where that is not what it answers to all."""
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - what aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take or refuse a recipient."""
        answer = self.answers_to.get(address, self.answer_to_recipient)
        if answer != ACCEPTED:
            self.attempts += 1
            return answer
        envelope.rcpt_tos.append(address)
        return ACCEPTED

    async def handle_DATA(  # noqa: N802 - what aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take or refuse a mail."""
        self.attempts += 1
        answer = self.answer()
        if answer == ACCEPTED:
            content = cast("bytes", envelope.content)
            self.mails.append(message_from_bytes(content, policy=default))
            self.recipients += envelope.rcpt_tos
        return answer

    @property
    def subjects(self) -> list[str]:
        """What each mail that was taken tells, in order: see `told_by`."""
        return [told_by(mail) for mail in self.mails]


def told_by(mail: EmailMessage) -> str:
    """Return what a mail tells in one line: its subject, or its first line where the subject is that of its thread."""
    subject = str(mail["Subject"])
    plain = mail.get_body(("plain",))
    first, second, *_ = [*plain.get_content().splitlines(), "", ""] if plain else ("", "-")
    name = subject.partition(": ")[2] or subject
    is_headline = not second and not first.endswith(".")
    return first if is_headline and f": {name}" in first else subject


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    """A mailbox on a free port of the loopback interface, served by the running loop."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, hostname="mailbox", loop=loop), "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()
