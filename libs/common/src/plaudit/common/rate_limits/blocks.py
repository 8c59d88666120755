"""Limits of what is asked for all the time: a process takes uses in blocks, and serves them from memory."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plaudit.common.db import Database
from plaudit.common.rate_limits import store
from plaudit.common.rate_limits.domain import PERIOD, Limit, LimitExceededError, hour_of

MAX_USES: Final = 20
"""That a process takes at once."""
MIN_BLOCKS: Final = 50
"""Into which a limit is cut: what processes hold and never use is little beside it."""
MAX_HELD: Final = 10_000
"""Limits of networks that a process holds blocks of; beyond, the rest of the block that was taken first is lost."""

_Place = tuple[str, Limit]
"""Tenant id, and the limit of one network."""


@dataclass(slots=True)
class _Block:
    """Uses that nobody else has; times are those of the monotonic clock."""

    left: int
    is_last: bool
    """Whether the limit is reached with it."""
    ends_at: float
    """Surely within the hour that it was taken in."""
    next_hour_at: float
    """When the next hour has surely begun."""


class Blocks:
    """Spends limits with one write for each block.

    All processes together never allow more than a limit. They may allow less, by up to a block each, which they hold.
    """

    def __init__(self, database: Callable[[], Database], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take blocks in the database that the function returns; it is called when first needed."""
        self._database = database
        self._monotonic = monotonic
        self._held: dict[_Place, _Block] = {}
        self._taking: dict[_Place, asyncio.Task[None]] = {}
        self._key = b""

    async def network_key(self) -> bytes:
        """Return the key of the hashes of networks, which never changes."""
        if not self._key:
            async with self._database().transaction() as tx:
                self._key = await store.network_key(tx)
        return self._key

    async def spend(self, tenant_id: str, limit: Limit) -> None:
        """Count one use of a limit.

        Raises:
            LimitExceededError: the network has used it up for this hour.
        """
        place = (tenant_id, limit)
        while True:
            block, now = self._held.get(place), self._monotonic()
            if block is not None and now < block.ends_at:
                if block.left:
                    block.left -= 1
                    return
                if block.is_last:
                    raise LimitExceededError(math.ceil(block.next_hour_at - now))
            await self._taken(place)

    async def _taken(self, place: _Place) -> None:
        """Wait for a block; whoever asks meanwhile waits for the same one, and fails as it does."""
        if place not in self._taking:
            self._taking[place] = asyncio.create_task(self._take(*place))
            self._taking[place].add_done_callback(lambda _: self._taking.pop(place))
        await asyncio.shield(self._taking[place])

    async def _take(self, tenant_id: str, limit: Limit) -> None:
        wanted = max(1, min(MAX_USES, limit.per_hour // MIN_BLOCKS))
        began = self._monotonic()
        async with self._database().transaction(tenant_id) as tx:
            taken = await store.take(tx, tenant_id, limit, hour_of(tx.now), wanted)
            seconds = (hour_of(tx.now) + PERIOD - tx.now).total_seconds()
        self._held.pop((tenant_id, limit), None)
        if len(self._held) >= MAX_HELD:
            del self._held[next(iter(self._held))]
        self._held[tenant_id, limit] = _Block(taken, taken < wanted, began + seconds, self._monotonic() + seconds)
