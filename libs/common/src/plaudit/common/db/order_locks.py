"""Order locks: one statement locks all order keys of a transaction before anything assigns an xid.

Every writer under the same key waits here without an xid. So for each key the order of xids is the order of commits,
and the relay may publish by xid. Reads follow in later statements: a lock and a SELECT in one statement would read the
state from before the wait (`one_trip.py` says what may do so all the same).
"""

from collections.abc import Iterable
from hashlib import blake2b

from plaudit.common.db.tx import Tx

OrderKey = str
MAX_KEYS_PER_TRANSACTION = 10_000
"""20,000 advisory locks fill PostgreSQL's default lock table; 10,000 fit."""

# An aggregate is told after all of its rows: the clock is read when the last lock is there.
_LOCK = """
SELECT clock_timestamp() - now() AS waited, count(pg_advisory_xact_lock(k)) FROM unnest($1::bigint[]) AS k
"""
_LOCK_SHARED = _LOCK.replace("pg_advisory_xact_lock", "pg_advisory_xact_lock_shared")
_TRY_LOCK = "SELECT k FROM unnest($1::bigint[]) AS k WHERE pg_try_advisory_xact_lock(k)"


def lock_numbers(keys: Iterable[OrderKey]) -> list[int]:
    """Return the numbers that PostgreSQL locks for these keys, in the one global order.

    Raises:
        ValueError: more than `MAX_KEYS_PER_TRANSACTION` keys.
    """
    numbers = sorted({_number(key) for key in keys})
    if len(numbers) > MAX_KEYS_PER_TRANSACTION:
        raise ValueError(f"{len(numbers)} order keys in one transaction; at most {MAX_KEYS_PER_TRANSACTION}")
    return numbers


async def lock(tx: Tx, keys: Iterable[OrderKey]) -> None:
    """Lock all of these keys until the transaction ends, and move its time to when they were locked.

    This must be the first statement of the transaction that could wait or write. When another key turns out to be
    needed later, the transaction starts again.

    Raises:
        ValueError: more than `MAX_KEYS_PER_TRANSACTION` keys.
    """
    if numbers := lock_numbers(keys):
        tx.has_waited(await tx.raw.fetchval(_LOCK, numbers))


async def lock_shared(tx: Tx, keys: Iterable[OrderKey]) -> None:
    """Let nobody `lock` these keys until the transaction ends; others may share them.

    It is for what a transaction relies on and does not change. It may come after `lock`, if the transaction waits for
    no other order key from then on, and if whoever locks one of these keys locks none that such a transaction holds.

    Raises:
        ValueError: more than `MAX_KEYS_PER_TRANSACTION` keys.
    """
    if numbers := lock_numbers(keys):
        await tx.raw.fetchrow(_LOCK_SHARED, numbers)


async def try_lock(tx: Tx, keys: Iterable[OrderKey]) -> set[OrderKey]:
    """Lock those of the keys that are free, without waiting; return them."""
    by_number = {_number(key): key for key in keys}
    if not by_number:
        return set()
    rows = await tx.raw.fetch(_TRY_LOCK, sorted(by_number))
    return {by_number[row["k"]] for row in rows}


def _number(key: OrderKey) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
