"""How what was set aside is tried again. It is recorded in the audit trail, in the same transaction."""

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import Entry
from plaudit.alerting.set_aside import store
from plaudit.alerting.set_aside.domain import ABOUT, Kind
from plaudit.common.db import Tx


async def try_again(tx: Tx, tenant_id: str, actor: str, kind: Kind | None = None, wanted: str | None = None) -> int:
    """Let jobs process again what was set aside; return how many things that is. What fails again is set aside again.

    Of each kind as many as one transaction has the time for.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        actor: who says so.
        kind: only of this kind; all of it, if none is named.
        wanted: only the thing of this id.
    """
    count = 0
    for each in Kind if kind is None else (kind,):
        found = await store.try_again(tx, tenant_id, each, wanted)
        count += len(found)
        # A person's key is no name of a thing, and an erasure could not empty it.
        names = ["contacts"] * bool(found) if each is Kind.CONTACT else found
        await record(
            tx,
            *(
                Entry(
                    tenant_id=tenant_id,
                    actor=actor,
                    kind=f"{ABOUT[each]}.tried_again",
                    about_kind=ABOUT[each],
                    about_id=name,
                    after={"set_aside": str(each)},
                )
                for name in names
            ),
        )
    return count
