"""What a service does when an endpoint is disabled without anybody's doing, and when somebody has seen to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.delivery.domain.endpoint import Endpoint


async def _nothing(_tx: Tx, _endpoint: Endpoint, _reason: str) -> None:
    """Do nothing when an endpoint is disabled."""


async def _nothing_more(_tx: Tx, _tenant_id: str, _endpoint_id: UUID, _since: datetime) -> None:
    """Do nothing when somebody has seen to an endpoint."""


@dataclass(frozen=True, slots=True)
class EndpointWatch:
    """Told in the transaction in which it happens."""

    on_disabled: Callable[[Tx, Endpoint, str], Awaitable[None]] = _nothing
    """Told which endpoint gets nothing any more, and why."""
    on_settled: Callable[[Tx, str, UUID, datetime], Awaitable[None]] = _nothing_more
    """Told that an endpoint was enabled or deleted that had been disabled at that time."""


NOBODY_WATCHES = EndpointWatch()
