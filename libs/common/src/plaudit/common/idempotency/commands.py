"""Answer a repeated request as the first one was answered: `find` first, and `keep` after the work.

Both run in the transaction of the work itself, after its lock on `order_key`.
"""

from plaudit.common.db import Tx
from plaudit.common.idempotency import store
from plaudit.common.idempotency.domain import KEEP, IdempotencyKey, answer_to


async def find(tx: Tx, tenant_id: str, key: IdempotencyKey) -> str | None:
    """Return the answer that was kept under a key, as JSON; None when the request is new.

    Raises:
        KeyReusedError: the key came with another request before.
    """
    return answer_to(key, await store.find(tx, tenant_id, key.key))


async def keep(tx: Tx, tenant_id: str, key: IdempotencyKey, answer: str) -> None:
    """Keep the answer to a new request, as JSON, for `KEEP`."""
    await store.insert(tx, tenant_id, key, answer)


async def purge(tx: Tx, max_rows: int) -> int:
    """Delete up to `max_rows` keys that are older than `KEEP`, as a worker; return how many were deleted."""
    return await store.delete_before(tx, tx.now - KEEP, max_rows)
