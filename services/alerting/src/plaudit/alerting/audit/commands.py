"""How the audit trail grows: each command of a person records what it does, in its own transaction."""

from plaudit.alerting.audit import store
from plaudit.alerting.audit.domain import Entry
from plaudit.common.db import Tx


async def record(tx: Tx, *entries: Entry) -> None:
    """Write what somebody does, in the transaction that does it; what has changed nothing is not recorded."""
    await store.add(tx, entries)
