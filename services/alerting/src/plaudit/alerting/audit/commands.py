"""How the audit trail grows: each command of a person records what it does, in its own transaction."""

from plaudit.alerting.audit import store
from plaudit.alerting.audit.domain import About, Entry
from plaudit.common.db import Tx
from plaudit.common.delivery.domain.redriven import Redriven


async def record(tx: Tx, *entries: Entry) -> None:
    """Write what somebody does, in the transaction that does it; what has changed nothing is not recorded."""
    await store.add(tx, entries)


async def record_redriven(tx: Tx, redriven: Redriven) -> None:
    """Record that somebody has sent failed messages again."""
    about = About(redriven.kind)
    await record(
        tx,
        Entry(
            tenant_id=redriven.tenant_id,
            actor=redriven.actor,
            kind=f"{about}.sent_again",
            about_kind=about,
            about_id=str(redriven.id),
            after={"messages": redriven.messages},
        ),
    )
