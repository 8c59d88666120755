"""What a service does when a recipient takes nothing any more, and when that is over.

An endpoint is disabled without anybody's doing, until somebody has seen to it; an address of the staff is refused,
until a mail arrives there.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.delivery.domain.endpoint import Endpoint


async def _nothing(_tx: Tx, _endpoint: Endpoint, _reason: str) -> None:
    """Do nothing when an endpoint is disabled."""


async def _nothing_more(_tx: Tx, _tenant_id: str, _endpoint_id: UUID, _since: datetime) -> None:
    """Do nothing when somebody has seen to an endpoint."""


Mailbox = tuple[str, str]
"""(tenant, address of the staff)."""


async def _nothing_of_refused(_tx: Tx, _refused: Mapping[Mailbox, str]) -> None:
    """Do nothing when addresses are refused."""


async def _nothing_of_arrived(_tx: Tx, _arrived: Collection[Mailbox]) -> None:
    """Do nothing when mails have arrived."""


@dataclass(frozen=True, slots=True)
class RecipientWatch:
    """Told in the transaction in which it happens."""

    on_disabled: Callable[[Tx, Endpoint, str], Awaitable[None]] = _nothing
    """Told which endpoint gets nothing any more, and why."""
    on_settled: Callable[[Tx, str, UUID, datetime], Awaitable[None]] = _nothing_more
    """Told that an endpoint was enabled or deleted that had been disabled at that time."""
    on_refused: Callable[[Tx, Mapping[Mailbox, str]], Awaitable[None]] = _nothing_of_refused
    """Told which addresses of the staff a mail server refuses for good, and in which words."""
    on_arrived: Callable[[Tx, Collection[Mailbox]], Awaitable[None]] = _nothing_of_arrived
    """Told to which addresses of the staff mails have gone."""


NOBODY_WATCHES = RecipientWatch()
