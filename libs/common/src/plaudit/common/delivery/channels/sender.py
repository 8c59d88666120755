"""The one way out: takes what is ready to its channel."""

from datetime import datetime

import msgspec

from plaudit.common.delivery.channels import console, endpoint, mail
from plaudit.common.delivery.commands import Ready
from plaudit.common.delivery.connector import Connector, now
from plaudit.common.delivery.domain.message import Channel
from plaudit.common.delivery.domain.outcomes import Outcome
from plaudit.common.delivery.settings import DeliverySettings
from plaudit.common.mail.smtp import SendMail, smtp_sender


class Sender:
    """Hands deliveries over. One for a process."""

    def __init__(
        self, settings: DeliverySettings, connector: Connector | None = None, hand_over: SendMail | None = None
    ) -> None:
        """Take what connects to endpoints, and what takes mails to a server; by default those of the settings."""
        self._settings = settings
        self._connector = connector or Connector(settings)
        self._hand_over = hand_over or (smtp_sender(settings) if settings.smtp_host else None)

    async def send(self, ready: Ready, at: datetime, unsubscribe_url: str = "") -> Outcome:
        """Send one delivery; return what came of it, and how long it took. Nothing that a recipient does raises.

        Args:
            ready: what is sent, and where.
            at: the time of this attempt.
            unsubscribe_url: for a mail, where its reader stops such mails.
        """
        began = now()
        outcome = await self._sent(ready, at, unsubscribe_url)
        return msgspec.structs.replace(outcome, duration_seconds=now() - began)

    async def _sent(self, ready: Ready, at: datetime, unsubscribe_url: str) -> Outcome:
        settings = self._settings
        if ready.delivery.channel == Channel.EMAIL and self._hand_over is not None:
            return await mail.send(ready, self._hand_over, settings.mail_from, unsubscribe_url, at)
        if ready.delivery.channel in {Channel.EMAIL, Channel.CONSOLE}:
            return await console.send(ready, settings.delivery_sink_file)
        return await endpoint.send(ready, self._connector, settings.public_url, at)

    async def close(self) -> None:
        """Close all connections."""
        await self._connector.close()
