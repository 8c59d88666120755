"""An SMTP server that keeps every mail it is given and sends none on."""

import asyncio
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, Envelope, Session

from plaudit_local.mailbox.store import MailStore

MAIL_MAX_BYTES = 10_000_000


class Receiver:
    """What the SMTP server does with a mail."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail before it is acknowledged."""
        content = envelope.original_content or b""
        to = ", ".join(envelope.rcpt_tos)
        traced = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {to}\r\n".encode() + content
        name = await asyncio.to_thread(self._store.add, traced, datetime.now(UTC))
        return f"250 kept as {name}"


async def listen(store: MailStore, host: str, port: int) -> asyncio.Server:
    """Start the server in the running loop; the caller closes it."""
    receiver = Receiver(store)
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(receiver, data_size_limit=MAIL_MAX_BYTES, enable_SMTPUTF8=True, ident="Plaudit mailbox"),
        host,
        port,
    )
